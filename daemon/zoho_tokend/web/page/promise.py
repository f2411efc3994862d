"""Whether the promise is kept right now, judged for the whole fleet from the tokens that stand in Vault. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from zoho_tokend.core.facts import HEALTHY, ConnectionFacts, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How the promise stands.

    Attributes:
        connections: how many there are.
        awaited: of how many the first token is being asked for, and nothing has gone wrong.
        lapsed: of how many no living token stands in Vault, beyond those.
        short: of how many the token lives, for less than the floor.
        troubled: how many are not well although a job finds what it was promised.
        tightest: the living token that is nearest to its floor, or farthest below; None when there is none.
    """

    connections: int = 0
    awaited: int = 0
    lapsed: int = 0
    short: int = 0
    troubled: int = 0
    tightest: ConnectionFacts | None = None

    @property
    def broken(self) -> int:
        """For how many connections it is not kept."""
        return self.lapsed + self.short


def promise(rows: Iterable[ConnectionFacts], now: datetime) -> Promise:
    """How the promise stands for these connections."""
    connections = awaited = lapsed = short = troubled = 0
    tightest, least = None, timedelta.max
    for row in rows:
        connections += 1
        if row.state is State.REVOKED:
            continue  # A person ended it: nothing is promised.
        if row.expires_at is None or row.expires_at <= now:
            first = row.state is State.PENDING and row.error is None
            awaited, lapsed = awaited + first, lapsed + (not first)
            continue
        margin = row.expires_at - now - row.floor
        if margin < least:
            tightest, least = row, margin
        if margin < timedelta():
            short += 1
        elif row.state not in HEALTHY:
            troubled += 1
    return Promise(
        connections=connections, awaited=awaited, lapsed=lapsed, short=short, troubled=troubled, tightest=tightest
    )
