"""The queue of due connections, and the slots that they get: a bulkhead for each accounts server."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from zoho_tokend.core.model import ConnectionName


class DueQueue:
    """Names by their due time; a name that is put again has only its new time."""

    __slots__ = ("_at", "_heap")

    def __init__(self) -> None:
        self._at: dict[ConnectionName, datetime] = {}
        # Entries with an outdated time are skipped when they come up.
        self._heap: list[tuple[datetime, ConnectionName]] = []

    def put(self, name: ConnectionName, at: datetime) -> None:
        """Let the name wait until then."""
        if self._at.get(name) == at:
            return
        self._at[name] = at
        heapq.heappush(self._heap, (at, name))
        if len(self._heap) > 2 * len(self._at) + 64:
            self._heap = [(at, name) for name, at in self._at.items()]
            heapq.heapify(self._heap)

    def discard(self, name: ConnectionName) -> None:
        """Remove the name."""
        self._at.pop(name, None)

    def pop_due(self, now: datetime) -> Iterator[ConnectionName]:
        """Remove and yield the names whose time has come, soonest first."""
        while self._heap and self._heap[0][0] <= now:
            at, name = heapq.heappop(self._heap)
            if self._at.get(name) == at:
                del self._at[name]
                yield name

    def when(self, name: ConnectionName) -> datetime | None:
        """Return until when the name waits; None when it does not."""
        return self._at.get(name)

    def __len__(self) -> int:
        return len(self._at)


# An unavailable server is tried at most ten times a second, however many connections wait for it.
_BETWEEN_TRIES: Final = timedelta(milliseconds=100)


class Rank(IntEnum):
    """The order in which slots are given, best first."""

    WELL = 0
    UNPROVEN = 1
    FAILING = 2
    UNAVAILABLE = 3


@dataclass(slots=True)
class _Server:
    """One accounts server: the names that wait for it, and how it has answered.

    Attributes:
        answered: whether it has answered at least once in this process.
        unavailable: whether its last request got no usable answer.
    """

    healthy: list[tuple[datetime, ConnectionName]] = field(default_factory=list)
    failing: list[tuple[datetime, ConnectionName]] = field(default_factory=list)
    answered: bool = False
    unavailable: bool = False
    next_try_at: datetime | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether no name waits for it, and nothing is known of it."""
        return not (self.healthy or self.failing or self.answered or self.unavailable)


@dataclass(frozen=True, slots=True)
class _Slot:
    server: str | None
    failing: bool


class Bulkheads:
    """The queue of due connections, and the bound on how many run at once.

    Servers that have not answered yet in this process hold at most half of all slots, and each of them a quarter.
    Unavailable servers hold at most a quarter, and each of them an eighth. Failing connections of a server that answers
    hold at most half. Within a rank the server with the fewest slots in use comes first, then the soonest expiry. Work
    that needs Vault alone (``server`` None) never waits for a server.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._servers: dict[str | None, _Server] = {None: _Server(answered=True)}
        self._queued: dict[ConnectionName, _Slot] = {}
        self._going: dict[ConnectionName, _Slot] = {}
        self._in_use: Counter[_Slot] = Counter()

    @property
    def going(self) -> frozenset[ConnectionName]:
        """The names that are under way."""
        return frozenset(self._going)

    @property
    def queued(self) -> frozenset[ConnectionName]:
        """The names that wait for a slot."""
        return frozenset(self._queued)

    def enqueue(self, name: ConnectionName, *, server: str | None, expires_at: datetime, failing: bool) -> None:
        """Queue the name for a slot at this server."""
        slot = _Slot(server, failing)
        if self._queued.get(name) == slot:
            return
        self._queued[name] = slot
        queues = self._servers.setdefault(server, _Server())
        heapq.heappush(queues.failing if failing else queues.healthy, (expires_at, name))

    def next_ready(self, now: datetime) -> ConnectionName | None:
        """Give the next name a slot and return it; None when no name waits, or no slot is free for those that do."""
        if len(self._going) >= self._slots:
            return None
        in_use, by_rank = defaultdict[str | None, int](int), defaultdict[Rank, int](int)
        for slot, number in self._in_use.items():
            in_use[slot.server] += number
            by_rank[self._rank(slot)] += number
        ready: list[tuple[Rank, int, datetime, str | None, bool]] = []
        for key, server in tuple(self._servers.items()):
            for failing, queue in ((False, server.healthy), (True, server.failing)):
                if not queue:
                    continue
                slot = _Slot(key, failing)
                head, rank = self._head(queue, slot), self._rank(slot)
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
        """Return the server at which the name holds its slot; None where it needs Vault alone."""
        return self._going[name].server

    def hold(self, name: ConnectionName) -> None:
        """Give the name a slot past the queue and the bound: for the shutdown, after `close`."""
        self._queued.pop(name, None)
        self._occupy(name, _Slot(None, failing=False))

    def release(self, name: ConnectionName) -> None:
        """Free the name's slot."""
        if (slot := self._going.pop(name, None)) is not None:
            self._in_use[slot] -= 1
            if not self._in_use[slot]:
                del self._in_use[slot]

    def discard(self, name: ConnectionName) -> None:
        """Take the name out of the queue."""
        self._queued.pop(name, None)

    def close(self) -> None:
        """Empty the queue: no name gets a slot any more, and those under way go on."""
        self._queued.clear()

    def answered(self, server: str) -> None:
        """Note that the server gave a usable answer, if only a rejection."""
        state = self._servers.setdefault(server, _Server())
        state.answered, state.unavailable = True, False

    def unavailable(self, server: str) -> None:
        """Note that the server gave no usable answer."""
        self._servers.setdefault(server, _Server()).unavailable = True

    def _occupy(self, name: ConnectionName, slot: _Slot) -> None:
        self.release(name)
        self._going[name] = slot
        self._in_use[slot] += 1

    def _rank(self, slot: _Slot) -> Rank:
        server = self._servers[slot.server]
        if server.unavailable:
            return Rank.UNAVAILABLE
        if not server.answered:
            return Rank.UNPROVEN
        return Rank.FAILING if slot.failing else Rank.WELL

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
        return max(self._slots // part, 1)

    def _head(self, queue: list[tuple[datetime, ConnectionName]], slot: _Slot) -> datetime | None:
        """Return the soonest expiry in the queue, after dropping names that were removed or queued elsewhere since."""
        while queue:
            expires_at, name = queue[0]
            if name in self._going:
                self._queued.pop(name, None)  # Forgotten and found again while under way: its release queues it again.
            elif self._queued.get(name) == slot:
                return expires_at
            heapq.heappop(queue)
        return None
