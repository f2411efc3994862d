"""One candidate in the election: it looks at the lease, renews or takes it, and gives it back in the end.

What to do, and when, is `core.election`'s; here it is done.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from zoho_tokend.core import election
from zoho_tokend.core.election import Candidate, Leave, Look, Rest, Write
from zoho_tokend.core.errors import Conflict, LeaseRefused, LeaseUnavailable
from zoho_tokend.core.events import ElectionTroubled, LeaderElected, LeaderLost, LeaderSeen, Sink
from zoho_tokend.core.ports import Clock, LeaseStore

# A timer may go off a little early, and would otherwise be set again and again for what is left.
_SHORTEST_REST: Final = 0.001


class Elector:
    """The leadership of one of several processes, from `run` to `leave`."""

    def __init__(
        self, candidate: Candidate, *, lease: LeaseStore, clock: Clock, emit: Sink, elected: Callable[[], None]
    ) -> None:
        """``elected`` is called whenever this process becomes the leader."""
        self._candidate = candidate
        self._lease = lease
        self._clock = clock
        self._emit = emit
        self._elected = elected
        self._standing = asyncio.Event()
        self._leaving = asyncio.Event()
        self._gone = asyncio.Event()
        self._told_term: int | None = None
        self._told_holder: str | None = None
        self._problem = "nothing has been heard of the lease yet"
        self._told_error = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def term(self) -> int | None:
        return self._candidate.term if election.leads(self._candidate, self._clock.monotonic()) else None

    @property
    def holder(self) -> str | None:
        return self._candidate.lease.record.holder or None if self._candidate.lease else None

    @property
    def problem(self) -> str:
        return self._problem

    def stand(self) -> None:
        self._standing.set()

    async def run(self) -> None:
        self._task = asyncio.current_task()
        try:
            await self._standing.wait()
            while not isinstance(step := self._next_step(), Leave):
                if isinstance(step, Rest):
                    await self._rest(step.until)
                else:
                    await self._ask(step)
                self._tell()
        finally:
            self._gone.set()
            await self._lease.close()

    async def leave(self) -> None:
        self._candidate = election.leave(self._candidate)
        self._tell()
        self._leaving.set()
        self._standing.set()
        try:
            async with asyncio.timeout(self._candidate.terms.request_timeout.total_seconds()):
                await self._gone.wait()
        except TimeoutError:
            if self._task is not None:
                self._task.cancel()

    def _next_step(self) -> election.Step:
        return election.next_step(self._candidate, self._clock.monotonic(), self._clock.now())

    async def _rest(self, until: float) -> None:
        """Until then, or until this process leads no more, or wants to leave."""
        now = self._clock.monotonic()
        if election.leads(self._candidate, now):
            until = min(until, self._candidate.leads_until)
        pause = max(until - now, _SHORTEST_REST)
        if self._leaving.is_set():
            await asyncio.sleep(pause)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._leaving.wait()

    async def _ask(self, request: Look | Write) -> None:
        asked_at = self._clock.monotonic()
        try:
            match request:
                case Look():
                    lease = await self._lease.read()
                    self._candidate = election.after_look(
                        self._candidate, lease, asked_at=asked_at, now=self._clock.monotonic()
                    )
                case Write(record=record, version=version):
                    written = await self._lease.write(record, after_version=version)
                    self._candidate = election.after_write(
                        self._candidate, written, asked_at=asked_at, now=self._clock.monotonic()
                    )
        except Conflict:
            self._candidate = election.after_conflict(self._candidate)
        except LeaseUnavailable as error:
            self._unanswered(error, asked_at, error.retry_after)
        except LeaseRefused as error:
            self._unanswered(error, asked_at)
        else:
            if isinstance(request, Write) or self._candidate.rest_until > self._clock.monotonic():
                self._problem = self._told_error = ""

    def _unanswered(
        self, error: LeaseUnavailable | LeaseRefused, asked_at: float, retry_after: timedelta = timedelta()
    ) -> None:
        self._candidate = election.after_silence(
            self._candidate, asked_at=asked_at, now=self._clock.monotonic(), retry_after=retry_after
        )
        refused = isinstance(error, LeaseRefused)
        # A cluster that is away for a while leaves a standby as good as it was.
        if refused or self._candidate.heard_at is None:
            self._problem = str(error)
        if str(error) != self._told_error:
            self._told_error = str(error)
            self._emit(ElectionTroubled(error=self._told_error, refused=refused))

    def _tell(self) -> None:
        """What has changed is told one_shot."""
        term, holder = self.term, self.holder
        if term != self._told_term:
            if self._told_term is not None:
                self._emit(LeaderLost(identity=self._candidate.identity, reason=self._why_lost()))
            self._told_term = term
            if term is not None and self._candidate.lease is not None:
                transitions = self._candidate.lease.record.transitions
                self._emit(LeaderElected(identity=self._candidate.identity, transitions=transitions))
                self._elected()
        if holder not in {None, self._candidate.identity, self._told_holder}:
            self._emit(LeaderSeen(holder=str(holder)))
        self._told_holder = holder

    def _why_lost(self) -> str:
        if self._candidate.leaving:
            return "the process stops"
        if self.holder != self._candidate.identity:
            return f"the lease is held by {self.holder or 'nobody'}"
        return "the lease was not renewed before the deadline"
