"""Everything that the page of sizes tells, and whether the targets are met."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.figure import Figure
from tests.benchmarks.sizing.a_size import ASize
from tests.benchmarks.sizing.instead import Instead
from tests.benchmarks.throughput import Throughput

_MOST_GROWTH = 0.20
_MOST_MIB = 400
_MOST_LATE = 1.5
_LEAST_THROUGHPUT = 0.90
_LONGEST_BLOCK = 0.1
# From due to written, as the promise counts it: the longest normal refresh and a sweep.
_LONGEST_REFRESH = 46.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """By size, smallest first: what a daemon of that size did, and what a refresh cost it."""

    sizes: tuple[ASize, ...]
    costs: tuple[Throughput, ...]
    instead: Instead

    @property
    def growth(self) -> float:
        """By which share a refresh costs more in the largest fleet than in the smallest, in processor time; each is
        a ratio to the bare loop that took turns with it.
        """
        return self.costs[0].processor_ratio / self.costs[-1].processor_ratio - 1

    def targets(self) -> Iterator[Figure]:
        """What was promised."""
        smallest, largest = self.sizes[0], self.sizes[-1]
        at = f"at {largest.connections:,} connections"
        throughput = min(cost.ratio for cost in self.costs)
        written = max(size.lateness.written for size in self.sizes)
        issues = sum(size.warm_issues for size in self.sizes)
        blocked = max(size.longest_answer for size in self.sizes)
        yield Figure(
            what=f"Growth of a refresh's cost from {smallest.connections:,} connections to {largest.connections:,}",
            measured=f"{self.growth:+.0%}",
            target=f"less than {_MOST_GROWTH:.0%}",
            holds=self.growth < _MOST_GROWTH,
        )
        yield Figure(
            what=f"Memory of the process, {at}",
            measured=f"{largest.resident_kib / 1024:.0f} MiB",
            target=f"under {_MOST_MIB} MiB",
            holds=largest.resident_kib / 1024 < _MOST_MIB,
        )
        yield Figure(
            what=f"Lateness of 99 in 100 refreshes, {at}",
            measured=f"{largest.lateness.most:.2f} s",
            target=f"under {_MOST_LATE} s",
            holds=largest.lateness.most < _MOST_LATE,
        )
        yield Figure(
            what="From due to written, the longest at any size; beyond that a token is below its floor",
            measured=f"{written:.1f} s",
            target=f"under {_LONGEST_REFRESH:.0f} s",
            holds=written < _LONGEST_REFRESH,
        )
        yield Figure(
            what="Throughput over the bare loop's, the lowest at any size",
            measured=f"{throughput:.2f}",
            target=f"at least {_LEAST_THROUGHPUT:.2f}",
            holds=throughput >= _LEAST_THROUGHPUT,
        )
        yield Figure(
            what="Tokens that warm restarts asked Zoho for, at all sizes",
            measured=f"{issues}",
            target="0",
            holds=issues == 0,
        )
        yield Figure(
            what="The longest wait for `/livez`, at any size",
            measured=f"{1000 * blocked:.0f} ms",
            target=f"at most {1000 * _LONGEST_BLOCK:.0f} ms",
            holds=blocked <= _LONGEST_BLOCK,
        )
