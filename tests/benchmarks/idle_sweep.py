"""What a sweep costs that finds nothing due, in a small fleet and in one a thousand times as large."""

import time
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.figure import Figure
from tests.benchmarks.filling import names
from tests.support.samples.builders import NOON, a_record
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import Published
from zoho_tokend.core.policy import Policy

_LARGEST_RATIO = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleSweep:
    """The cost of one sweep, in seconds, in either fleet."""

    few: int
    many: int
    few_seconds: float
    many_seconds: float

    @property
    def ratio(self) -> float:
        """How many times as much a sweep costs in the large fleet."""
        return self.many_seconds / self.few_seconds

    def figures(self) -> list[Figure]:
        microseconds = f"{self.few_seconds * 1e6:.2f} µs against {self.many_seconds * 1e6:.2f} µs"
        return [
            Figure(
                what=f"A sweep with nothing due, at {self.many:,} connections over one at {self.few:,}",
                measured=f"{self.ratio:.2f} ({microseconds})",
                target=f"at most {_LARGEST_RATIO:g}",
                holds=self.ratio <= _LARGEST_RATIO,
            )
        ]


def measure(*, few: int, many: int, sweeps: int, rounds: int) -> IdleSweep:
    """The median of some rounds, in which the two take turns."""
    fleets = [a_fleet_at_rest(few), a_fleet_at_rest(many)]
    costs = [[_cost(fleet, sweeps) for fleet in fleets] for _ in range(rounds)]
    few_seconds, many_seconds = (median(costs_of_one) for costs_of_one in zip(*costs, strict=True))
    return IdleSweep(few=few, many=many, few_seconds=few_seconds, many_seconds=many_seconds)


def a_fleet_at_rest(size: int) -> Fleet:
    """So many connections, each with a token that is not due at noon."""
    fleet = Fleet(Policy(), places=16)
    for name in names(size):
        fleet.add(name, Published(version=1, record=a_record(name)), NOON)
    return fleet


def _cost(fleet: Fleet, sweeps: int) -> float:
    """What the run loop asks of the fleet at each sweep."""
    begun = time.perf_counter()
    for _ in range(sweeps):
        fleet.enqueue_due(NOON)
        assert fleet.next_ready(NOON) is None
    return (time.perf_counter() - begun) / sweeps
