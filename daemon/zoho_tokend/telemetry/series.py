"""The series that are counted as events come, each with its name, its labels and one sentence of help.

Every combination of label values is made at once, at 0, so that a rate never misses its first step.
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
"""What may crash beside the rest: the work on one connection, and the commands of the run loop."""

_DURATIONS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LATENESS: Final = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


class ProcessSeries:
    """The daemon itself."""

    def __init__(self, registry: CollectorRegistry, *, version: str, shard: str) -> None:
        build = Gauge(
            f"{PREFIX}build_info",
            "Always 1; the labels tell the version of the daemon and of Python.",
            ("version", "python"),
            registry=registry,
        )
        build.labels(version, platform.python_version()).set(1)
        self.floor = Gauge(
            f"{PREFIX}floor_seconds",
            "The least life that a reader may ever find in a token, as the settings promise it.",
            registry=registry,
        )
        leader = Gauge(
            f"{PREFIX}leader",
            "1 where this process refreshes the shard's connections, 0 where it stands by.",
            ("shard",),
            registry=registry,
        )
        self.leader = leader.labels(shard)
        self.leader.set(1)
        self.heartbeat = Gauge(
            f"{PREFIX}heartbeat_timestamp_seconds",
            "When the run loop last answered the clockwork; 0 before it first did.",
            registry=registry,
        )
        self.loop_lag = Gauge(
            f"{PREFIX}event_loop_lag_seconds",
            "How late the event loop last answered the clockwork.",
            registry=registry,
        )
        self.clock_skew = Gauge(
            f"{PREFIX}clock_skew_seconds",
            "How far the peer's clock is ahead of ours, good to a second.",
            ("peer",),
            registry=registry,
        )
        _at_zero(self.clock_skew, Peer)
        self.crashes = Counter(
            f"{PREFIX}background_task_crashes_total",
            "How many times a task met an error that nobody foresaw, by the task; it begins anew, all else goes on.",
            ("task",),
            registry=registry,
        )
        _at_zero(self.crashes, BACKGROUND_TASKS)


class RefreshSeries:
    """Refreshes, and what they leave behind."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.total = Counter(
            f"{PREFIX}refreshes_total",
            "How many refreshes ended, by how they ended.",
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
            "How long after they were due refreshes started.",
            buckets=_LATENESS,
            registry=registry,
        )
        self.conflicts = Counter(
            f"{PREFIX}cas_conflicts_total",
            "How many writes of a token record found that another writer was first.",
            registry=registry,
        )
        self.rotated = Counter(
            f"{PREFIX}rotated_refresh_tokens_total",
            "How many times Zoho answered with another refresh token than the one it was asked with.",
            registry=registry,
        )


class ReaderSeries:
    """What is done for readers beside the refreshes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.reported = Counter(
            f"{PREFIX}reported_tokens_total",
            "How many reports of readers that a token has died early were answered, by what was found.",
            ("verdict",),
            registry=registry,
        )
        _at_zero(self.reported, Verdict)
        self._targets = Counter(
            f"{PREFIX}target_writes_total",
            "How many times a publish target was made to tell a token, by its shape and by how that ended.",
            ("target", "outcome"),
            registry=registry,
        )
        _at_zero(self._targets, Shape, ("success", "failure"))

    def told(self, target: Shape, *, well: bool) -> None:
        """A publish target was made to tell a token, or was not."""
        self._targets.labels(target, "success" if well else "failure").inc()


class ZohoSeries:
    """Requests to Zoho's token endpoint."""

    def __init__(self, registry: CollectorRegistry, *, data_centers: Sequence[str]) -> None:
        self._known = frozenset(data_centers)
        self._requests = Counter(
            f"{PREFIX}zoho_requests_total",
            "How many requests went to Zoho's token endpoint, by data centre and by how it answered.",
            ("data_center", "outcome"),
            registry=registry,
        )
        _at_zero(self._requests, (*data_centers, OTHER_DATA_CENTER), ZohoOutcome)

    def answered(self, data_center: str, outcome: ZohoOutcome) -> None:
        """One more answer is counted, under ``other`` where the data centre is none that we know."""
        self._requests.labels(data_center if data_center in self._known else OTHER_DATA_CENTER, outcome).inc()


class VaultSeries:
    """Requests to Vault, and the session with it."""

    def __init__(self, registry: CollectorRegistry, *, login_methods: Sequence[str]) -> None:
        self.requests = Counter(
            f"{PREFIX}vault_requests_total",
            "How many requests went to Vault, by what it was asked for and by how it answered.",
            ("operation", "outcome"),
            registry=registry,
        )
        _at_zero(self.requests, VaultOperation, VaultOutcome)
        self.duration = Histogram(
            f"{PREFIX}vault_request_duration_seconds",
            "How long Vault took to answer, by what it was asked for.",
            ("operation",),
            buckets=_DURATIONS,
            registry=registry,
        )
        _at_zero(self.duration, VaultOperation)
        self.token_expiry = Gauge(
            f"{PREFIX}vault_token_expiry_timestamp_seconds",
            "When the token of the Vault session ends; +Inf when it never does, 0 when there is no session.",
            registry=registry,
        )
        self.ill_named = Gauge(
            f"{PREFIX}ill_named_records",
            "How many records among the credentials have no connection's name, and are passed over.",
            registry=registry,
        )
        self.logins = Counter(
            f"{PREFIX}vault_logins_total",
            "How many logins at Vault ended, by method and by how they ended.",
            ("method", "outcome"),
            registry=registry,
        )
        _at_zero(self.logins, login_methods, LoginOutcome)


def _at_zero(series: MetricWrapperBase, *label_values: Iterable[str]) -> None:
    for combination in product(*label_values):
        series.labels(*combination)
