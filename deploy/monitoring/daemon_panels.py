"""Panels about the daemon itself: Vault beneath it, and which process works."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel

from deploy.monitoring.panels import NONE_IS_GOOD, PLAIN, THIRD, figure, graph, listing, timeline
from deploy.monitoring.queries import (
    CHOSEN,
    Query,
    at_leader,
    ours,
    per_minute,
    quantile,
)

_VAULT_ANSWERS: Final = quantile(0.95, "vault_request_duration_seconds", "operation", window="$__rate_interval")


def vault() -> Sequence[Builder[Panel]]:
    """How Vault answers, and what it has not taken."""
    session = f"min({at_leader(ours('vault_token_expiry_timestamp_seconds'))}) - time()"
    return (
        figure(
            "Vault session ends in",
            Query(session),
            text="Infinite for a token that never ends; negative where there is no session.",
            unit="s",
            steps=((None, "red"), (60, "green")),
            span=THIRD,
        ),
        figure(
            "Tokens that Vault has not taken",
            Query(f"sum({at_leader(ours('unsaved_tokens'))})"),
            text="They are held in memory, and written again.",
            unit="none",
            steps=NONE_IS_GOOD,
            span=THIRD,
        ),
        figure(
            "Writes that found another writer first",
            Query(f"sum(increase({ours('cas_conflicts_total')}[1h]))"),
            text="Within an hour. Each means that a second process refreshes the same connection.",
            unit="none",
            steps=PLAIN,
            span=THIRD,
        ),
        graph(
            "Requests to Vault by answer",
            Query(per_minute("vault_requests_total", "outcome"), "{{outcome}}"),
            text="not_found is an answer too: there is no such record.",
            unit="cpm",
            span=THIRD,
            stacked=True,
        ),
        graph(
            "Vault answers within",
            Query(f"{_VAULT_ANSWERS} >= 0", "{{operation}}, 19 of 20"),
            text="By what it was asked for.",
            unit="s",
            span=THIRD,
        ),
        graph(
            "Logins at Vault",
            Query(f"sum by (method, outcome) ({ours('vault_logins_total')}) > 0", "{{method}}: {{outcome}}"),
            text="Since each process began.",
            unit="none",
            span=THIRD,
        ),
    )


def leadership() -> Sequence[Builder[Panel]]:
    """Which process works, and how it is."""
    return (
        timeline(
            "Who leads",
            Query(f"max by (instance, shard) ({ours('leader')})", "{{instance}}, shard {{shard}}"),
            text="One process of each shard.",
            words={"0": ("stands by", "blue"), "1": ("leads", "green")},
        ),
        graph(
            "The loop was last heard",
            Query(f"max by (instance) (time() - {ours('heartbeat_timestamp_seconds')})", "{{instance}}, ago"),
            Query(f"max by (instance) ({ours('event_loop_lag_seconds')})", "{{instance}}, late by"),
            text="Seconds are well; two minutes are an alert.",
            unit="s",
        ),
        graph(
            "Clocks differ by",
            Query(f"max by (peer) (abs({ours('clock_skew_seconds')}))", "{{peer}}"),
            text="Good to a second; a minute is an alert.",
            unit="s",
            span=THIRD,
        ),
        graph(
            "Memory",
            Query(f"max by (instance) (process_resident_memory_bytes{{{CHOSEN}}})", "{{instance}}"),
            text="What each process holds.",
            unit="bytes",
            span=THIRD,
        ),
        listing(
            "Versions",
            Query(f"max by (instance, version, python) ({ours('build_info')})"),
            text="One row for each process.",
            unit="none",
            span=THIRD,
            columns={"instance": "Process", "version": "Version", "python": "Python", "Value": "Is up"},
        ),
    )
