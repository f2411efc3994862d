"""Panels about what jobs read: the promise, the connections, their refreshes, and what of Zoho's budget is left."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel

from deploy.monitoring.panels import FULL, NONE_IS_GOOD, PLAIN, THIRD, figure, graph, listing
from deploy.monitoring.queries import (
    CHOSEN,
    FLOOR,
    MARGIN,
    NEED_A_LOOK,
    OF_CONNECTIONS,
    SOONEST,
    STATE_COUNTS,
    THROTTLED,
    Query,
    at_leader,
    in_ten_minutes,
    life_left,
    ours,
    quantile,
)

# The same shares of the floor as in the alerts.
_PER_FLOOR: Final = ((None, "red"), (0.25, "orange"), (0.5, "yellow"), (1, "green"))
_STATES: Final = {
    "fresh": "green",
    "refreshing": "semi-dark-green",
    "pending": "blue",
    "failing": "yellow",
    "throttled": "orange",
    "unsaved": "purple",
    "expired": "red",
    "needs_consent": "dark-red",
    "revoked": "text",
    "misconfigured": "super-light-red",
}


def promise() -> Sequence[Builder[Panel]]:
    """Whether jobs find what they were promised."""
    return (
        figure(
            "Least life against its floor",
            Query(f"1 + ({MARGIN}) / {FLOOR}"),
            text="From 1 on the promise is kept. Below a half it warns, below a quarter it pages, at 0 one is dead.",
            unit="percentunit",
            steps=_PER_FLOOR,
        ),
        figure(
            "Least life of any token",
            Query(SOONEST),
            text="What a job finds at worst, if it reads now. Connections that wait for a person are left out.",
            unit="s",
            steps=PLAIN,
        ),
        figure(
            "Floor",
            Query(FLOOR),
            text="The least life that the settings promise for Zoho's one-hour tokens.",
            unit="s",
            steps=PLAIN,
        ),
        figure(
            "Alerts that fire",
            Query(f'count(ALERTS{{alertstate="firing",alertname=~"Zoho.*",{CHOSEN}}}) or vector(0)'),
            text="Each has a section in docs/runbook.md.",
            unit="none",
            steps=NONE_IS_GOOD,
        ),
        graph(
            "Least life of any published token, and the floor",
            Query(SOONEST, "least life"),
            Query(FLOOR, "floor"),
            Query(MARGIN, "above its own floor by"),
            text="The least life stays above the floor: that is the promise. One with its own refresh_at has a floor of"
            " its own: below nought, the third line says that it is missed.",
            unit="s",
            span=FULL,
            colors={"least life": "green", "floor": "red", "above its own floor by": "blue"},
        ),
    )


def fleet() -> Sequence[Builder[Panel]]:
    """How the connections are."""
    return (
        graph(
            "Connections by state",
            Query(STATE_COUNTS, "{{state}}"),
            text="Every connection is in one state; README.md tells what each means, and who acts.",
            unit="none",
            stacked=True,
            colors=_STATES,
        ),
        listing(
            "Connections that need a look",
            Query(NEED_A_LOOK),
            text="Those that are not well now. zoho-tokend connections show NAME tells why.",
            unit="s",
            columns={"connection": "Connection", "state": "State", "Value": "Life left"},
        ),
        graph(
            "Life left, of the twenty that end first",
            Query(f"bottomk(20, {life_left(OF_CONNECTIONS)})", "{{connection}}"),
            text="A saw: each token is replaced long before its end. In large fleets only those that are not well.",
            unit="s",
            span=FULL,
        ),
    )


def refreshes() -> Sequence[Builder[Panel]]:
    """What came of the refreshes, and how long they took."""
    return (
        graph(
            "Refreshes by outcome",
            Query(in_ten_minutes("refreshes_total", "outcome"), "{{outcome}}"),
            text="In ten minutes each. Only outcomes that came are shown.",
            unit="none",
            stacked=True,
        ),
        graph(
            "A refresh takes",
            Query(quantile(0.5, "refresh_duration_seconds", "stage"), "{{stage}}, half"),
            Query(quantile(0.95, "refresh_duration_seconds", "stage"), "{{stage}}, 19 of 20"),
            text="At Zoho, at Vault, and in total.",
            unit="s",
        ),
        graph(
            "Refreshes start late by",
            Query(quantile(0.5, "refresh_lateness_seconds"), "half"),
            Query(quantile(0.9, "refresh_lateness_seconds"), "9 of 10"),
            text="How long after they were due. Minutes mean that there is more to do than one process can.",
            unit="s",
        ),
        graph(
            "Requests to Zoho by answer",
            Query(in_ten_minutes("zoho_requests_total", "data_center", "outcome"), "{{data_center}}: {{outcome}}"),
            text="In ten minutes each: every request to a token endpoint, by data centre.",
            unit="none",
            stacked=True,
        ),
    )


def budget() -> Sequence[Builder[Panel]]:
    """What of Zoho's allowance is spent."""
    left = f"min by (connection) ({at_leader(ours('issue_budget_remaining', OF_CONNECTIONS))})"
    return (
        graph(
            "Issues left in the present ten minutes, of the ten with the fewest",
            Query(f"bottomk(10, {left})", "{{connection}}"),
            text="Zoho allows ten for one refresh token; two are left to people and other tools.",
            unit="none",
            span=THIRD,
        ),
        graph(
            "Throttled answers",
            Query(
                f"sum(increase({ours('zoho_requests_total', THROTTLED)}[10m]))",
                "throttled",
            ),
            text="In ten minutes. Each cools a connection for as long.",
            unit="none",
            span=THIRD,
        ),
        graph(
            "Refreshes that are due and wait",
            Query(f"sum by (limit) ({at_leader(ours('deferred_refreshes'))})", "{{limit}}"),
            text="For the budget of their refresh token, or for the limit of their client.",
            unit="none",
            span=THIRD,
        ),
        graph(
            "Reports that a token has died early",
            Query(f"sum by (verdict) (increase({ours('reported_tokens_total')}[1h]))", "{{verdict}}"),
            text="Within an hour, by readers, and what Zoho said when it was asked.",
            unit="none",
            span=THIRD,
        ),
        graph(
            "Writes of publish targets",
            Query(
                f"sum by (target, outcome) (increase({ours('target_writes_total')}[1h]))",
                "{{target}}, {{outcome}}",
            ),
            text="Within an hour. One that failed is tried again; the token record never waits for it.",
            unit="none",
            span=THIRD,
        ),
    )
