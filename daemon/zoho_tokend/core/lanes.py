"""The lanes: who goes when more are due than may go at once. A healthy connection never waits behind a failing one."""

import heapq
from datetime import datetime

from zoho_tokend.core.model import ConnectionName


class Lanes:
    """A line of those that are due, soonest expiry first, and the bound on how many go at once.

    Connections that fail, or whose server does, may hold at most half of the places, so that a server that hangs
    cannot hold them all.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._healthy: list[tuple[datetime, ConnectionName]] = []
        self._failing: list[tuple[datetime, ConnectionName]] = []
        self._going: dict[ConnectionName, bool] = {}

    def join(self, name: ConnectionName, *, expires_at: datetime, failing: bool) -> None:
        """The name stands in line."""
        heapq.heappush(self._failing if failing else self._healthy, (expires_at, name))

    def take(self) -> ConnectionName | None:
        """The next that may go, now going; None when nobody stands in line, or no place is free."""
        if len(self._going) >= self._places:
            return None
        if (name := self._go(self._healthy, failing=False)) is not None:
            return name
        if sum(self._going.values()) < max(self._places // 2, 1):
            return self._go(self._failing, failing=True)
        return None

    def go(self, name: ConnectionName) -> None:
        """The name goes at once, past the line and the bound: for the stop, when nobody stands in line any more."""
        self._going[name] = False

    def leave(self, name: ConnectionName) -> None:
        """The name has gone; its place is free."""
        self._going.pop(name, None)

    @property
    def going(self) -> frozenset[ConnectionName]:
        """Those that are under way."""
        return frozenset(self._going)

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._healthy) + len(self._failing)

    def clear(self) -> None:
        """Nobody stands in line any more; those under way go on."""
        self._healthy.clear()
        self._failing.clear()

    def _go(self, line: list[tuple[datetime, ConnectionName]], *, failing: bool) -> ConnectionName | None:
        while line:
            _, name = heapq.heappop(line)
            # A connection that was removed and came back may stand in line twice.
            if name not in self._going:
                self._going[name] = failing
                return name
        return None
