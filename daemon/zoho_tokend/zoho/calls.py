"""Calls that outlive their caller: an issue that has started counts against the budget, so it is never cancelled."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")


class Calls:
    """The calls in flight; leaving the context waits for all of them."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[object]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def uncancelled(self, call: Coroutine[Any, Any, Result]) -> Result:
        """Return what the call returns, or raise what it raises. Cancelling the caller leaves the call running."""
        # No TaskGroup: it cancels its tasks as soon as anything beside them fails, and this is about not cancelling.
        task = asyncio.get_running_loop().create_task(call)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        # Retrieved, so that asyncio does not warn about an error whose caller has gone.
        if not task.cancelled():
            task.exception()
