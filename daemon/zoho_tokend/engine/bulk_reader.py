"""Bulk reads from Vault: as many at once as Vault allows, and one that fails does not stop the others."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from zoho_tokend.core.congestion import CongestionWindow
from zoho_tokend.core.errors import NotAllowed, VaultUnavailable
from zoho_tokend.core.ports import Clock

T = TypeVar("T")

# Enough to keep the client's threads busy, and no more: refreshes use the same threads.
_AT_ONCE: Final = 8
# After so many failed items in a row, probe whether Vault is there at all.
_FAILURES_BEFORE_PROBE: Final = 16
# A Vault that has only rate-limited us for so many seconds counts as away.
_LONGEST_SILENCE: Final = 60.0
# The rounding error of a clock.
_CLOCK_ROUNDING: Final = 0.001


class BulkReader:
    """Reads at the pace of a congestion window; a rate-limited request is repeated as soon as Vault allows.

    After many failed reads in a row, or a failed last one, ``probe`` finds out whether Vault is there at all.
    """

    def __init__(self, *, probe: Callable[[], Awaitable[object]], clock: Clock) -> None:
        self._probe = probe
        self._clock = clock
        self._window = CongestionWindow(_AT_ONCE)
        self._under_way = 0
        self._freed = asyncio.Event()
        self._failures_in_a_row = 0
        self._answered_at = clock.monotonic()

    async def ask(self, request: Callable[[], Awaitable[T]]) -> T:
        """Return what Vault answers; repeat a rate-limited request when Vault allows.

        Raises:
            VaultUnavailable: Vault gave no usable answer, or has only rate-limited us for a minute.
        """
        begun = self._clock.monotonic()
        while True:
            try:
                answer = await self._within_the_window(request)
            except VaultUnavailable as error:
                now = self._clock.monotonic()
                if error.retry_after is None or now - max(self._answered_at, begun) > _LONGEST_SILENCE:
                    raise
                self._window.limited(error.retry_after, now)
            else:
                self._window.answered()
                self._answered_at = self._clock.monotonic()
                return answer

    async def _within_the_window(self, request: Callable[[], Awaitable[T]]) -> T:
        """Make the request once the window has room for it.

        Those that Vault has limited wait for room too. All at once they would use up the quota with the first read of
        each, and never come to the second.
        """
        while self._under_way >= self._window.size:
            self._freed.clear()
            await self._freed.wait()
        self._under_way += 1
        try:
            if (wait := self._window.open_at - self._clock.monotonic()) > 0:
                await asyncio.sleep(wait + _CLOCK_ROUNDING)
            return await request()
        finally:
            self._under_way -= 1
            self._freed.set()

    async def each(
        self,
        read: Callable[[T], Awaitable[None]],
        items: Iterable[T],
        *,
        failed: Callable[[T, Exception], None],
    ) -> None:
        """Read each item. An error costs that item alone: ``failed`` is called with it.

        Raises:
            VaultUnavailable: Vault is away; the remaining items were not read.
            NotAllowed: the probe was denied.
        """
        left, away = deque(items), list[VaultUnavailable | NotAllowed]()

        async def work(worker: int) -> None:
            while left and not away and worker < self._window.size:
                item = left.popleft()
                try:
                    await read(item)
                except Exception as error:  # noqa: BLE001 - unexpected: this one is reported, the others go on
                    failed(item, error)
                    self._failures_in_a_row += isinstance(error, VaultUnavailable)
                else:
                    self._failures_in_a_row = 0
                if self._failures_in_a_row >= _FAILURES_BEFORE_PROBE and (gone := await self._away()) is not None:
                    away.append(gone)

        while left and not away:
            async with asyncio.TaskGroup() as group:
                for worker in range(self._window.size):
                    group.create_task(work(worker))
        gone = away[0] if away else await self._away() if self._failures_in_a_row else None
        if gone is not None:
            raise gone

    async def _away(self) -> VaultUnavailable | NotAllowed | None:
        """Return why Vault cannot be read at all; None where it can."""
        self._failures_in_a_row = 0
        try:
            await self.ask(self._probe)
        except (VaultUnavailable, NotAllowed) as error:
            return error
        return None
