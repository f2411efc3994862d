"""PromQL as the dashboard writes it: within the chosen installation, and true with a standby or a shard beside."""

from dataclasses import dataclass
from typing import Final

CHOSEN: Final = 'namespace=~"$namespace",job=~"$job"'


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and what its series are called."""

    expr: str
    legend: str = ""


def ours(metric: str, matchers: str = "") -> str:
    """The metric of ours in the chosen installation."""
    return f"zoho_tokend_{metric}{{{CHOSEN}{',' if matchers else ''}{matchers}}}"


def at_leader(series: str) -> str:
    """Of these series those of processes that refresh: what a standby says of a connection may be old."""
    return f"({series} and on (namespace, job, instance) ({ours('leader')} == 1))"


def latest(metric: str, matchers: str = "") -> str:
    """An instant of each connection, from whichever process knows best; one that never was is left out."""
    return f"(max by (connection) ({ours(metric, matchers)}) > 0)"


def life_left(matchers: str = "") -> str:
    """How long the token of each connection still lives, in seconds."""
    return f"({latest('token_expiry_timestamp_seconds', matchers)} - time())"


def per_minute(counter: str, *labels: str) -> str:
    """How often in a minute, for each value of these labels that came."""
    return f"60 * sum by ({', '.join(labels)}) (rate({ours(counter)}[$__rate_interval])) > 0"


def in_ten_minutes(counter: str, *labels: str) -> str:
    """How often in ten minutes, the window of Zoho's limits, for each value of these labels that came."""
    return f"sum by ({', '.join(labels)}) (increase({ours(counter)}[10m])) > 0"


def quantile(share: float, histogram: str, *labels: str, window: str = "1h") -> str:
    """What so many of the observations did not pass; refreshes are rare, so it is told of the past hour."""
    by = ", ".join(("le", *labels))
    return f"histogram_quantile({share}, sum by ({by}) (rate({ours(f'{histogram}_bucket')}[{window}])))"


SOONEST: Final = f"min({at_leader(ours('soonest_expiry_timestamp_seconds'))}) - time()"
MARGIN: Final = f"min({at_leader(ours('promise_holds_until_timestamp_seconds'))}) - time()"
FLOOR: Final = f"min({ours('floor_seconds')})"
STATE_COUNTS: Final = (
    f"sum by (state) (max by (namespace, job, shard, state) ({ours('connections')}"
    f" * on (namespace, job, instance) group_left (shard) ({ours('leader')} == 1)))"
)
_NOT_WELL: Final = 'state!~"fresh|refreshing"'
THROTTLED: Final = 'outcome="throttled"'
NEED_A_LOOK: Final = (
    f"clamp_min(max by (connection) ({ours('token_expiry_timestamp_seconds')}) - time(), 0) * on (connection)"
    f" group_left (state) max by (connection, state)"
    f" ({at_leader(ours('connection_state', _NOT_WELL) + ' == 1')})"
)
OF_CONNECTIONS: Final = 'connection=~"$connection"'
