"""One refresh, from the decision to the answer: read the credential, ask Zoho, have the token published.

What it must never do: spend an issue that the budget does not allow.
"""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import datetime, timedelta

from zoho_tokend.core import schedule, transitions
from zoho_tokend.core.connection import Connection, Reason, Rotation
from zoho_tokend.core.errors import (
    NeverSent,
    NoCredential,
    Outcome,
    RefreshError,
    ServerNotAllowed,
    VaultForbidden,
    ZohoUnavailable,
)
from zoho_tokend.core.events import (
    Followed,
    Parked,
    RefreshCrashed,
    RefreshDeferred,
    Sink,
    Stage,
    UnsavedTokenExpired,
    Vanished,
    Woken,
    trace_of,
)
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName, Credential, Issued, RefreshTokenGrant, TokenRecord
from zoho_tokend.core.ports import BudgetStore, Clock, CredentialStore, TokenEndpoint, TokenStore
from zoho_tokend.core.schedule import Refresh, Wait
from zoho_tokend.engine.attempt import Attempt
from zoho_tokend.engine.ledger import Ledger
from zoho_tokend.engine.publisher import Publisher


class Refresher:
    """Refreshes one connection, or saves what Vault has not taken of it. Its memory is the fleet.

    Any error is the connection's own: none leaves, so that one broken tenant never stops another.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        credentials: CredentialStore,
        tokens: TokenStore,
        budgets: BudgetStore,
        endpoint: TokenEndpoint,
        clock: Clock,
        emit: Sink,
    ) -> None:
        self._fleet = fleet
        self._credentials = credentials
        self._tokens = tokens
        self._ledger = Ledger(fleet=fleet, tokens=tokens, budgets=budgets, clock=clock, emit=emit)
        self._endpoint = endpoint
        self._publisher = Publisher(fleet=fleet, credentials=credentials, tokens=tokens, clock=clock, emit=emit)
        self._clock = clock
        self._emit = emit

    async def refresh(self, name: ConnectionName, reason: Reason) -> None:
        """The connection has a new token in Vault, or waits for its next try; an event says which."""
        attempt = self._new_attempt(name, reason, late=self._clock.now() - self._fleet.due_at(name, self._clock.now()))
        await self._guard(attempt, self._refresh(attempt))

    async def look(self, name: ConnectionName) -> None:
        """What another process published is known; where Vault does not tell, it is looked for again later."""
        attempt = self._new_attempt(name, Reason.STANDBY, late=timedelta())
        try:
            await self._look(name)
        except RefreshError:
            now = self._clock.now()
            self._fleet.update(name, lambda each: transitions.after_looking_in_vain(each, now), now)
        except Exception as error:  # noqa: BLE001 - as above
            self._crashed(attempt, error)

    async def save(self, name: ConnectionName) -> None:
        """What is held stands in Vault, or is written again later; a token that expired meanwhile is let go."""
        attempt = self._new_attempt(name, Reason.UNSAVED, late=timedelta())
        held = self._fleet[name]
        if held.unsaved is not None and held.unsaved.expires_at <= self._clock.now():
            self._let_expire(attempt, held)
        else:
            await self._guard(attempt, self._publisher.store(attempt))

    async def _guard(self, attempt: Attempt, work: Awaitable[None]) -> None:
        try:
            await work
        except NoCredential:
            self._fleet.forget(attempt.name)
            self._emit(Vanished(connection=attempt.name))
        except RefreshError as error:
            self._failed(attempt, error)
        except Exception as error:  # noqa: BLE001 - nobody foresaw it: this connection backs off, the others go on
            self._crashed(attempt, error)

    async def _refresh(self, attempt: Attempt) -> None:
        name = attempt.name
        with attempt.timed(Stage.VAULT):
            if self._fleet.may_be_behind(name):
                await self._look(name)
                if not isinstance(self._fleet.decide(name, self._clock.now()), Refresh):
                    return
            credential = await self._credentials.credential(name)
            connection = self._fleet.read(name, credential, self._clock.now())
            await self._ledger.recall(name)
            reserved = await self._ledger.reserve(name)
        asked_at = self._clock.now()
        if isinstance(reserved, Wait):
            self._defer(name, reserved)
            return
        if (wait := self._fleet.begin(name, asked_at)) is not None:
            self._defer(name, wait)
            return
        attempt.stamp = credential.stamp
        credential = _newest(credential, connection.rotation)
        issued = await self._ask(attempt, credential, asked_at, reserved)
        woken = self._publisher.hold(self._record(issued, credential, asked_at), _rotation(issued, credential))
        for other in woken:
            self._emit(Woken(connection=other))
        await self._publisher.store(attempt)

    async def _ask(
        self, attempt: Attempt, credential: Credential, asked_at: datetime, reserved: datetime | None
    ) -> Issued:
        """Ask Zoho for a token; the request counts from its end on, and what it brought is remembered."""
        name = attempt.name
        try:
            with attempt.timed(Stage.ZOHO):
                issued = await self._endpoint.issue(credential)
        except (NeverSent, ServerNotAllowed):
            self._ended(name, asked_at, reserved, sent=False)
            raise
        except RefreshError:
            self._ended(name, asked_at, None, sent=True)
            await self._ledger.failed(name, reserved)
            raise
        except BaseException:
            self._ended(name, asked_at, None, sent=True)
            raise
        self._ended(name, asked_at, reserved, sent=True)
        return issued

    def _ended(self, name: ConnectionName, asked_at: datetime, reserved: datetime | None, *, sent: bool) -> None:
        now = self._clock.now()
        self._fleet.end(name, asked_at, now, sent=sent)
        if reserved is not None:
            self._fleet.not_failed_at(name, reserved, now)

    def _defer(self, name: ConnectionName, wait: Wait) -> None:
        if self._fleet.defer(name, wait):
            self._emit(RefreshDeferred(connection=name, reason=wait.reason, until=wait.until))

    async def _look(self, name: ConnectionName) -> None:
        term = self._fleet.term
        published = await self._tokens.published(name)
        was, now = self._fleet[name].version, self._clock.now()
        each = self._fleet.update(
            name, lambda each: transitions.after_looking(each, published, term=term, now=now), now
        )
        if each.version != was:
            expires_at = each.token.expires_at if each.token else None
            self._emit(Followed(connection=name, expires_at=expires_at, version=each.version))

    def _record(self, issued: Issued, credential: Credential, asked_at: datetime) -> TokenRecord:
        return transitions.token_record(
            issued,
            credential=credential,
            connection=self._fleet[credential.connection],
            asked_at=asked_at,
            data_center=self._endpoint.data_center(credential),
            usual_api_domain=self._endpoint.api_domain(credential),
            policy=self._fleet.policy,
        )

    def _let_expire(self, attempt: Attempt, held: Connection) -> None:
        self._fleet.update(attempt.name, transitions.after_expiry_unsaved, self._clock.now())
        self._emit(UnsavedTokenExpired(connection=attempt.name))
        if held.failure is not None and held.failure.outcome is Outcome.VAULT_FORBIDDEN:
            # Another issue would end in the same way: discovery wakes the connection when the policy allows the write.
            self._failed(attempt, VaultForbidden(held.failure.error))

    def _new_attempt(self, name: ConnectionName, reason: Reason, *, late: timedelta) -> Attempt:
        begun = self._clock.monotonic()
        return Attempt(name=name, reason=reason, late=max(late, timedelta()), clock=self._clock, begun=begun)

    def _failed(self, attempt: Attempt, error: RefreshError) -> None:
        now = self._clock.now()
        was_parked = self._fleet[attempt.name].parked
        connection = self._fleet.fail(attempt.name, error, now, uptime=self._clock.monotonic(), stamp=attempt.stamp)
        next_at = schedule.next_at(connection, now, self._fleet.policy)
        self._emit(attempt.failed(error, failures=connection.failures, next_at=next_at))
        if connection.parked and not was_parked:
            self._emit(Parked(connection=attempt.name, outcome=error.outcome, error=str(error), next_probe_at=next_at))

    def _crashed(self, attempt: Attempt, error: Exception) -> None:
        kind, trace = type(error).__name__, trace_of(error)
        self._emit(RefreshCrashed(connection=attempt.name, kind=kind, traceback=trace))
        if attempt.name not in self._fleet:
            return
        crash = ZohoUnavailable("an error of zoho-tokend's own, see the log")
        if self._fleet[attempt.name].write_at is not None:
            self._publisher.refused(attempt, crash)
        else:
            self._failed(attempt, crash)


def _rotation(issued: Issued, credential: Credential) -> Rotation | None:
    grant, sent = credential.grant, issued.refresh_token
    if sent is None or not isinstance(grant, RefreshTokenGrant) or sent == grant.refresh_token:
        return None
    return Rotation(credential=credential, refresh_token=sent)


def _newest(credential: Credential, rotation: Rotation | None) -> Credential:
    """The credential with the refresh token that Zoho sent last, where Vault has not taken that one yet."""
    if rotation is None or rotation.credential.stamp != credential.stamp:
        return credential
    return replace(credential, grant=RefreshTokenGrant(refresh_token=rotation.refresh_token))
