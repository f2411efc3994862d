"""The series that events update, each with its name, its labels and one sentence of help.

Every combination of label values is created at 0, so that a rate never misses the first increment.
"""

import platform
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.events import LoginOutcome, Peer, Stage, VaultOperation, VaultOutcome, ZohoOutcome
from zoho_tokend.core.reports import Verdict
from zoho_tokend.core.targets import Shape

PREFIX: Final = "zoho_tokend_"
OTHER_DATA_CENTER: Final = "other"
REFRESH: Final = "refresh"
BACKGROUND_TASKS: Final = (REFRESH, "sweep", "discover", "process-reports", "follow-targets")
"""What may crash without stopping the daemon: the work on one connection, and the commands of the run loop."""

_DURATIONS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LATENESS: Final = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


class ProcessSeries:
    """The daemon itself."""

    def __init__(self, registry: CollectorRegistry, *, version: str, shard: str) -> None:
        build = Gauge(
            f"{PREFIX}build_info",
            "Always 1; the labels are the version of the daemon and of Python.",
            ("version", "python"),
            registry=registry,
        )
        build.labels(version, platform.python_version()).set(1)
        self.floor = Gauge(
            f"{PREFIX}floor_seconds",
            "The shortest remaining life that a reader ever finds in a token, as the settings promise.",
            registry=registry,
        )
        leader = Gauge(
            f"{PREFIX}leader",
            "1 if this process refreshes the shard's connections, 0 if it is a standby.",
            ("shard",),
            registry=registry,
        )
        self.leader = leader.labels(shard)
        self.leader.set(1)
        self.heartbeat = Gauge(
            f"{PREFIX}heartbeat_timestamp_seconds",
            "When the run loop last processed a heartbeat; 0 before the first one.",
            registry=registry,
        )
        self.loop_lag = Gauge(
            f"{PREFIX}event_loop_lag_seconds",
            "How late the event loop processed the last heartbeat.",
            registry=registry,
        )
        self.clock_skew = Gauge(
            f"{PREFIX}clock_skew_seconds",
            "How far the peer's clock is ahead of ours, accurate to a second.",
            ("peer",),
            registry=registry,
        )
        _at_zero(self.clock_skew, Peer)
        self.crashes = Counter(
            f"{PREFIX}background_task_crashes_total",
            "How many unexpected errors a background task has met, by task; it is started again, and the rest goes on.",
            ("task",),
            registry=registry,
        )
        _at_zero(self.crashes, BACKGROUND_TASKS)


class RefreshSeries:
    """Refreshes, and what they leave behind."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.total = Counter(
            f"{PREFIX}refreshes_total",
            "How many refreshes have ended, by outcome.",
            ("outcome",),
            registry=registry,
        )
        _at_zero(self.total, Outcome)
        self.duration = Histogram(
            f"{PREFIX}refresh_duration_seconds",
            "How long refreshes took: at Zoho, at Vault, and in total.",
            ("stage",),
            buckets=_DURATIONS,
            registry=registry,
        )
        _at_zero(self.duration, Stage)
        self.lateness = Histogram(
            f"{PREFIX}refresh_lateness_seconds",
            "How long after it was due each refresh started.",
            buckets=_LATENESS,
            registry=registry,
        )
        self.conflicts = Counter(
            f"{PREFIX}cas_conflicts_total",
            "How many writes of a token record were refused because another writer was first.",
            registry=registry,
        )
        self.rotated = Counter(
            f"{PREFIX}rotated_refresh_tokens_total",
            "How many times Zoho returned a different refresh token from the one that was sent.",
            registry=registry,
        )


class ReaderSeries:
    """Readers' reports and publish targets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.reported = Counter(
            f"{PREFIX}reported_tokens_total",
            "How many readers' reports of tokens that died early were processed, by what was found.",
            ("verdict",),
            registry=registry,
        )
        _at_zero(self.reported, Verdict)
        self._targets = Counter(
            f"{PREFIX}target_writes_total",
            "How many writes of a token to a publish target have ended, by the target's shape and by outcome.",
            ("target", "outcome"),
            registry=registry,
        )
        _at_zero(self._targets, Shape, ("success", "failure"))

    def target_written(self, target: Shape, *, well: bool) -> None:
        """Count a write to a publish target."""
        self._targets.labels(target, "success" if well else "failure").inc()


class ZohoSeries:
    """Requests to Zoho's token endpoint."""

    def __init__(self, registry: CollectorRegistry, *, data_centers: Sequence[str]) -> None:
        self._known = frozenset(data_centers)
        self._requests = Counter(
            f"{PREFIX}zoho_requests_total",
            "How many requests were sent to Zoho's token endpoint, by data centre and outcome.",
            ("data_center", "outcome"),
            registry=registry,
        )
        _at_zero(self._requests, (*data_centers, OTHER_DATA_CENTER), ZohoOutcome)

    def answered(self, data_center: str, outcome: ZohoOutcome) -> None:
        """Count an answer; one of an unknown data centre is counted as ``other``."""
        self._requests.labels(data_center if data_center in self._known else OTHER_DATA_CENTER, outcome).inc()


class VaultSeries:
    """Requests to Vault, and the session with it."""

    def __init__(self, registry: CollectorRegistry, *, login_methods: Sequence[str]) -> None:
        self.requests = Counter(
            f"{PREFIX}vault_requests_total",
            "How many requests were sent to Vault, by operation and outcome.",
            ("operation", "outcome"),
            registry=registry,
        )
        _at_zero(self.requests, VaultOperation, VaultOutcome)
        self.duration = Histogram(
            f"{PREFIX}vault_request_duration_seconds",
            "How long Vault took to answer, by operation.",
            ("operation",),
            buckets=_DURATIONS,
            registry=registry,
        )
        _at_zero(self.duration, VaultOperation)
        self.token_expiry = Gauge(
            f"{PREFIX}vault_token_expiry_timestamp_seconds",
            "When the token of the Vault session expires; +Inf if it never does, 0 without a session.",
            registry=registry,
        )
        self.ill_named = Gauge(
            f"{PREFIX}ill_named_records",
            "How many records among the credentials are ignored because their name is not valid for a connection.",
            registry=registry,
        )
        self.logins = Counter(
            f"{PREFIX}vault_logins_total",
            "How many logins to Vault have ended, by method and outcome.",
            ("method", "outcome"),
            registry=registry,
        )
        _at_zero(self.logins, login_methods, LoginOutcome)


def _at_zero(series: MetricWrapperBase, *label_values: Iterable[str]) -> None:
    for combination in product(*label_values):
        series.labels(*combination)
