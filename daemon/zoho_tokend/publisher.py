"""What Zoho issued stands in Vault, or is held in memory and written again: it is never let go, and never issued twice.

A newer record never loses to an older one: on a conflict the later expiry stays.
"""

from typing import Final

from zoho_tokend.core import aftermath, schedule
from zoho_tokend.core.connection import Rotation
from zoho_tokend.core.course import Course
from zoho_tokend.core.errors import Conflict, NotAllowed, Outcome, RefreshError, VaultUnavailable
from zoho_tokend.core.events import (
    Conflicted,
    Refreshed,
    RefreshTokenRotated,
    Sink,
    Stage,
    TokenUnsaved,
)
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import TokenRecord
from zoho_tokend.core.ports import Clock, CredentialStore, TokenStore

_TRIES: Final = 3


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

    def hold(self, record: TokenRecord, rotation: Rotation | None) -> None:
        """What Zoho issued is held in memory, before anything else can go wrong."""
        name, now = record.connection, self._clock.now()
        self._fleet.issued(name)
        self._fleet.update(
            name, lambda each: aftermath.after_issue(each, record=record, rotation=rotation, now=now), now
        )

    async def store(self, course: Course) -> None:
        """What is held stands in Vault, or is held on. The refresh token goes first: it is the one that lasts."""
        refused = [await self._store_rotation(course), await self._publish(course)]
        for error in filter(None, refused):
            self.refused(course, error)
            return

    async def _store_rotation(self, course: Course) -> RefreshError | None:
        rotation = self._fleet[course.name].rotation
        if rotation is None:
            return None
        try:
            with course.timed(Stage.VAULT):
                await self._credentials.rotate(rotation.credential, rotation.refresh_token)
        except Conflict as conflict:
            # A person stored another credential meanwhile: it comes from a later consent, and stays.
            self._emit(RefreshTokenRotated(connection=course.name, stored=False, error=str(conflict)))
        except (VaultUnavailable, NotAllowed) as error:
            self._emit(RefreshTokenRotated(connection=course.name, stored=False, error=str(error)))
            return error
        else:
            self._emit(RefreshTokenRotated(connection=course.name, stored=True))
        self._fleet.update(course.name, aftermath.after_storing_rotation, self._clock.now())
        return None

    async def _publish(self, course: Course) -> RefreshError | None:
        record = self._fleet[course.name].unsaved
        if record is None:
            return None
        try:
            with course.timed(Stage.VAULT):
                standing, version = await self._publish_or_adopt(record, self._fleet[course.name].version)
        except (VaultUnavailable, NotAllowed) as error:
            return error
        self._landed(course, standing, version, outcome=_outcome(standing, record))
        return None

    async def _publish_or_adopt(self, record: TokenRecord, version: int) -> tuple[TokenRecord, int]:
        """The record that stands in Vault in the end, and its version: ours, or another writer's that lives longer."""
        for _ in range(_TRIES):
            try:
                return record, await self._tokens.publish(record, after_version=version)
            except Conflict:
                self._emit(Conflicted(connection=record.connection))
                published = await self._tokens.published(record.connection)
                theirs, version = published.record, published.version
                if theirs is not None and theirs.expires_at >= record.expires_at:
                    return theirs, version
        raise VaultUnavailable("other writers store this token record all the time")

    def _landed(self, course: Course, record: TokenRecord, version: int, *, outcome: Outcome) -> None:
        now = self._clock.now()
        if outcome is Outcome.ADOPTED:
            self._fleet.recall(course.name, (record.issued_at,), now)
        connection = self._fleet.update(
            course.name, lambda each: aftermath.after_publishing(each, record, version, now), now
        )
        self._emit(
            Refreshed(
                connection=course.name,
                outcome=outcome,
                reason=course.reason,
                data_center=record.data_center,
                expires_at=record.expires_at,
                next_refresh_at=schedule.next_at(connection, now, self._fleet.policy),
                version=version,
                late=course.late,
                took=course.ended(),
            )
        )

    def refused(self, course: Course, error: RefreshError) -> None:
        """Vault did not take what is held: it is held on, and written again after a while."""
        now = self._clock.now()
        connection = self._fleet.update(course.name, lambda each: aftermath.after_failed_write(each, error, now), now)
        next_write_at = connection.write_at or now
        if connection.failed_writes == 1:
            self._emit(course.failed(error, failures=connection.failures + 1, next_at=next_write_at))
        if connection.unsaved is not None:
            expires_at = connection.unsaved.expires_at
            self._emit(
                TokenUnsaved(
                    connection=course.name, error=str(error), expires_at=expires_at, next_write_at=next_write_at
                )
            )


def _outcome(standing: TokenRecord, ours: TokenRecord) -> Outcome:
    # A write whose answer was lost is found again as our own.
    return Outcome.SUCCESS if standing.access_token == ours.access_token else Outcome.ADOPTED
