"""The gauges of the connections, made at scrape time from rows: a connection that is gone leaves no stale series."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import chain, islice
from math import inf, nan
from typing import Final, Self

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from zoho_tokend.core.facts import HEALTHY, WAITING_FOR_A_PERSON, ConnectionFacts, Limit, State

LARGE_FLEET: Final = 2_000


class PerConnection(StrEnum):
    """Which connections have series of their own: all, none, or (``auto``) the unhealthy ones of a large fleet."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


def connection_series(rows: Iterable[ConnectionFacts], mode: PerConnection) -> Iterator[Metric]:
    """The counts of all rows, and the series of those that ``mode`` lets through.

    The rows are gone through once, and of a large fleet none is kept but those that have series: a hundred thousand
    at once would call for a garbage collection that visits every object there is, and stops the event loop meanwhile.
    """
    fleet = _Fleet.of(rows, mode)
    yield from fleet.series()
    for name, text, value in _GAUGES:
        family = GaugeMetricFamily(f"zoho_tokend_{name}", text, labels=["connection"])
        for row in fleet.shown:
            family.add_metric([row.name], value(row))
        yield family
    yield _states(fleet.shown)


@dataclass(slots=True)
class _Fleet:
    """What all rows come to, and the rows that are shown one by one.

    Attributes:
        soonest: when the first token ends of all that wait for no person, as a timestamp; infinite when there is none.
        holds: until when each of these has its floor to live.
    """

    counts: Counter[State] = field(default_factory=Counter)
    deferred: Counter[Limit] = field(default_factory=Counter)
    soonest: float = inf
    holds: float = inf
    shown: list[ConnectionFacts] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[ConnectionFacts], mode: PerConnection) -> Self:
        fleet, coming = cls(), iter(rows)
        first = list(islice(coming, LARGE_FLEET + 1))
        large = len(first) > LARGE_FLEET
        for row in chain(first, coming):
            fleet._add(row, shown=_is_shown(row, mode, large=large))
        return fleet

    def _add(self, row: ConnectionFacts, *, shown: bool) -> None:
        self.counts[row.state] += 1
        if row.deferred_by is not None:
            self.deferred[row.deferred_by] += 1
        if row.expires_at is not None and row.state not in WAITING_FOR_A_PERSON:
            self.soonest = min(self.soonest, row.expires_at.timestamp())
            self.holds = min(self.holds, (row.expires_at - row.floor).timestamp())
        if shown:
            self.shown.append(row)

    def series(self) -> Iterator[Metric]:
        states = GaugeMetricFamily(
            "zoho_tokend_connections", "How many connections are in each state.", labels=["state"]
        )
        for state in State:
            states.add_metric([state], self.counts[state])
        yield states
        deferred = GaugeMetricFamily(
            "zoho_tokend_deferred_refreshes",
            "How many refreshes are due and wait, by what they wait for: the budget of their refresh token, "
            "or the limit of their client.",
            labels=["limit"],
        )
        for limit in Limit:
            deferred.add_metric([limit], self.deferred[limit])
        yield deferred
        yield GaugeMetricFamily(
            "zoho_tokend_unsaved_tokens",
            "How many tokens Zoho has issued that Vault has not taken yet; they are held in memory and written again.",
            value=self.counts[State.UNSAVED],
        )
        yield GaugeMetricFamily(
            "zoho_tokend_soonest_expiry_timestamp_seconds",
            "When the first token ends of all that wait for no person; +Inf when there is none.",
            value=self.soonest,
        )
        yield GaugeMetricFamily(
            "zoho_tokend_promise_holds_until_timestamp_seconds",
            "Until when each of these tokens has its floor to live, were none of them replaced; "
            "+Inf when there is none.",
            value=self.holds,
        )


def _is_shown(row: ConnectionFacts, mode: PerConnection, *, large: bool) -> bool:
    match mode:
        case PerConnection.ON:
            return True
        case PerConnection.OFF:
            return False
        case PerConnection.AUTO:
            return not large or row.state not in HEALTHY


def _states(rows: Sequence[ConnectionFacts]) -> Metric:
    family = GaugeMetricFamily(
        "zoho_tokend_connection_state",
        "1 for the state that the connection is in, 0 for every other.",
        labels=["connection", "state"],
    )
    for row in rows:
        for state in State:
            family.add_metric([row.name, state], row.state is state)
    return family


def _instant(moment: datetime | None) -> float:
    return 0.0 if moment is None else moment.timestamp()


_GAUGES: Final[Sequence[tuple[str, str, Callable[[ConnectionFacts], float]]]] = (
    (
        "token_expiry_timestamp_seconds",
        "When the token that stands in Vault ends; 0 when there is none.",
        lambda row: _instant(row.expires_at),
    ),
    (
        "connection_floor_seconds",
        "The least life that a reader may ever find in the connection's tokens.",
        lambda row: row.floor.total_seconds(),
    ),
    (
        "token_issued_timestamp_seconds",
        "When Zoho issued the token that stands in Vault; 0 when there is none.",
        lambda row: _instant(row.issued_at),
    ),
    (
        "next_refresh_timestamp_seconds",
        "When the next refresh, retry or probe is due; 0 while one is under way.",
        lambda row: _instant(row.next_refresh_at),
    ),
    (
        "last_success_timestamp_seconds",
        "When a refresh last brought a token; 0 when none has since the start.",
        lambda row: _instant(row.last_success_at),
    ),
    (
        "consecutive_failures",
        "How many refreshes have failed since the last that did not.",
        lambda row: row.failures,
    ),
    (
        "issue_budget_remaining",
        "How many tokens may still be issued for the connection's refresh token in the present ten minutes.",
        lambda row: nan if row.budget_remaining is None else row.budget_remaining,
    ),
)
