"""Work on many things: a few at a time, and never for so long that the event loop stands still."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, TypeVar

from zoho_tokend.core.errors import TokendError

T = TypeVar("T")
R = TypeVar("R")


async def abreast(
    do: Callable[[T], Awaitable[R]],
    items: Iterable[T],
    *,
    at_once: int,
    crashed: Callable[[T, Exception], R] | None = None,
) -> list[R]:
    """What became of each, in their order.

    Args:
        crashed: what became of an item with which something went wrong that nobody foresaw; it costs no other.

    Raises:
        TokendError: from the first that met one; those not begun by then were left out.
    """
    left, done, met = enumerate(items), dict[int, R](), list[TokendError]()

    async def work() -> None:
        for place, item in left:
            try:
                done[place] = await do(item)
            except TokendError as error:
                met.append(error)
            except Exception as error:
                if crashed is None:
                    raise
                done[place] = crashed(item, error)
            if met:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    if met:
        raise met[0]
    return [done[place] for place in sorted(done)]


_IN_ONE_GO: Final = 1000


async def unhurried(items: Iterable[T]) -> AsyncIterator[T]:
    """Each of them; after every thousand whatever else is ready has its turn.

    The items must stay as they are meanwhile: hand over a copy of what others may change.
    """
    for number, item in enumerate(items, 1):
        yield item
        if number % _IN_ONE_GO == 0:
            await asyncio.sleep(0)
