"""The gauges of the connections, made from rows at scrape time: a connection that is gone leaves no stale series."""

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
    """Which connections have their own series: all, none, or (``auto``) in a large fleet only the unhealthy ones."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


def connection_series(rows: Iterable[ConnectionFacts], mode: PerConnection) -> Iterator[Metric]:
    """Yield the counts of all rows, and the series of the rows that ``mode`` selects.

    The rows are iterated once, and of a large fleet only those with series are kept: a hundred thousand at once would
    trigger a garbage collection that visits every object and blocks the event loop.
    """
    fleet = _Fleet.of(rows, mode)
    yield from fleet.series()
    for name, text, value in _GAUGES:
        family = GaugeMetricFamily(f"zoho_tokend_{name}", text, labels=["connection"])
        for row in fleet.shown:
            family.add_metric([row.name], value(row))
        yield family
    yield _states(fleet.shown)
    yield _failures(fleet.shown)


@dataclass(slots=True)
class _Fleet:
    """The totals of all rows, and the rows that have series.

    Attributes:
        soonest: the earliest expiry among connections that do not wait for a person, as a timestamp; infinite if none.
        holds: the last moment at which each of these tokens still has its floor to live.
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
            "How many refreshes are due but wait, by what they wait for: the budget of their refresh token "
            "or the limit of their client.",
            labels=["limit"],
        )
        for limit in Limit:
            deferred.add_metric([limit], self.deferred[limit])
        yield deferred
        yield GaugeMetricFamily(
            "zoho_tokend_unsaved_tokens",
            "How many issued tokens are not yet saved in Vault; they are held in memory, and the write is retried.",
            value=self.counts[State.UNSAVED],
        )
        yield GaugeMetricFamily(
            "zoho_tokend_soonest_expiry_timestamp_seconds",
            "The earliest expiry of a token whose connection does not wait for a person; +Inf if there is none.",
            value=self.soonest,
        )
        yield GaugeMetricFamily(
            "zoho_tokend_promise_holds_until_timestamp_seconds",
            "The last moment at which each of these tokens still has its floor to live, if none is replaced; "
            "+Inf if there is none.",
            value=self.holds,
        )


def _is_shown(row: ConnectionFacts, mode: PerConnection, *, large: bool) -> bool:
    match mode:
        case PerConnection.ON:
            return True
        case PerConnection.OFF:
            return False
        case PerConnection.AUTO:
            return not large or row.state not in HEALTHY or row.outcome is not None  # a retry under way is no recovery


def _states(rows: Sequence[ConnectionFacts]) -> Metric:
    """The present state alone: a series for every other would be most of what a connection costs."""
    family = GaugeMetricFamily(
        "zoho_tokend_connection_state",
        "1 for the state that the connection is in; there is no series for any other.",
        labels=["connection", "state"],
    )
    for row in rows:
        family.add_metric([row.name, row.state], 1)
    return family


def _failures(rows: Sequence[ConnectionFacts]) -> Metric:
    family = GaugeMetricFamily(
        "zoho_tokend_connection_failure",
        "1 for how the connection's last refresh failed; there is no series once a refresh has succeeded.",
        labels=["connection", "outcome"],
    )
    for row in rows:
        if row.outcome is not None:
            family.add_metric([row.name, row.outcome], 1)
    return family


def _instant(moment: datetime | None) -> float:
    return 0.0 if moment is None else moment.timestamp()


_GAUGES: Final[Sequence[tuple[str, str, Callable[[ConnectionFacts], float]]]] = (
    (
        "token_expiry_timestamp_seconds",
        "When the token in Vault expires; 0 if there is none.",
        lambda row: _instant(row.expires_at),
    ),
    (
        "connection_floor_seconds",
        "The shortest remaining life that a reader ever finds in the connection's tokens.",
        lambda row: row.floor.total_seconds(),
    ),
    (
        "token_issued_timestamp_seconds",
        "When Zoho issued the token in Vault; 0 if there is none.",
        lambda row: _instant(row.issued_at),
    ),
    (
        "next_refresh_timestamp_seconds",
        "When the next refresh, retry or probe is due; 0 while one is running.",
        lambda row: _instant(row.next_refresh_at),
    ),
    (
        "last_success_timestamp_seconds",
        "When a refresh last succeeded; 0 if none has since the start.",
        lambda row: _instant(row.last_success_at),
    ),
    (
        "consecutive_failures",
        "How many refreshes have failed since the last success.",
        lambda row: row.failures,
    ),
    (
        "issue_budget_remaining",
        "How many more tokens may be issued with the connection's refresh token in the current ten minutes.",
        lambda row: nan if row.budget_remaining is None else row.budget_remaining,
    ),
)
