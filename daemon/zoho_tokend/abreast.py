"""Many things done a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

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
