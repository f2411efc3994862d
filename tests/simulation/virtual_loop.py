"""An event loop whose clock jumps to the next timer, and in which a process can be stopped in its tracks.

It does what asyncio's own loop does with callbacks and timers and nothing else, which is what makes a year fit into a
minute. Every callback belongs to the process in whose context it was scheduled, or to none: then it is the world's.
"""

import asyncio
import heapq
from asyncio import Handle, TimerHandle, events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Process:
    """A running program: what it has scheduled stands still while it is paused."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.paused = False
        self.dead = False
        self.frozen: list[Handle] = []


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order in which they were scheduled, and skips the time in between.

    Attributes:
        before_a_jump: called whenever nothing more happens at this instant.
        broken: the first exception that nobody caught; it ends the run.
    """

    def __init__(self, before_a_jump: Callable[[], None], *, begins_at: float = 0.0) -> None:
        super().__init__()
        self.before_a_jump = before_a_jump
        self.broken: BaseException | None = None
        self._at_once: deque[Handle] = deque()
        self._timers: list[tuple[float, int, TimerHandle]] = []
        self._now = begins_at
        self._number = 0
        self._paused = 0
        self._world = copy_context()

    # --- what asyncio asks of a loop ---------------------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def get_debug(self) -> bool:
        return False

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Handle:
        handle = Handle(callback, args, self, context)
        self._at_once.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        handle = TimerHandle(when, callback, args, self, context)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, handle))
        return handle

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """A cancelled timer is passed over when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
        del name  # a task is known by the process that it belongs to
        process = (context.get(PROCESS) if context is not None else None) or PROCESS.get()
        return asyncio.Task(coro, loop=self, name=process.name if process else "world", context=context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.broken = self.broken or (error if isinstance(error, BaseException) else RuntimeError(str(context)))

    # --- what the simulation asks of it ------------------------------------------------------------------------

    def in_the_world(self, delay: float, callback: Callable[[*Ts], object], *args: *Ts) -> TimerHandle:
        """As ``call_later``, on behalf of no process."""
        return self.call_later(delay, callback, *args, context=self._world)

    def start(self, process: Process, main: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """The process runs."""
        context = copy_context()
        context.run(PROCESS.set, process)
        return self.create_task(main, context=context)

    def pause(self, process: Process) -> None:
        """Nothing of the process runs until it is resumed, as after SIGSTOP."""
        if not process.paused:
            process.paused = True
            self._paused += 1

    def resume(self, process: Process) -> None:
        """The process goes on where it stood."""
        if process.paused:
            process.paused = False
            self._paused -= 1
            self._at_once.extend(process.frozen)
            process.frozen = []

    def kill(self, process: Process) -> None:
        """The process is gone, as after SIGKILL: whatever its tasks still do as they end reaches nobody."""
        process.dead = True
        self.resume(process)
        for task in asyncio.all_tasks(self):
            if task.get_name() == process.name:
                task.cancel()

    def run_until(self, is_over: Callable[[], bool]) -> None:
        """Time passes until it is over, or until something broke."""
        events._set_running_loop(self)
        try:
            while not is_over() and self.broken is None:
                self._run_all_ready()
                self.before_a_jump()
                if not self._at_once and not is_over():
                    self._jump()
        finally:
            events._set_running_loop(None)
        if self.broken is not None:
            raise self.broken

    def close(self) -> None:
        """Every task has ended, and nobody hears how."""
        events._set_running_loop(self)
        try:
            while tasks := [task for task in asyncio.all_tasks(self) if not task.done()]:
                for task in tasks:
                    task.cancel()
                self._run_all_ready()
        finally:
            events._set_running_loop(None)
        super().close()

    def _run_all_ready(self) -> None:
        ready = self._at_once
        while ready:
            handle = ready.popleft()
            if handle._cancelled:
                continue
            if self._paused:
                process = handle._context.get(PROCESS)  # type: ignore[attr-defined]  # as above
                if process is not None and process.paused:
                    process.frozen.append(handle)
                    continue
            handle._run()

    def _jump(self) -> None:
        """To the next timer; those of the same instant are ready together."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not timers:
            raise RuntimeError("nothing will ever happen any more")
        self._now = timers[0][0]
        while timers and timers[0][0] <= self._now:
            self._at_once.append(heapq.heappop(timers)[2])
