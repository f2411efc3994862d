"""The clockwork: APScheduler puts commands into an inbox, and runs none of our logic.

It is the clock and not the truth: it can neither swallow an error of ours nor cancel a refresh, and whatever it forgets
is found by the next sweep. Why these options: docs/adr/0002-clockwork-not-jobs.md.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger


class Command(StrEnum):
    """What the run loop can be told."""

    SWEEP = "sweep"
    DISCOVER = "discover"
    PROCESS_REPORTS = "process-reports"
    FOLLOW_TARGETS = "follow-targets"
    KEEP_VAULT_SESSION = "vault-session"
    BEAT = "heartbeat"
    RELOAD = "reload"
    STOP = "stop"


BEAT_INTERVAL: Final = timedelta(seconds=5)
_SESSION_INTERVAL: Final = timedelta(seconds=1)
_WATCH_SECONDS: Final = 1.0


class Clockwork:
    """Ticks from its start to its stop; needs a running event loop."""

    def __init__(self, send: Callable[[Command], None], intervals: Mapping[Command, timedelta]) -> None:
        self._send = send
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._watch: asyncio.TimerHandle | None = None
        self.pace({Command.KEEP_VAULT_SESSION: _SESSION_INTERVAL, Command.BEAT: BEAT_INTERVAL})
        self.pace(intervals)

    def pace(self, intervals: Mapping[Command, timedelta]) -> None:
        """These commands come at these intervals from now on, the first one at once."""
        for command, interval in intervals.items():
            self._tick(command, interval)

    def start(self) -> None:
        """Every command comes once at once, then at its interval."""
        self._scheduler.start()
        self._watch_for_steps_back()

    def stop(self) -> None:
        """No command comes any more."""
        if self._watch is not None:
            self._watch.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _tick(self, command: Command, interval: timedelta) -> None:
        self._scheduler.add_job(
            _in_the_loop(partial(self._send, command)),
            IntervalTrigger(seconds=interval.total_seconds(), timezone=UTC),
            id=command,
            replace_existing=True,
            next_run_time=datetime.now(UTC),  # noqa: TID251 - the scheduler keeps its own time
        )

    def _watch_for_steps_back(self) -> None:
        """What a wall clock that was put back has moved beyond its interval comes now.

        The scheduler goes by the wall clock, and would stand still for as long as that one was put back.
        """
        now = datetime.now(UTC)  # noqa: TID251 - the scheduler keeps its own time
        for job in self._scheduler.get_jobs():
            if job.next_run_time - now > job.trigger.interval:
                job.modify(next_run_time=now)
        self._watch = asyncio.get_running_loop().call_later(_WATCH_SECONDS, self._watch_for_steps_back)


def _in_the_loop(send: Callable[[], None]) -> Callable[[], object]:
    """A coroutine function, for the scheduler would run a plain one in a thread."""

    async def tick() -> None:
        send()

    return tick
