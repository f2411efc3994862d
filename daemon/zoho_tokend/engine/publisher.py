"""What Zoho issued stands in Vault, or is held in memory and written again: it is never let go, and never issued twice.

A newer record never loses to an older one: on a conflict the later expiry stays.
"""

from datetime import timedelta
from typing import Final

from zoho_tokend.core import schedule, transitions
from zoho_tokend.core.connection import Rotation
from zoho_tokend.core.errors import (
    Conflict,
    GrantRevoked,
    NoCredential,
    NotAllowed,
    Outcome,
    RecordUnreadable,
    RefreshError,
    VaultUnavailable,
)
from zoho_tokend.core.events import (
    Conflicted,
    Refreshed,
    RefreshTokenRotated,
    Sink,
    Stage,
    TokenDropped,
    TokenUnsaved,
)
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName, TokenRecord
from zoho_tokend.core.ports import Clock, CredentialStore, TokenStore
from zoho_tokend.engine.attempt import Attempt

_TRIES: Final = 3
# An answer of Zoho's that takes no longer leaves a person no time to end the grant meanwhile.
_QUICK: Final = timedelta(seconds=2)


class Publisher:
    """Writes what is held of a connection. Its memory is the fleet."""

    def __init__(
        self, *, fleet: Fleet, credentials: CredentialStore, tokens: TokenStore, clock: Clock, emit: Sink
    ) -> None:
        self._fleet = fleet
        self._credentials = credentials
        self._tokens = tokens
        self._clock = clock
        self._emit = emit

    def hold(self, record: TokenRecord, rotation: Rotation | None) -> list[ConnectionName]:
        """Hold in memory what Zoho issued, before anything else can go wrong; returns whom the issue wakes."""
        name, now = record.connection, self._clock.now()
        woken = self._fleet.issued(name, now)
        self._fleet.update(
            name, lambda each: transitions.after_issue(each, record=record, rotation=rotation, now=now), now
        )
        return woken

    async def store(self, attempt: Attempt) -> None:
        """Write what is held to Vault, or hold it on. The refresh token goes first: it is the one that lasts.

        Raises:
            GrantRevoked, NoCredential: a person has ended the connection meanwhile; what was held is let go.
        """
        held = self._fleet[attempt.name]
        try:
            if held.unsaved is not None and (held.failed_writes or attempt.took.get(Stage.ZOHO, _QUICK) > _QUICK):
                await self._check_grant(attempt)
            refused = [await self._store_rotation(attempt), await self._publish(attempt)]
        except (GrantRevoked, NoCredential) as ended:
            self._fleet.update(attempt.name, transitions.after_revocation, self._clock.now())
            self._emit(TokenDropped(connection=attempt.name, error=str(ended)))
            raise
        for error in filter(None, refused):
            self.refused(attempt, error)
            return

    async def _check_grant(self, attempt: Attempt) -> None:
        """Look whether the grant was ended while Zoho was slow or Vault did not take its token.

        Raises:
            GrantRevoked, NoCredential.
        """
        try:
            with attempt.timed(Stage.VAULT):
                await self._credentials.credential(attempt.name)
        except GrantRevoked:
            raise
        except (RecordUnreadable, NotAllowed, VaultUnavailable):
            pass  # The write says what is wrong, or is right all the same.

    async def _store_rotation(self, attempt: Attempt) -> RefreshError | None:
        rotation = self._fleet[attempt.name].rotation
        if rotation is None:
            return None
        try:
            with attempt.timed(Stage.VAULT):
                await self._credentials.rotate(rotation.credential, rotation.refresh_token)
        except Conflict as conflict:
            # A person stored another credential meanwhile: it comes from a later consent, and stays.
            self._emit(RefreshTokenRotated(connection=attempt.name, stored=False, error=str(conflict)))
        except (VaultUnavailable, NotAllowed) as error:
            self._emit(RefreshTokenRotated(connection=attempt.name, stored=False, error=str(error)))
            return error
        else:
            self._emit(RefreshTokenRotated(connection=attempt.name, stored=True))
        self._fleet.update(attempt.name, transitions.after_storing_rotation, self._clock.now())
        return None

    async def _publish(self, attempt: Attempt) -> RefreshError | None:
        record = self._fleet[attempt.name].unsaved
        if record is None:
            return None
        try:
            with attempt.timed(Stage.VAULT):
                standing, version = await self._publish_or_adopt(attempt, record)
        except (VaultUnavailable, NotAllowed) as error:
            return error
        self._landed(attempt, standing, version, outcome=_outcome(standing, record))
        return None

    async def _publish_or_adopt(self, attempt: Attempt, record: TokenRecord) -> tuple[TokenRecord, int]:
        """The record that stands in Vault in the end, and its version: ours, or another writer's that lives longer.

        Where the record that was known has been withdrawn, the grant is looked at first.
        """
        version = self._fleet[attempt.name].version
        for _ in range(_TRIES):
            try:
                return record, await self._tokens.publish(record, after_version=version)
            except Conflict:
                self._emit(Conflicted(connection=record.connection))
                published = await self._tokens.published(record.connection)
                theirs, version = published.record, published.version
                if theirs is None:
                    await self._check_grant(attempt)
                elif theirs.expires_at >= record.expires_at:
                    return theirs, version
        raise VaultUnavailable("other writers store this token record all the time")

    def _landed(self, attempt: Attempt, record: TokenRecord, version: int, *, outcome: Outcome) -> None:
        now = self._clock.now()
        if outcome is Outcome.ADOPTED:
            self._fleet.recall(attempt.name, (record.issued_at,), now)
        connection = self._fleet.update(
            attempt.name, lambda each: transitions.after_publishing(each, record, version, now), now
        )
        if attempt.stamp is not None and attempt.stamp != connection.stamp:
            connection = self._fleet.wake(attempt.name, now)  # Its credential was replaced while it was asked with.
        self._emit(
            Refreshed(
                connection=attempt.name,
                outcome=outcome,
                reason=attempt.reason,
                data_center=record.data_center,
                expires_at=record.expires_at,
                next_refresh_at=schedule.next_at(connection, now, self._fleet.policy),
                version=version,
                late=attempt.late,
                took=attempt.ended(),
            )
        )

    def refused(self, attempt: Attempt, error: RefreshError) -> None:
        """Vault did not take what is held: it is held on, and written again after a while."""
        now = self._clock.now()
        connection = self._fleet.update(
            attempt.name, lambda each: transitions.after_failed_write(each, error, now), now
        )
        next_write_at = connection.write_at or now
        if connection.failed_writes == 1:
            self._emit(attempt.failed(error, failures=connection.failures + 1, next_at=next_write_at))
        if connection.unsaved is not None:
            expires_at = connection.unsaved.expires_at
            self._emit(
                TokenUnsaved(
                    connection=attempt.name, error=str(error), expires_at=expires_at, next_write_at=next_write_at
                )
            )


def _outcome(standing: TokenRecord, ours: TokenRecord) -> Outcome:
    # A write whose answer was lost is found again as our own.
    return Outcome.SUCCESS if standing.access_token == ours.access_token else Outcome.ADOPTED
