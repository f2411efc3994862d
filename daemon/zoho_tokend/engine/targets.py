"""Publish targets follow the token records: written after them, from them, and never in their way.

A target is behind from a refresh on until its record tells the token that stands in Vault. No token is kept for it:
what is behind is read again, and read after the version that is named in the write, so that an older token never wins.

A record is written first and marked as ours after it, so that no mark ever falls on a record of somebody else's. One
that is not marked yet (after a crash, for its policy, of an earlier version of ours) is known by a token that was
published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.concurrency import map_concurrently
from zoho_tokend.core import backoff
from zoho_tokend.core.errors import Conflict, TokendError, VaultUnavailable
from zoho_tokend.core.events import (
    BackgroundTaskCrashed,
    Discovered,
    Event,
    Followed,
    Refreshed,
    Sink,
    TargetWritten,
    Vanished,
    trace_of,
)
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.ports import Clock, TargetStore, TokenStore
from zoho_tokend.core.targets import Target, taken
from zoho_tokend.engine.clockwork import Command

# Refreshes are served by the same threads.
_AT_ONCE: Final = 4

_Place = tuple[ConnectionName, Target]


@dataclass(frozen=True, slots=True, eq=False)
class _Behind:
    """Not told yet: when to try, and how often that was in vain. No two are equal: each is of a refresh of its own."""

    at: datetime
    failures: int = 0


class Targets:
    """Copies token records into targets. As a sink, it hears which connections are behind."""

    def __init__(
        self, targets: Sequence[Target], *, tokens: TokenStore, store: TargetStore, clock: Clock, emit: Sink
    ) -> None:
        self._targets = targets
        self._tokens = tokens
        self._store = store
        self._clock = clock
        self._emit = emit
        self._behind: dict[_Place, _Behind] = {}

    def __call__(self, event: Event) -> None:
        """A refreshed connection is behind, whoever refreshed it; so is one that was found, for nobody knows more."""
        match event:
            case Refreshed(connection=name) | Discovered(connection=name) | Followed(connection=name):
                for target in self._targets:
                    self._behind[name, target] = _Behind(self._clock.now())
            case Vanished(connection=name):
                for target in self._targets:
                    self._behind.pop((name, target), None)
            case _:
                pass

    async def follow(self) -> None:
        """Whatever was behind tells the token that stands in Vault, or is tried again later; an event says which."""
        now = self._clock.now()
        await map_concurrently(
            self._catch_up, [place for place, behind in self._behind.items() if behind.at <= now], at_once=_AT_ONCE
        )

    async def _catch_up(self, place: _Place) -> None:
        if (behind := self._behind.get(place)) is None:
            return
        error: Exception | None = None
        try:
            await self._write(place)
        except Exception as refusal:  # noqa: BLE001 - whatever it is, it costs no other target
            error = refusal
        if self._behind.get(place) is behind:  # not refreshed again meanwhile
            del self._behind[place]
            if error is not None:
                self._behind[place] = self._later(place, error, behind.failures + 1)
        if error is None or isinstance(error, TokendError):
            self._emit(TargetWritten(connection=place[0], target=place[1].shape, error=str(error) if error else None))
        else:
            trace = trace_of(error)
            self._emit(BackgroundTaskCrashed(task=Command.FOLLOW_TARGETS, kind=type(error).__name__, traceback=trace))

    async def _write(self, place: _Place) -> None:
        name, target = place
        found = await self._store.target_record(target, name)
        record = (await self._tokens.published(name)).record
        if record is None:
            return
        fingerprint = record.access_token.fingerprint()
        unknown = None if found.marked or found.fingerprint == fingerprint else found.fingerprint
        if unknown is not None and not await self._store.was_published(name, unknown):
            raise taken(found.where)
        if found.fingerprint != fingerprint:
            await self._store.write_target(target, record, after_version=found.version)
        if not found.marked:
            await self._store.mark(target, name)

    def _later(self, place: _Place, error: Exception, failures: int) -> _Behind:
        """Vault, or another writer, is over it in seconds; a policy or a foreign record waits for a person."""
        passing = isinstance(error, VaultUnavailable | Conflict)
        wait: timedelta = (backoff.after_failed_write if passing else backoff.after_failure)(place[0], failures)
        return _Behind(self._clock.now() + wait, failures)
