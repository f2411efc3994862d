"""The due-queue: who is next, at a cost that grows with what is due and not with how many wait."""

import heapq
from collections.abc import Iterator
from datetime import datetime

from zoho_tokend.core.model import ConnectionName


class DueQueue:
    """A time for each name; a name that is put again has only its new time."""

    __slots__ = ("_at", "_heap")

    def __init__(self) -> None:
        self._at: dict[ConnectionName, datetime] = {}
        # Entries whose time is no longer the name's own are passed over when they come up.
        self._heap: list[tuple[datetime, ConnectionName]] = []

    def put(self, name: ConnectionName, at: datetime) -> None:
        """The name waits until then."""
        if self._at.get(name) == at:
            return
        self._at[name] = at
        heapq.heappush(self._heap, (at, name))
        if len(self._heap) > 2 * len(self._at) + 64:
            self._heap = [(at, name) for name, at in self._at.items()]
            heapq.heapify(self._heap)

    def discard(self, name: ConnectionName) -> None:
        """The name waits no longer."""
        self._at.pop(name, None)

    def pop_due(self, now: datetime) -> Iterator[ConnectionName]:
        """Those whose time has come, soonest first; each waits no longer once it was handed out."""
        while self._heap and self._heap[0][0] <= now:
            at, name = heapq.heappop(self._heap)
            if self._at.get(name) == at:
                del self._at[name]
                yield name

    def when(self, name: ConnectionName) -> datetime | None:
        """Until when the name waits; None when it does not."""
        return self._at.get(name)

    def __len__(self) -> int:
        return len(self._at)
