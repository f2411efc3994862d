"""The metrics: events counted as they come, connections and their states read at scrape time.

Timestamps and never ages; every series is there, at 0, from the first scrape.
"""

import platform
from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final, assert_never

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Gauge,
    Histogram,
    Metric,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from zoho_tokend.core import events
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.events import Event, LoginOutcome, Peer, Stage, VaultOperation, VaultOutcome, ZohoOutcome
from zoho_tokend.core.facts import ConnectionFacts
from zoho_tokend.telemetry.connection_series import PerConnection, connection_series

OTHER_DATA_CENTER: Final = "other"

_DURATIONS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LATENESS: Final = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
_NEVER: Final = float("inf")

# Counters and histograms would each be followed by a gauge of when they were made, which nobody asks for.
disable_created_metrics()


class Metrics:
    """A sink that counts, and the page that Prometheus scrapes.

    Args:
        version: of this program.
        data_centers: the names that are labels of their own; any other is told as ``other``.
        login_methods: the names of the ways to log in at Vault.
    """

    def __init__(
        self,
        *,
        version: str,
        data_centers: Sequence[str],
        login_methods: Sequence[str],
        per_connection: PerConnection = PerConnection.AUTO,
    ) -> None:
        self.registry: Final = CollectorRegistry()
        self.per_connection = per_connection
        self._data_centers: Final = frozenset(data_centers)
        self._describe_process(version)
        self._describe_refreshes()
        self._describe_zoho((*data_centers, OTHER_DATA_CENTER))
        self._describe_vault(login_methods)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
