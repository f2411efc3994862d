"""The metrics: a sink that counts events, and the page that Prometheus scrapes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Metric,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from zoho_tokend.core import events
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.events import Event, Stage
from zoho_tokend.core.facts import ConnectionFacts
from zoho_tokend.telemetry.connection_series import PerConnection, connection_series
from zoho_tokend.telemetry.series import REFRESH, ProcessSeries, ReaderSeries, RefreshSeries, VaultSeries, ZohoSeries

_NEVER: Final = float("inf")

# Without this, each counter and histogram has a gauge of its creation time, which nobody needs.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library does not type it


class Metrics:
    """A sink that counts, and the page that Prometheus scrapes.

    Args:
        version: of the daemon.
        data_centers: the names that have their own label values; any other is counted as ``other``.
        login_methods: the names of the auth methods of Vault.
        shard: the label of ``leader``.
        per_connection: which connections have their own series; may be changed at any time.
    """

    def __init__(
        self,
        *,
        version: str,
        data_centers: Sequence[str],
        login_methods: Sequence[str],
        shard: str = "0",
        per_connection: PerConnection = PerConnection.AUTO,
    ) -> None:
        self.per_connection = per_connection
        self.registry: Final = CollectorRegistry()
        self._process = ProcessSeries(self.registry, version=version, shard=shard)
        self._refreshes = RefreshSeries(self.registry)
        self._readers = ReaderSeries(self.registry)
        self._zoho = ZohoSeries(self.registry, data_centers=data_centers)
        self._vault = VaultSeries(self.registry, login_methods=login_methods)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def promise(self, floor: timedelta) -> None:
        """Set ``floor_seconds``."""
        self._process.floor.set(floor.total_seconds())

    def lead(self, *, leading: bool) -> None:
        """Set ``leader``: whether this process refreshes; initially it does."""
        self._process.leader.set(leading)

    def render(self, connections: Iterable[ConnectionFacts], accept: str) -> tuple[bytes, str]:
        """Return the page and its content type, in the format that an ``Accept`` header prefers.

        May be called from any thread, several at once, while events are counted.
        """
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # a version that is not a number
            encode, content_type = choose_encoder("")
        return encode(self.scrape(connections)), content_type

    def scrape(self, connections: Iterable[ConnectionFacts]) -> Collector:
        """Return a collector of everything on the page, for an encoder to collect once."""
        return _Scrape(self.registry, connections, self.per_connection)

    def __call__(self, event: Event) -> None:  # noqa: C901, PLR0912 - a table, one row for each event
        match event:
            case events.VaultAnswered(operation=operation, outcome=answer, took=took):
                self._vault.requests.labels(operation, answer).inc()
                self._vault.duration.labels(operation).observe(took.total_seconds())
            case events.ZohoAnswered(data_center=data_center, outcome=reply):
                self._zoho.answered(data_center, reply)
            case events.ClockCompared(peer=peer, skew=skew):
                self._process.clock_skew.labels(peer).set(skew.total_seconds())
            case events.Beat(at=at, lag=lag):
                self._process.heartbeat.set(at.timestamp())
                self._process.loop_lag.set(lag.total_seconds())
            case events.Refreshed(outcome=outcome) | events.RefreshFailed(outcome=outcome):
                self._refresh_ended(outcome, event.late, event.took)
            case events.BackgroundTaskCrashed(task=task):
                self._process.crashes.labels(task).inc()
            case events.RefreshCrashed():
                self._process.crashes.labels(REFRESH).inc()
            case events.Conflicted():
                self._refreshes.conflicts.inc()
            case events.RefreshTokenRotated():
                self._refreshes.rotated.inc()
            case events.ReportAnswered(verdict=verdict):
                self._readers.reported.labels(verdict).inc()
            case events.TargetWritten(target=target, error=error):
                self._readers.target_written(target, well=error is None)
            case events.VaultLoggedIn(method=method, outcome=result):
                self._vault.logins.labels(method, result).inc()
            case events.LeaderElected():
                self.lead(leading=True)
            case events.LeaderLost():
                self.lead(leading=False)
            case events.DiscoveryEnded(error=None, ill_named=ill_named):
                self._vault.ill_named.set(ill_named)
            case events.DiscoveryEnded():
                """A failed discovery leaves the last value."""
            case events.VaultSessionChanged(alive=alive, expires_at=expires_at):
                self._vault.token_expiry.set(_session_end(expires_at) if alive else 0)
            case (
                events.Discovered()
                | events.Vanished()
                | events.IllNamed()
                | events.NotDiscovered()
                | events.ClientsUnrestricted()
                | events.GrantShared()
                | events.BudgetUnrecorded()
                | events.TokenDropped()
                | events.RefreshDeferred()
                | events.TokenUnsaved()
                | events.UnsavedTokenExpired()
                | events.Followed()
                | events.LeaderSeen()
                | events.ElectionTroubled()
                | events.Parked()
                | events.Woken()
                | events.ReportsProcessed()
                | events.Started()
                | events.Reloading()
                | events.Reloaded()
                | events.Stopping()
                | events.Stopped()
                | events.DaemonCrashed()
            ):
                """Visible in the connections' states at scrape time, or only in the log."""
            case _:
                assert_never(event)

    def _refresh_ended(self, outcome: Outcome, late: timedelta, took: dict[Stage, timedelta]) -> None:
        self._refreshes.total.labels(outcome).inc()
        self._refreshes.lateness.observe(max(0.0, late.total_seconds()))
        for stage, duration in took.items():
            self._refreshes.duration.labels(stage).observe(duration.total_seconds())


@dataclass(frozen=True, slots=True)
class _Scrape(Collector):
    registry: CollectorRegistry
    connections: Iterable[ConnectionFacts]
    mode: PerConnection

    def collect(self) -> Iterator[Metric]:
        yield from self.registry.collect()
        yield from connection_series(self.connections, self.mode)


def _session_end(expires_at: datetime | None) -> float:
    return _NEVER if expires_at is None else expires_at.timestamp()
