"""What is shown of a fleet: how the promise stands for all of it, and which connections a page lists. Pure.

A page lists those in one state or in all, trouble first.
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
Place = tuple[int, str]
BEGINNING: Final[Place] = (-1, "")

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")
_RANK: Final = {state: rank for rank, state in enumerate(TROUBLE_FIRST)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How the promise stands. Each connection counts once at most.

    Attributes:
        connections: how many there are.
        awaited: of how many the first token is being asked for, and nothing has gone wrong.
        lapsed: how many had a token, which has ended, and are tried again.
        short: how many have a token that lives, for less than the floor.
        waiting: how many wait for a person and have no token that lives as long as promised.
        unproven: how many never had a token, and were refused one.
        troubled: how many are not well although a job finds what it was promised.
        revoked: of how many a person ended the grant: nothing is promised.
        tightest: the living token that is nearest to its floor, or farthest below; None when there is none.
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
        """For how many connections it was kept once, and is not any more."""
        return self.lapsed + self.short

    @property
    def stuck(self) -> int:
        """How many have no good token, and it is not for us to get one."""
        return self.waiting + self.unproven


def promise(rows: Iterable[ConnectionFacts], now: datetime) -> Promise:
    """Return how the promise stands for these connections."""
    counts: Counter[str] = Counter()
    tightest, least = None, timedelta.max
    for row in rows:
        counts["connections"] += 1
        if standing := _standing(row, now):
            counts[standing] += 1
        if row.state is State.REVOKED or row.expires_at is None or row.expires_at <= now:
            continue
        margin = row.expires_at - now - row.floor
        if margin < least:
            tightest, least = row, margin
    return Promise(**counts, tightest=tightest)


def _standing(row: ConnectionFacts, now: datetime) -> str:
    """Return which number of a `Promise` counts the connection; empty where it is well."""
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
    """What was asked for.

    Attributes:
        state: show this state alone; None shows all.
        search: show connections whose name contains this text alone, be it in capitals or not.
        after: where the page before ended: the rank of the last connection's state, and its name.
    """

    state: State | None = None
    search: str = ""
    limit: int = PAGE
    after: Place = BEGINNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is shown.

    Attributes:
        counts: how many connections are in each state, every state named, whatever was asked for.
        matching: how many connections were asked for, on whatever page.
        first: which of them the first row is, counted from 1.
        before: what to ask for to get the page before; None when this is the first.
        after: what to ask for to get the next page; None when this is the last.
    """

    counts: Mapping[State, int]
    rows: Sequence[ConnectionFacts]
    matching: int
    first: int
    before: str | None
    after: str | None


def parse_selection(parameters: Mapping[str, str]) -> Selection:
    """The selection that the parameters ``state``, ``search``, ``limit`` and ``after`` of a query ask for.

    Raises:
        ValueError: one of them is not what it must be; the text says what would be.
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
    """The page of the connections, by state, trouble first, and by name within a state.

    A page starts behind the place where the one before ended, not behind a number of rows, so that connections which
    change their state between two pages neither hide nor repeat the others.
    """
    search = selection.search.casefold()
    wanted = [
        row
        for row in connections
        if (selection.state is None or row.state is selection.state) and search in row.name.casefold()
    ]
    behind = [row for row in wanted if _place(row) > selection.after]
    rows = heapq.nsmallest(selection.limit + 1, behind, key=_place)
    page = rows[: selection.limit]
    counts = Counter(row.state for row in connections)
    return Listing(
        counts={state: counts[state] for state in TROUBLE_FIRST},
        rows=page,
        matching=len(wanted),
        first=len(wanted) - len(behind) + 1,
        before=_before(wanted, selection),
        after=_text(_place(page[-1])) if len(rows) > len(page) else None,
    )


def _before(wanted: Sequence[ConnectionFacts], selection: Selection) -> str | None:
    """Where the page before the page before ended, behind which the page before starts; empty for the beginning."""
    if selection.after == BEGINNING:
        return None
    ahead = (row for row in wanted if _place(row) <= selection.after)
    nearest = heapq.nlargest(selection.limit + 1, ahead, key=_place)
    return _text(_place(nearest[-1])) if len(nearest) > selection.limit else ""


def _place(row: ConnectionFacts) -> Place:
    return _RANK[row.state], row.name


def _text(place: Place) -> str:
    return "{}:{}".format(*place)


def _parse_after(text: str | None) -> Place:
    if not text:
        return BEGINNING
    rank, colon, name = text.partition(":")
    if not (colon and rank in map(str, _RANK.values())):
        raise ValueError("after is what the page before told")
    return int(rank), name
