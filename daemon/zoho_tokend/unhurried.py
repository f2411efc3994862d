"""Long work on very many things, which leaves the event loop time for others."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

_IN_ONE_GO: Final = 1000


async def unhurried(items: Iterable[T]) -> AsyncIterator[T]:
    """Each of them; after every thousand whatever else is ready has its turn.

    The items must stay as they are meanwhile: hand over a copy of what others may change.
    """
    for number, item in enumerate(items, 1):
        yield item
        if number % _IN_ONE_GO == 0:
            await asyncio.sleep(0)
