"""A work of the product that is counted, and killed with its process at the moment that was chosen.

The work is a coroutine, with every task that it begets. Whatever it does to the world it does between two of its
awaits, so the moments that differ are these: each time it begins to wait (what it sent is on its way), and each time it
goes on (the answer is there, and not read yet). A process that dies then leaves the world as one that dies with the
answer in its socket.
"""

import asyncio
import os
import signal
from asyncio import AbstractEventLoop, Task
from collections.abc import Coroutine, Generator
from pathlib import Path
from types import CoroutineType, TracebackType
from typing import Any, Final, TypeVar

T = TypeVar("T")
Work = Coroutine[Any, Any, T]

_NEVER: Final = 0


class Fate:
    """Counts the moments of a work, writes each down, and ends the process at one of them."""

    def __init__(self, diary: Path, *, dies_at: int = _NEVER) -> None:
        self._diary = diary.open("a", buffering=1)
        self._dies_at = dies_at
        self._moments = 0

    def meet(self, what: str, work: Work[Any]) -> None:
        """One more moment has come; it may be the last."""
        self._moments += 1
        self._diary.write(f"{what} {_place(work)}\n")
        if self._moments == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


class Mortal(Coroutine[Any, Any, T]):
    """The same coroutine, each step of it under the eyes of its fate."""

    def __init__(self, work: Work[T], fate: Fate) -> None:
        self._work = work
        self._fate = fate

    def send(self, value: Any, /) -> Any:
        self._fate.meet("goes on", self._work)
        awaited = self._work.send(value)
        self._fate.meet("waits", self._work)
        return awaited

    def throw(self, kind: Any, error: Any = None, trace: TracebackType | None = None, /) -> Any:
        self._fate.meet("goes on", self._work)
        awaited = self._work.throw(kind) if error is None else self._work.throw(kind, error, trace)
        self._fate.meet("waits", self._work)
        return awaited

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, T]:
        return self._work.__await__()


class MortalLoops(asyncio.DefaultEventLoopPolicy):
    """Event loops in which the works of this name, and whatever they beget, are mortal."""

    def __init__(self, work: str, fate: Fate) -> None:
        super().__init__()
        self._work = work
        self._fate = fate
        self._mortals: set[Task[Any]] = set()

    def new_event_loop(self) -> AbstractEventLoop:
        loop = super().new_event_loop()
        loop.set_task_factory(self._new_task)  # type: ignore[arg-type]  # typeshed asks for a Future of no one type
        return loop

    def _new_task(self, loop: AbstractEventLoop, work: Work[T], **how: Any) -> Task[T]:
        if getattr(work, "__qualname__", "") != self._work and asyncio.current_task(loop) not in self._mortals:
            return Task(work, loop=loop, **how)
        task = Task(Mortal(work, self._fate), loop=loop, **how)
        self._mortals.add(task)
        return task


def _place(work: Work[Any]) -> str:
    """Our own functions in which it waits, from the outermost on; how far libraries got lies beyond them."""
    within, inner = [], work
    while isinstance(inner, CoroutineType):
        if inner.cr_frame is not None and "zoho_tokend" in inner.cr_frame.f_code.co_filename:
            within.append(inner.__qualname__)
        inner = inner.cr_await  # type: ignore[assignment]  # what is no coroutine ends the loop
    return " > ".join(within) or "a library"
