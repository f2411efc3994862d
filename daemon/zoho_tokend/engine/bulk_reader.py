"""Many reads of Vault, each on its own: as many at once as Vault allows, and one that fails costs no other."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from zoho_tokend.core.congestion import CongestionWindow
from zoho_tokend.core.errors import NotAllowed, VaultUnavailable
from zoho_tokend.core.ports import Clock

T = TypeVar("T")

# As many at once as keep Vault's threads busy, and no more: refreshes are served by the same ones.
_AT_ONCE: Final = 8
# So many items in a row that brought nothing, and Vault itself is asked whether it is there.
_FRUITLESS: Final = 16
# A Vault that has only limited us for so many seconds is away.
_LONGEST_SILENCE: Final = 60.0
# What a clock may be behind by its own rounding.
_A_TICK: Final = 0.001


class BulkReader:
    """Reads at the pace of a congestion window; what Vault limits is asked again as soon as it allows.

    It asks with ``probe`` whether Vault is there at all, once many in a row brought nothing, or the last did.
    """

    def __init__(self, *, probe: Callable[[], Awaitable[object]], clock: Clock) -> None:
        self._probe = probe
        self._clock = clock
        self._window = CongestionWindow(_AT_ONCE)
        self._fruitless = 0
        self._answered_at = clock.monotonic()

    async def ask(self, request: Callable[[], Awaitable[T]]) -> T:
        """Return what Vault answers; a request that it limits is made again when it allows.

        Raises:
            VaultUnavailable: Vault gave no usable answer, or has answered nothing for a minute but that it is busy.
        """
        begun = self._clock.monotonic()
        while True:
            if (wait := self._window.open_at - self._clock.monotonic()) > 0:
                await asyncio.sleep(wait + _A_TICK)
            try:
                answer = await request()
            except VaultUnavailable as error:
                now = self._clock.monotonic()
                if error.retry_after is None or now - max(self._answered_at, begun) > _LONGEST_SILENCE:
                    raise
                self._window.limited(error.retry_after, now)
            else:
                self._window.answered()
                self._answered_at = self._clock.monotonic()
                return answer

    async def each(
        self,
        read: Callable[[T], Awaitable[None]],
        items: Iterable[T],
        *,
        failed: Callable[[T, Exception], None],
    ) -> None:
        """Read each. Whatever goes wrong with one costs that one alone: ``failed`` is called with its error.

        Raises:
            VaultUnavailable: Vault is away; those that are left were not read.
            NotAllowed: the probe was denied.
        """
        left, away = deque(items), list[VaultUnavailable | NotAllowed]()

        async def work(place: int) -> None:
            while left and not away and place < self._window.size:
                item = left.popleft()
                try:
                    await read(item)
                except Exception as error:  # noqa: BLE001 - nobody foresaw it: this one is told of, the others go on
                    failed(item, error)
                    self._fruitless += isinstance(error, VaultUnavailable)
                else:
                    self._fruitless = 0
                if self._fruitless >= _FRUITLESS and (gone := await self._away()) is not None:
                    away.append(gone)

        while left and not away:
            async with asyncio.TaskGroup() as group:
                for place in range(self._window.size):
                    group.create_task(work(place))
        gone = away[0] if away else await self._away() if self._fruitless else None
        if gone is not None:
            raise gone

    async def _away(self) -> VaultUnavailable | NotAllowed | None:
        """Why Vault cannot be asked at all; None where it is there."""
        self._fruitless = 0
        try:
            await self.ask(self._probe)
        except (VaultUnavailable, NotAllowed) as error:
            return error
        return None
