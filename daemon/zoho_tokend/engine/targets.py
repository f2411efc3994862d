"""Publish targets: copies of the token records, written after them, from them, and never delaying them.

A target is behind from a refresh on until its record holds the token in Vault. No token is kept in memory for it: the
token record is read again, and after the target's version that the write names, so that an older token never wins.

A record is written first and marked as ours after that, so that a record of somebody else is never marked. One without
a mark (after a crash, where the policy denies it, or from an earlier version) is recognised by a published token.
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

# Few, for refreshes use the same threads.
_AT_ONCE: Final = 4

_Key = tuple[ConnectionName, Target]


@dataclass(frozen=True, slots=True, eq=False)
class _Behind:
    """A target to write: when, and after how many failures. Compared by identity: each belongs to one refresh."""

    at: datetime
    failures: int = 0


class Targets:
    """Copies token records into targets. As a sink of events, it learns which connections are behind."""

    def __init__(
        self, targets: Sequence[Target], *, tokens: TokenStore, store: TargetStore, clock: Clock, emit: Sink
    ) -> None:
        self._targets = targets
        self._tokens = tokens
        self._store = store
        self._clock = clock
        self._emit = emit
        self._behind: dict[_Key, _Behind] = {}

    def __call__(self, event: Event) -> None:
        """Note that a refreshed or followed connection is behind; so is a discovered one, whose target is unknown."""
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
        """Write the targets that are behind, or try again later; an event says which."""
        now = self._clock.now()
        await map_concurrently(
            self._catch_up, [key for key, behind in self._behind.items() if behind.at <= now], at_once=_AT_ONCE
        )

    async def _catch_up(self, key: _Key) -> None:
        if (behind := self._behind.get(key)) is None:
            return
        error: Exception | None = None
        try:
            await self._write(key)
        except Exception as refusal:  # noqa: BLE001 - whatever it is, the other targets go on
            error = refusal
        if self._behind.get(key) is behind:  # not refreshed again meanwhile
            del self._behind[key]
            if error is not None:
                self._behind[key] = self._later(key, error, behind.failures + 1)
        if error is None or isinstance(error, TokendError):
            self._emit(TargetWritten(connection=key[0], target=key[1].shape, error=str(error) if error else None))
        else:
            trace = trace_of(error)
            self._emit(BackgroundTaskCrashed(task=Command.FOLLOW_TARGETS, kind=type(error).__name__, traceback=trace))

    async def _write(self, key: _Key) -> None:
        name, target = key
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

    def _later(self, key: _Key, error: Exception, failures: int) -> _Behind:
        """Return when to try again: in seconds after an outage or a conflict, later where a person must act."""
        passing = isinstance(error, VaultUnavailable | Conflict)
        wait: timedelta = (backoff.after_failed_write if passing else backoff.after_failure)(key[0], failures)
        return _Behind(self._clock.now() + wait, failures)
