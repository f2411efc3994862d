"""Which connections are due, and which of them get a slot: a bulkhead for each accounts server."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

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


# A server that answers nobody is tried at most ten times a second, however many connections wait for it.
_BETWEEN_TRIES: Final = timedelta(milliseconds=100)


class Rank(IntEnum):
    """Who is served first."""

    WELL = 0
    UNPROVEN = 1
    FAILING = 2
    UNAVAILABLE = 3


@dataclass(slots=True)
class _Server:
    """One accounts server: who waits for it, and what it has answered.

    Attributes:
        answered: it has answered at least once in this process.
        unavailable: its last request brought no usable answer.
    """

    healthy: list[tuple[datetime, ConnectionName]] = field(default_factory=list)
    failing: list[tuple[datetime, ConnectionName]] = field(default_factory=list)
    answered: bool = False
    unavailable: bool = False
    next_try_at: datetime | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether nobody waits for it, and nothing is known of it."""
        return not (self.healthy or self.failing or self.answered or self.unavailable)


@dataclass(frozen=True, slots=True)
class _Place:
    server: str | None
    failing: bool


class Bulkheads:
    """The queue of those that are due, and the bound on how many go at once.

    Of all places, servers that have not answered yet in this process hold at most half, and one of them a quarter;
    servers that are unavailable hold a quarter, and one of them an eighth; connections that fail at a server that is
    well hold half. Among those of one rank the server with the fewest places in use comes first, then the soonest
    expiry. Work that needs Vault alone (``server`` None) is never held up by a server.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._servers: dict[str | None, _Server] = {None: _Server(answered=True)}
        self._queued: dict[ConnectionName, _Place] = {}
        self._going: dict[ConnectionName, _Place] = {}
        self._in_use: Counter[_Place] = Counter()

    @property
    def going(self) -> frozenset[ConnectionName]:
        """Those that are under way."""
        return frozenset(self._going)

    @property
    def queued(self) -> frozenset[ConnectionName]:
        """Those that wait for a place."""
        return frozenset(self._queued)

    def enqueue(self, name: ConnectionName, *, server: str | None, expires_at: datetime, failing: bool) -> None:
        """Queue the name for a place at this server."""
        place = _Place(server, failing)
        if self._queued.get(name) == place:
            return
        self._queued[name] = place
        queues = self._servers.setdefault(server, _Server())
        heapq.heappush(queues.failing if failing else queues.healthy, (expires_at, name))

    def next_ready(self, now: datetime) -> ConnectionName | None:
        """Give the next name its place; None when nobody waits, or no place is free for those that do."""
        if len(self._going) >= self._places:
            return None
        in_use, by_rank = defaultdict[str | None, int](int), defaultdict[Rank, int](int)
        for place, number in self._in_use.items():
            in_use[place.server] += number
            by_rank[self._rank(place)] += number
        ready: list[tuple[Rank, int, datetime, str | None, bool]] = []
        for key, server in tuple(self._servers.items()):
            for failing, queue in ((False, server.healthy), (True, server.failing)):
                if not queue:
                    continue
                place = _Place(key, failing)
                head, rank = self._head(queue, place), self._rank(place)
                if head is not None and self._has_room(rank, by_rank[rank], in_use[key], server, now):
                    ready.append((rank, in_use[key], head, key, failing))
            if not in_use.get(key) and server.is_unknown:
                del self._servers[key]
        if not ready:
            return None
        *_, key, failing = min(ready, key=lambda each: each[:3])
        server = self._servers[key]
        _, name = heapq.heappop(server.failing if failing else server.healthy)
        self._occupy(name, self._queued.pop(name))
        server.next_try_at = now + _BETWEEN_TRIES
        return name

    def server_of(self, name: ConnectionName) -> str | None:
        """At which server the name holds its place; None where it needs Vault alone."""
        return self._going[name].server

    def hold(self, name: ConnectionName) -> None:
        """Give the name a place past the queue and the bound: for the stop, when nothing is queued any more."""
        self._queued.pop(name, None)
        self._occupy(name, _Place(None, failing=False))

    def release(self, name: ConnectionName) -> None:
        """Free the name's place."""
        if (place := self._going.pop(name, None)) is not None:
            self._in_use[place] -= 1
            if not self._in_use[place]:
                del self._in_use[place]

    def discard(self, name: ConnectionName) -> None:
        """Take the name out of the queue."""
        self._queued.pop(name, None)

    def close(self) -> None:
        """Empty the queue: nobody gets a place any more, and those under way go on."""
        self._queued.clear()

    def answered(self, server: str) -> None:
        """Note that the server gave a usable answer, be it a refusal."""
        state = self._servers.setdefault(server, _Server())
        state.answered, state.unavailable = True, False

    def unavailable(self, server: str) -> None:
        """Note that the server gave no usable answer."""
        self._servers.setdefault(server, _Server()).unavailable = True

    def _occupy(self, name: ConnectionName, place: _Place) -> None:
        self.release(name)
        self._going[name] = place
        self._in_use[place] += 1

    def _rank(self, place: _Place) -> Rank:
        server = self._servers[place.server]
        if server.unavailable:
            return Rank.UNAVAILABLE
        if not server.answered:
            return Rank.UNPROVEN
        return Rank.FAILING if place.failing else Rank.WELL

    def _has_room(self, rank: Rank, rank_in_use: int, server_in_use: int, server: _Server, now: datetime) -> bool:
        match rank:
            case Rank.WELL:
                return True
            case Rank.UNPROVEN:
                return rank_in_use < self._share(2) and server_in_use < self._share(4)
            case Rank.FAILING:
                return rank_in_use < self._share(2)
            case Rank.UNAVAILABLE:
                rested = server.next_try_at is None or server.next_try_at <= now
                return rested and rank_in_use < self._share(4) and server_in_use < self._share(8)

    def _share(self, part: int) -> int:
        return max(self._places // part, 1)

    def _head(self, queue: list[tuple[datetime, ConnectionName]], place: _Place) -> datetime | None:
        """The soonest expiry in the queue, past the names that were taken out of it or queued elsewhere since."""
        while queue:
            expires_at, name = queue[0]
            if name in self._going:
                self._queued.pop(name, None)  # It was forgotten and found again while under way: it returns by itself.
            elif self._queued.get(name) == place:
                return expires_at
            heapq.heappop(queue)
        return None
