"""All benchmarks, one after the other, on servers of their own."""

from dataclasses import dataclass
from datetime import timedelta

from tests.benchmarks import at_rest, idle_sweep, reader_speed, status_page, throughput
from tests.benchmarks.at_rest import AtRest
from tests.benchmarks.figure import Figure
from tests.benchmarks.idle_sweep import IdleSweep
from tests.benchmarks.reader_speed import ReaderSpeed
from tests.benchmarks.status_page import StatusPage
from tests.benchmarks.throughput import Throughput
from tests.benchmarks.token_server import token_server
from zoho_tokend.demo.openbao import OpenBao


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    refreshed: int
    pairs: int
    resting: int
    rest: timedelta
    discover_every: timedelta
    few: int
    many: int
    sweeps: int
    reads: int
    rounds: int


WHOLE = Size(
    refreshed=200,
    pairs=15,
    resting=10_000,
    rest=timedelta(seconds=40),
    discover_every=timedelta(seconds=30),
    few=100,
    many=100_000,
    sweeps=2_000,
    reads=100,
    rounds=21,
)
QUICK = Size(
    refreshed=4,
    pairs=2,
    resting=10,
    rest=timedelta(seconds=1),
    discover_every=timedelta(seconds=1),
    few=10,
    many=100,
    sweeps=20,
    reads=5,
    rounds=3,
)
_CONCURRENCY = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What came out."""

    throughput: Throughput
    at_rest: AtRest
    idle_sweep: IdleSweep
    status_page: StatusPage
    reader_speed: ReaderSpeed

    @property
    def ratios(self) -> dict[str, float]:
        """What may be compared from one machine to another."""
        return {
            "throughput": self.throughput.ratio,
            "processor": self.throughput.processor_ratio,
            "kib_each": self.at_rest.kib_each,
            "share": self.at_rest.share,
            "sweep": self.idle_sweep.ratio,
            "status_page": self.status_page.ratio,
            "hold": self.status_page.hold,
            "reader": self.reader_speed.ratio,
        }

    def figures(self) -> list[Figure]:
        """Every line of the page."""
        parts = (self.throughput, self.at_rest, self.idle_sweep, self.status_page, self.reader_speed)
        return [figure for part in parts for figure in part.figures()]


async def measure_all(size: Size) -> Findings:
    """The findings at this size; nothing that was started runs on."""
    with OpenBao() as vault, token_server() as zoho:
        return Findings(
            throughput=await throughput.measure(
                vault, zoho, connections=size.refreshed, pairs=size.pairs, concurrency=_CONCURRENCY
            ),
            at_rest=await at_rest.measure(
                vault, zoho, connections=size.resting, rest=size.rest, discover_every=size.discover_every
            ),
            idle_sweep=idle_sweep.measure(few=size.few, many=size.many, sweeps=size.sweeps, rounds=size.rounds),
            status_page=await status_page.measure(connections=size.resting, rounds=size.rounds),
            reader_speed=await reader_speed.measure(vault, reads=size.reads, rounds=size.rounds),
        )
