"""What is shown of a fleet: whether the promise is kept, and which connections a page lists. Pure.

A page lists the connections in one state or in all, trouble first.
"""

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core.facts import HEALTHY, WAITING_FOR_A_PERSON, ConnectionFacts, State

LONGEST_PAGE: Final = 1_000
PAGE: Final = 200

TROUBLE_FIRST: Final = (
    State.EXPIRED,
    State.NEEDS_CONSENT,
    State.MISCONFIGURED,
    State.UNSAVED,
    State.FAILING,
    State.THROTTLED,
    State.PENDING,
    State.REVOKED,
    State.REFRESHING,
    State.FRESH,
)
Position = tuple[int, str]
BEGINNING: Final[Position] = (-1, "")

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")
_RANK: Final = {state: rank for rank, state in enumerate(TROUBLE_FIRST)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How well the promise is kept. Each connection counts at most once.

    Attributes:
        connections: how many there are.
        awaited: how many are about to get their first token, without any failure.
        lapsed: how many have a token that has expired, and are retried.
        short: how many have a live token, with less than the floor left.
        waiting: how many wait for a person and have no token with the floor left.
        unproven: how many never had a token, and failed to get one.
        troubled: how many are unhealthy although their tokens are good.
        revoked: how many grants a person ended: nothing is promised.
        tightest: the connection whose live token is nearest to its floor, or farthest below; None if there is none.
    """

    connections: int = 0
    awaited: int = 0
    lapsed: int = 0
    short: int = 0
    waiting: int = 0
    unproven: int = 0
    troubled: int = 0
    revoked: int = 0
    tightest: ConnectionFacts | None = None

    @property
    def broken(self) -> int:
        """How many connections it is no longer kept for."""
        return self.lapsed + self.short

    @property
    def stuck(self) -> int:
        """How many have no good token, and need a person."""
        return self.waiting + self.unproven


def promise(rows: Iterable[ConnectionFacts], now: datetime) -> Promise:
    """Return how well the promise is kept for these connections."""
    counts: Counter[str] = Counter()
    tightest, least = None, timedelta.max
    for row in rows:
        counts["connections"] += 1
        if category := _category(row, now):
            counts[category] += 1
        if row.state is State.REVOKED or row.expires_at is None or row.expires_at <= now:
            continue
        margin = row.expires_at - now - row.floor
        if margin < least:
            tightest, least = row, margin
    return Promise(**counts, tightest=tightest)


def _category(row: ConnectionFacts, now: datetime) -> str:
    """Return which count of a `Promise` the connection belongs to; empty where it is healthy."""
    if row.state is State.REVOKED:
        return "revoked"
    if row.expires_at is not None and row.expires_at - now >= row.floor:
        return "" if row.state in HEALTHY else "troubled"
    if row.state in WAITING_FOR_A_PERSON:
        return "waiting"
    if row.expires_at is None:
        return "awaited" if row.state is State.PENDING and row.error is None else "unproven"
    return "short" if row.expires_at > now else "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a reader asked to see.

    Attributes:
        state: show only this state; None shows all.
        search: show only connections whose name contains this text, in upper or lower case.
        after: where the previous page ended: the rank of the last connection's state, and its name.
    """

    state: State | None = None
    search: str = ""
    limit: int = PAGE
    after: Position = BEGINNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a listing.

    Attributes:
        counts: how many connections of the whole fleet are in each state; every state has an entry.
        matching: how many connections match the selection, on all pages.
        first: the number of the first row among them, from 1.
        before: the ``after`` of the previous page; None where this is the first.
        after: the ``after`` of the next page; None where this is the last.
    """

    counts: Mapping[State, int]
    rows: Sequence[ConnectionFacts]
    matching: int
    first: int
    before: str | None
    after: str | None


def parse_selection(parameters: Mapping[str, str]) -> Selection:
    """Parse the parameters ``state``, ``search``, ``limit`` and ``after`` of a query.

    Raises:
        ValueError: one of them is not valid; the text says what is.
    """
    state, limit = parameters.get("state") or None, parameters.get("limit", str(PAGE))
    if state is not None and state not in _RANK:
        raise ValueError(f"state is one of {', '.join(sorted(State))}")
    if not _NUMBER.fullmatch(limit) or int(limit) > LONGEST_PAGE:
        raise ValueError(f"limit is a number from 1 to {LONGEST_PAGE}")
    return Selection(
        state=State(state) if state is not None else None,
        search=parameters.get("search", ""),
        limit=int(limit),
        after=_parse_after(parameters.get("after")),
    )


def select(connections: Sequence[ConnectionFacts], selection: Selection) -> Listing:
    """Return the page of the connections, by state, trouble first, and by name within a state.

    A page starts after the position where the previous one ended, not after a number of rows, so that connections which
    change their state between two pages neither hide nor repeat the others.
    """
    search = selection.search.casefold()
    wanted = [
        row
        for row in connections
        if (selection.state is None or row.state is selection.state) and search in row.name.casefold()
    ]
    behind = [row for row in wanted if _position(row) > selection.after]
    rows = heapq.nsmallest(selection.limit + 1, behind, key=_position)
    page = rows[: selection.limit]
    counts = Counter(row.state for row in connections)
    return Listing(
        counts={state: counts[state] for state in TROUBLE_FIRST},
        rows=page,
        matching=len(wanted),
        first=len(wanted) - len(behind) + 1,
        before=_before(wanted, selection),
        after=_text(_position(page[-1])) if len(rows) > len(page) else None,
    )


def _before(wanted: Sequence[ConnectionFacts], selection: Selection) -> str | None:
    """Return the position after which the previous page starts; empty for the beginning."""
    if selection.after == BEGINNING:
        return None
    ahead = (row for row in wanted if _position(row) <= selection.after)
    nearest = heapq.nlargest(selection.limit + 1, ahead, key=_position)
    return _text(_position(nearest[-1])) if len(nearest) > selection.limit else ""


def _position(row: ConnectionFacts) -> Position:
    return _RANK[row.state], row.name


def _text(position: Position) -> str:
    return "{}:{}".format(*position)


def _parse_after(text: str | None) -> Position:
    if not text:
        return BEGINNING
    rank, colon, name = text.partition(":")
    if not (colon and rank in map(str, _RANK.values())):
        raise ValueError("after must be the value that the previous page gave")
    return int(rank), name
