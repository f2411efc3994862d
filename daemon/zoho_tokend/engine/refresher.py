"""One refresh: read the credential, request a token from Zoho, and have it published.

It must never spend an issue that the budget does not allow.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from zoho_tokend.core import schedule, transitions
from zoho_tokend.core.connection import Connection, Reason, Rotation
from zoho_tokend.core.errors import (
    ClientRejected,
    GrantRejected,
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


class Records(CredentialStore, TokenStore, BudgetStore, Protocol):
    """The records in Vault that a refresh reads and writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPorts:
    """What a refresh needs from outside."""

    records: Records
    endpoint: TokenEndpoint
    clock: Clock
    emit: Sink


class Refresher:
    """Refreshes one connection, or saves what it holds. Its state is kept in the fleet.

    Every error is handled here for its connection alone, so that one broken tenant never stops another.
    """

    def __init__(self, fleet: Fleet, ports: RefreshPorts) -> None:
        records, self._clock, self._emit = ports.records, ports.clock, ports.emit
        self._fleet = fleet
        self._credentials = self._tokens = records
        self._endpoint = ports.endpoint
        self._ledger = Ledger(fleet=fleet, tokens=records, budgets=records, clock=ports.clock, emit=ports.emit)
        self._publisher = Publisher(
            fleet=fleet, credentials=records, tokens=records, clock=ports.clock, emit=ports.emit
        )

    async def refresh(self, name: ConnectionName, reason: Reason) -> None:
        """Refresh the connection, or let it wait for its next try; an event says which."""
        attempt = self._new_attempt(name, reason, late=self._clock.now() - self._fleet.due_at(name, self._clock.now()))
        await self._guard(attempt, self._refresh(attempt))

    async def look(self, name: ConnectionName) -> None:
        """Read what another process published; where Vault does not answer, look again later."""
        attempt = self._new_attempt(name, Reason.STANDBY, late=timedelta())
        try:
            await self._look(name)
        except RefreshError:
            now = self._clock.now()
            self._fleet.update(name, lambda each: transitions.after_failed_look(each, now), now)
        except Exception as error:  # noqa: BLE001 - as below
            self._crashed(attempt, error)

    async def save(self, name: ConnectionName) -> None:
        """Write what is held to Vault, or try again later; drop a token that has expired meanwhile."""
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
            await self._recheck(attempt.name, error)
            self._failed(attempt, error)
        except Exception as error:  # noqa: BLE001 - unexpected: this connection backs off, the others go on
            self._crashed(attempt, error)

    async def _recheck(self, name: ConnectionName, error: RefreshError) -> None:
        """Read the credential again where Zoho says a refusal twice: one that was corrected meanwhile is not parked."""
        before = self._fleet[name]
        if before.rejection is None or not isinstance(error, GrantRejected | ClientRejected):
            return
        try:
            credential = await self._credentials.credential(name, fresh=True)
        except RefreshError:
            return  # It is parked for what was read before; discovery wakes it when it can be read again.
        if self._fleet.read(name, credential, self._clock.now()).stamp != before.stamp:
            self._fleet.wake(name, self._clock.now())

    async def _refresh(self, attempt: Attempt) -> None:
        name = attempt.name
        with attempt.timed(Stage.VAULT):
            if self._fleet.may_be_behind(name):
                await self._look(name)
                if not isinstance(self._fleet.decide(name, self._clock.now()), Refresh):
                    return
            # A refusal is confirmed only for what Vault holds now: a named client may have been corrected meanwhile.
            fresh = self._fleet[name].rejection is not None
            credential = await self._credentials.credential(name, fresh=fresh)
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
        """Request a token from Zoho; the request counts from its end on, and its outcome is recorded."""
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
            # Another issue would end the same way; discovery wakes the connection when the policy allows the write.
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
    """Return the credential with the last refresh token that Zoho sent, where it is not written to Vault yet."""
    if rotation is None or rotation.credential.stamp != credential.stamp:
        return credential
    return replace(credential, grant=RefreshTokenGrant(refresh_token=rotation.refresh_token))
