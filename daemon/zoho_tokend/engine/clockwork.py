"""The clockwork: APScheduler puts commands into an inbox, and runs none of our logic.

It only keeps time: it can neither swallow an error of ours nor cancel a refresh, and the next sweep finds whatever it
missed. Why these options: docs/adr/0002-clockwork-not-jobs.md.
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
    """The commands of the run loop."""

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
    """Sends commands at their intervals, from `start` to `stop`; needs a running event loop."""

    def __init__(self, send: Callable[[Command], None], intervals: Mapping[Command, timedelta]) -> None:
        self._send = send
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._watch: asyncio.TimerHandle | None = None
        self.pace({Command.KEEP_VAULT_SESSION: _SESSION_INTERVAL, Command.BEAT: BEAT_INTERVAL})
        self.pace(intervals)

    def pace(self, intervals: Mapping[Command, timedelta]) -> None:
        """Send these commands at these intervals from now on, the first ones at once."""
        for command, interval in intervals.items():
            self._tick(command, interval)

    def start(self) -> None:
        """Start: send every command at once, and then at its interval."""
        self._scheduler.start()
        self._watch_for_steps_back()

    def stop(self) -> None:
        """Stop: no command is sent any more."""
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
        """Run jobs now that lie beyond their interval because the wall clock was set back.

        The scheduler goes by the wall clock, and would pause for as long as the clock was set back.
        """
        now = datetime.now(UTC)  # noqa: TID251 - the scheduler keeps its own time
        for job in self._scheduler.get_jobs():
            if job.next_run_time - now > job.trigger.interval:
                job.modify(next_run_time=now)
        self._watch = asyncio.get_running_loop().call_later(_WATCH_SECONDS, self._watch_for_steps_back)


def _in_the_loop(send: Callable[[], None]) -> Callable[[], object]:
    """Return ``send`` as a coroutine function, for the scheduler would run a plain one in a thread."""

    async def tick() -> None:
        send()

    return tick
