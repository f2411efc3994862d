"""The table of our metrics for the README, taken from a live registry: there is no second list."""

from datetime import timedelta
from typing import Final, NamedTuple

from prometheus_client import Metric

from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.facts import ConnectionFacts, State
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.telemetry.connection_series import PerConnection
from zoho_tokend.telemetry.metrics import Metrics
from zoho_tokend.telemetry.series import PREFIX


class MetricRow(NamedTuple):
    """One metric; the label ``le`` of a histogram is left out."""

    name: str
    type: str
    labels: tuple[str, ...]
    help: str


def metric_table() -> list[MetricRow]:
    """Return every metric of our own, by name, without those of Python and of the process."""
    metrics = Metrics(version="", data_centers=(), login_methods=("token",), per_connection=PerConnection.ON)
    families = metrics.scrape((_ANY_CONNECTION,)).collect()
    return sorted(_row(family) for family in families if family.name.startswith(PREFIX))


def _row(family: Metric) -> MetricRow:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = dict.fromkeys(label for sample in family.samples for label in sample.labels if label != "le")
    return MetricRow(name, family.type, tuple(labels), family.documentation)


# The labels of a family are known only from its samples.
_ANY_CONNECTION: Final = ConnectionFacts(
    name=ConnectionName("any"),
    state=State.PENDING,
    data_center=None,
    issued_at=None,
    expires_at=None,
    floor=timedelta(minutes=29),
    next_refresh_at=None,
    last_success_at=None,
    last_attempt_at=None,
    version=0,
    failures=0,
    budget_remaining=0,
    error="any",
    outcome=Outcome.THROTTLED,
)
