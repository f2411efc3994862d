"""One inbox, one loop, one group of tasks: clockwork, signals and wishes become commands, and the loop obeys them.

The stop is a command too: nothing new starts, what is under way ends and is saved, then the loop returns.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from functools import partial
from typing import Final

from zoho_tokend.core import backoff
from zoho_tokend.core.errors import VaultLoginRefused, VaultUnavailable
from zoho_tokend.core.events import BackgroundTaskCrashed, Beat, RefreshDeferred, Sink, Stopped, Stopping, trace_of
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.ports import Clock, VaultSession
from zoho_tokend.core.schedule import Look, Refresh, Save
from zoho_tokend.engine.clockwork import BEAT_INTERVAL, Command
from zoho_tokend.engine.refresher import Refresher

Inbox = asyncio.Queue[Command]
BackgroundTask = Callable[[], Coroutine[None, None, None]]

# A call to Zoho is given up within 30 s; the rest is for Vault to take what it brought. The pod has 60 s.
GRACE: Final = timedelta(seconds=45)
_CRASHES_IN_A_SWEEP: Final = 100
# What a standby does too; the other background_tasks are the leader's.
_STANDBY_TASKS: Final = frozenset({Command.DISCOVER})
# How often the stop looks whether everything has ended, in seconds.
_GLANCE: Final = 0.05


class Runner:
    """The run loop of one process.

    Beside the refreshes it starts background tasks, each at its command: they may be cancelled at any moment, and begin
    anew at the next command. What they found is acted upon at once.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        refresher: Refresher,
        background_tasks: Mapping[Command, BackgroundTask],
        session: VaultSession,
        inbox: Inbox,
        reload: Callable[[], None],
        clock: Clock,
        emit: Sink,
    ) -> None:
        self._fleet = fleet
        self._refresher = refresher
        self._background_tasks = background_tasks
        self._session = session
        self._reload = reload
        self._clock = clock
        self._emit = emit
        self._inbox = inbox
        self._under_way: set[asyncio.Task[None]] = set()
        self._running: dict[Command, asyncio.Task[None]] = {}
        self._open = self._was_alive = False
        self._failed_logins = 0
        self._log_in_at = 0.0
        self._refused: VaultLoginRefused | None = None
        self.stopping = False
        self.beat_at = self.swept_at = clock.monotonic()

    async def run(self) -> None:
        """Obey commands until the stop, or until Vault refuses the first login.

        Raises:
            VaultLoginRefused: Vault refused the first login.
        """
        async with asyncio.TaskGroup() as group:
            while not self.stopping:
                self._obey(await self._inbox.get(), group)
            await self._finish(group)
        if self._refused is not None:
            raise self._refused

    def _obey(self, command: Command, group: asyncio.TaskGroup) -> None:
        match command:
            case Command.SWEEP:
                self._sweep(group)
            case Command.KEEP_VAULT_SESSION:
                self._send(command, self._keep_session, group)
            case Command.BEAT:
                self._beat()
            case Command.RELOAD:
                self._reload()
            case Command.STOP:
                self.stopping = True
            case _ if command in _STANDBY_TASKS or self._fleet.term is not None:
                self._send(command, partial(self._carry_out, command), group)
            case _:
                """An errand of the leader, and this process stands by."""

    # --- what the commands do ----------------------------------------------------------------------------------

    def _sweep(self, group: asyncio.TaskGroup) -> None:
        if self._open:
            self._enqueue_due()
            self._start_ready(group)
        self.swept_at = self._clock.monotonic()

    def _enqueue_due(self) -> None:
        """Queue what is due; a connection whose values nobody foresaw is set aside, and the others go on."""
        for _ in range(_CRASHES_IN_A_SWEEP):
            try:
                self._fleet.enqueue_due(self._clock.now())
            except Exception as error:  # noqa: BLE001 - nobody foresaw it: one connection waits, the others go on
                self._crashed(Command.SWEEP, error)
            else:
                return

    def _start_ready(self, group: asyncio.TaskGroup) -> None:
        """Start as many of those that are queued as there are places."""
        try:
            while not self.stopping and (ready := self._fleet.next_ready(self._clock.now())) is not None:
                name, decision = ready
                self._start(self._work(name, decision, group), group)
        except Exception as error:  # noqa: BLE001 - as above
            self._crashed(Command.SWEEP, error)
        for name, wait in self._fleet.take_newly_deferred():
            self._emit(RefreshDeferred(connection=name, reason=wait.reason, until=wait.until))

    async def _work(self, name: ConnectionName, decision: Refresh | Save | Look, group: asyncio.TaskGroup) -> None:
        try:
            match decision:
                case Refresh(reason=reason):
                    await self._refresher.refresh(name, reason)
                case Save():
                    await self._refresher.save(name)
                case Look():
                    await self._refresher.look(name)
            self._fleet.release(name, self._clock.now())
        except Exception as error:  # noqa: BLE001 - nobody foresaw it: this connection waits, the others go on
            self._fleet.set_aside(name, self._clock.now())
            self._crashed(Command.SWEEP, error)
        except BaseException:
            self._fleet.set_aside(name, self._clock.now())
            raise
        self._start_ready(group)

    async def _carry_out(self, task: Command) -> None:
        if not self._open:
            return
        try:
            await self._background_tasks[task]()
        except Exception as error:  # noqa: BLE001 - nobody foresaw it: refreshes go on, and the errand begins anew
            self._crashed(task, error)
        self._inbox.put_nowait(Command.SWEEP)

    def _crashed(self, task: Command, error: Exception) -> None:
        self._emit(BackgroundTaskCrashed(task=task, kind=type(error).__name__, traceback=trace_of(error)))

    async def _keep_session(self) -> None:
        if self._open:
            await self._session.upkeep()
            if self._session.alive and not self._was_alive:
                self._run_all_tasks()
            self._was_alive = self._session.alive
        elif self._clock.monotonic() >= self._log_in_at:
            await self._open_session()

    async def _open_session(self) -> None:
        try:
            await self._session.open()
        except VaultUnavailable:
            self._failed_logins += 1
            wait = backoff.after_failed_write("vault", self._failed_logins)
            self._log_in_at = self._clock.monotonic() + wait.total_seconds()
        except VaultLoginRefused as error:
            self._refused = error
            self._inbox.put_nowait(Command.STOP)
        else:
            self._open = self._was_alive = True
            self._fleet.leadership.stand()
            self._run_all_tasks()

    def _run_all_tasks(self) -> None:
        """Every errand at one_shot: what waited for Vault need not wait for its hour."""
        for command in self._background_tasks:
            self._inbox.put_nowait(command)

    def _beat(self) -> None:
        now = self._clock.monotonic()
        lag = timedelta(seconds=now - self.beat_at) - BEAT_INTERVAL
        self.beat_at = now
        self._emit(Beat(at=self._clock.now(), lag=max(lag, timedelta())))

    # --- the tasks ---------------------------------------------------------------------------------------------

    def _send(self, command: Command, task: BackgroundTask, group: asyncio.TaskGroup) -> None:
        """Run it beside the loop; one that is still under way is not begun a second time."""
        if (running := self._running.get(command)) is None or running.done():
            self._running[command] = group.create_task(task())

    def _start(self, work: Coroutine[None, None, None], group: asyncio.TaskGroup) -> None:
        task = group.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    # --- the stop ----------------------------------------------------------------------------------------------

    async def _finish(self, group: asyncio.TaskGroup) -> None:
        """What is under way ends, what is held is saved, while the grace lasts; then another may lead."""
        self._emit(Stopping(in_flight=self._fleet.in_flight, unsaved=self._fleet.held))
        self._fleet.close()
        for command in self._background_tasks.keys() & self._running.keys():
            self._running[command].cancel()
        end = self._clock.monotonic() + GRACE.total_seconds()
        write_at = self._clock.monotonic()
        while (now := self._clock.monotonic()) < end and (self._fleet.in_flight or self._fleet.held):
            if now >= write_at:
                write_at = now + backoff.FLOOR.total_seconds()
                for name in self._fleet.hold_unsaved():
                    self._start(self._work(name, Save(), group), group)
            await asyncio.sleep(_GLANCE)
        lost = Stopped(in_flight=self._fleet.in_flight, unsaved=self._fleet.held)
        for task in tuple(self._under_way):
            task.cancel()
        await self._fleet.leadership.leave()
        await self._session.close()
        self._emit(lost)
