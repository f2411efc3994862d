"""The gauges of the connections, made at scrape time from rows: a connection that is gone leaves no stale series."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from zoho_tokend.core.facts import HEALTHY, WAITING_FOR_A_PERSON, ConnectionFacts, State

LARGE_FLEET: Final = 2_000


class PerConnection(StrEnum):
    """Which connections have series of their own: all, none, or (``auto``) the unhealthy ones of a large fleet."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


def connection_series(rows: Sequence[ConnectionFacts], mode: PerConnection) -> Iterator[Metric]:
    """The counts of all rows, and the series of those that ``mode`` lets through."""
    yield _counts(rows)
    yield _unsaved(rows)
    yield from _promise(rows)
    shown = _shown(rows, mode)
    for name, text, value in _GAUGES:
        family = GaugeMetricFamily(f"zoho_tokend_{name}", text, labels=["connection"])
        for row in shown:
            family.add_metric([row.name], value(row))
        yield family
    yield _states(shown)


def _shown(rows: Sequence[ConnectionFacts], mode: PerConnection) -> Sequence[ConnectionFacts]:
    match mode:
        case PerConnection.ON:
            return rows
        case PerConnection.OFF:
            return ()
        case PerConnection.AUTO:
            return rows if len(rows) <= LARGE_FLEET else [row for row in rows if row.state not in HEALTHY]


def _counts(rows: Sequence[ConnectionFacts]) -> Metric:
    family = GaugeMetricFamily("zoho_tokend_connections", "How many connections are in each state.", labels=["state"])
    counts = Counter(row.state for row in rows)
    for state in State:
        family.add_metric([state], counts[state])
    return family


def _unsaved(rows: Sequence[ConnectionFacts]) -> Metric:
    return GaugeMetricFamily(
        "zoho_tokend_unsaved_tokens",
        "How many tokens Zoho has issued that Vault has not taken yet; they are held in memory and written again.",
        value=sum(row.state is State.UNSAVED for row in rows),
    )


def _promise(rows: Sequence[ConnectionFacts]) -> Iterator[Metric]:
    """The promise for the whole fleet, however large it is, and whichever connections have series of their own."""
    kept = [row for row in rows if row.state not in WAITING_FOR_A_PERSON]
    yield GaugeMetricFamily(
        "zoho_tokend_soonest_expiry_timestamp_seconds",
        "When the first token ends of all that wait for no person; +Inf when there is none.",
        value=_first(row.expires_at for row in kept),
    )
    yield GaugeMetricFamily(
        "zoho_tokend_promise_holds_until_timestamp_seconds",
        "Until when each of these tokens has its floor to live, were none of them replaced; +Inf when there is none.",
        value=_first(row.expires_at and row.expires_at - row.floor for row in kept),
    )


def _first(moments: Iterable[datetime | None]) -> float:
    return min((moment.timestamp() for moment in moments if moment is not None), default=inf)


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
        lambda row: row.budget_remaining,
    ),
)
