"""How much a daemon needs for so many connections: from the figures of docs/benchmarks.md, never from a guess."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

from zoho_tokend.core.policy import ZOHO_LIFETIME, Policy

FIGURES: Final = Path(__file__).parents[3] / "docs" / "benchmarks.md"
SIZES: Final = (100, 1_000, 10_000, 50_000)
# A quarter more than was measured, in whole steps; a request is what a node keeps free, a limit is what kills.
_HEADROOM: Final = 1.25
_MIB_STEP: Final = 64
_MILLICORE_STEP: Final = 50
_LIMIT: Final = 2
# The spread moves a due time forward by up to a tenth of the lead: in the mean by half of that.
_MEAN_SPREAD: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the benchmark found out about one daemon at the default settings.

    Attributes:
        connections: so many there were.
        mib: the memory that it then held, and with no connection.
        refresh_ms: processor time of a refresh.
        rest_share: the share of a core that it takes with nothing due.
        ready_seconds: from its start until it was ready, and with no connection.
    """

    connections: int
    mib: tuple[float, float]
    refresh_ms: float
    rest_share: float
    ready_seconds: tuple[float, float]


@dataclass(frozen=True)
class Size:
    """A daemon with so many connections, in proportion to the one that was measured."""

    connections: int
    measured: Measured

    @property
    def refreshes_a_second(self) -> float:
        """In the mean, at the default settings."""
        lead = Policy().lead(ZOHO_LIFETIME)
        return self.connections / (ZOHO_LIFETIME - lead * (1 + _MEAN_SPREAD)).total_seconds()

    @property
    def millicores(self) -> float:
        return self.refreshes_a_second * self.measured.refresh_ms + 1000 * self.measured.rest_share

    @property
    def mib(self) -> float:
        return self._scaled(*self.measured.mib)

    @property
    def ready_seconds(self) -> float:
        return self._scaled(*self.measured.ready_seconds)

    @property
    def requests(self) -> dict[str, str]:
        """As Kubernetes takes them."""
        cpu = _stepped(self.millicores * _HEADROOM, _MILLICORE_STEP)
        return {"cpu": f"{cpu}m", "memory": f"{self._memory}Mi"}

    @property
    def limits(self) -> dict[str, str]:
        """No limit of processor time: it would only make refreshes late."""
        return {"memory": f"{self._memory * _LIMIT}Mi"}

    @property
    def _memory(self) -> int:
        return max(_stepped(self.mib * _HEADROOM, _MIB_STEP), 2 * _MIB_STEP)

    def _scaled(self, full: float, empty: float) -> float:
        return empty + (full - empty) * self.connections / self.measured.connections


def measured() -> Measured:
    """What stands in docs/benchmarks.md."""
    page = FIGURES.read_text()
    ((many, full, empty),) = re.findall(
        r"^\| Resident memory .* at ([\d,]+) connections \|.*\((\d+) MiB against (\d+) MiB\)", page, re.MULTILINE
    )
    (refresh,) = re.findall(r"^\| Processor time of a refresh.*\([\d.]+ ms against ([\d.]+) ms\)", page, re.MULTILINE)
    (rest,) = re.findall(rf"^\| Share of a core at rest, at {many} connections.*?\| ([\d.]+)% ", page, re.MULTILINE)
    ((ready, ready_empty),) = re.findall(
        rf"^\| .* until it is ready, at {many} connections.*?\| ([\d.]+) s \(an empty daemon: ([\d.]+) s\)",
        page,
        re.MULTILINE,
    )
    return Measured(
        connections=int(many.replace(",", "")),
        mib=(float(full), float(empty)),
        refresh_ms=float(refresh),
        rest_share=float(rest) / 100,
        ready_seconds=(float(ready), float(ready_empty)),
    )


def sizing_rows() -> Iterator[Sequence[str]]:
    """A row of the page for each size."""
    found = measured()
    for size in (Size(connections, found) for connections in SIZES):
        yield (
            f"{size.connections:,}",
            f"{size.refreshes_a_second:.2f}",
            f"{size.millicores:.0f}m",
            f"{size.mib:.0f} MiB",
            f"{size.ready_seconds:.0f} s",
            f"`cpu: {size.requests['cpu']}`, `memory: {size.requests['memory']}`",
            f"`memory: {size.limits['memory']}`",
        )


def _stepped(value: float, step: int) -> int:
    return ceil(value / step) * step
