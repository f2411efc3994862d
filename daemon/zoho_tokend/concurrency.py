"""Concurrency with asyncio: a bounded map, and iteration that lets the event loop run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, TypeVar

from zoho_tokend.core.errors import TokendError

T = TypeVar("T")
R = TypeVar("R")


async def map_concurrently(
    do: Callable[[T], Awaitable[R]],
    items: Iterable[T],
    *,
    at_once: int,
    crashed: Callable[[T, Exception], R] | None = None,
) -> list[R]:
    """Return the result of ``do`` for each item, in the order of the items; at most ``at_once`` calls run at a time.

    Args:
        crashed: makes the result of an item whose call raised an unexpected exception, so that the others go on;
            without it the exception is raised.

    Raises:
        TokendError: the first one that a call raised; no further call is started after it.
    """
    left, results, errors = enumerate(items), dict[int, R](), list[TokendError]()

    async def work() -> None:
        for index, item in left:
            try:
                results[index] = await do(item)
            except TokendError as error:
                errors.append(error)
            except Exception as error:
                if crashed is None:
                    raise
                results[index] = crashed(item, error)
            if errors:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    if errors:
        raise errors[0]
    return [results[index] for index in sorted(results)]


_ITEMS_PER_TURN: Final = 1000


async def cooperatively(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield each item, and let the event loop run other tasks after every thousand.

    The items must not change meanwhile: pass a copy of what others may change.
    """
    for number, item in enumerate(items, 1):
        yield item
        if number % _ITEMS_PER_TURN == 0:
            await asyncio.sleep(0)
