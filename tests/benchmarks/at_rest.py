"""What connections cost that have nothing to do: the memory of a daemon over that of an empty one, its processor time,
and how long it takes to learn of them all at its start.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

from tests.benchmarks.daemon_process import DaemonProcess, running_daemon
from tests.benchmarks.figure import Figure
from tests.benchmarks.filling import fill, names
from tests.benchmarks.token_server import TokenServer
from tests.support.clocks.wall_clock import WallClock
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout

_MOST_KIB = 4.0
_MOST_SHARE = 0.01
# After a start the daemon still does what it put off; only then it rests.
_SETTLING_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A daemon that rests.

    Attributes:
        connections: how many it says that it knows, and that have nothing to do.
        ready_after: seconds from its start until it had discovered all of them.
        resident_kib: the memory that it holds in the end.
        busy: seconds of processor time while it rested.
    """

    connections: int
    ready_after: float
    resident_kib: int
    busy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRest:
    """Two daemons that rested equally long, one with connections and one without."""

    rested: timedelta
    discover_every: timedelta
    empty: Rest
    full: Rest

    @property
    def kib_each(self) -> float:
        """The memory of one connection."""
        return (self.full.resident_kib - self.empty.resident_kib) / self.full.connections

    @property
    def share(self) -> float:
        """The share of one processor core that the full daemon takes."""
        return self.full.busy / self.rested.total_seconds()

    def figures(self) -> list[Figure]:
        at = f"at {self.full.connections:,} connections"
        seconds = f"{self.rested.total_seconds():.0f} s"
        return [
            Figure(
                what=f"Resident memory of a connection over an empty daemon, {at}",
                measured=f"{self.kib_each:.1f} KiB "
                f"({self.full.resident_kib / 1024:.0f} MiB against {self.empty.resident_kib / 1024:.0f} MiB)",
                target=f"at most {_MOST_KIB:g} KiB",
                holds=self.kib_each <= _MOST_KIB,
            ),
            Figure(
                what=f"Share of a core at rest, {at}, with a discovery every {self.discover_every.seconds} s",
                measured=f"{self.share:.2%} (an empty daemon: {self.empty.busy / self.rested.total_seconds():.2%}; "
                f"over {seconds})",
                target=f"at most {_MOST_SHARE:.0%}",
                holds=self.share <= _MOST_SHARE,
            ),
            Figure(
                what=f"From the start of the process until it is ready, {at} that have a token",
                measured=f"{self.full.ready_after:.1f} s (an empty daemon: {self.empty.ready_after:.1f} s)",
            ),
        ]


async def measure(
    vault: OpenBao, zoho: TokenServer, *, connections: int, rest: timedelta, discover_every: timedelta
) -> AtRest:
    """The token records were issued just before, so that nothing is due; the daemons run one after the other."""
    who, issued_at = names(connections), WallClock().now()
    await fill(vault, Layout(prefix="rest"), who, accounts_server=zoho.origin, tokens_from=issued_at)
    layouts = (Layout(prefix="nothing"), Layout(prefix="rest"))
    resting = [await _rest(vault, zoho, layout, rest=rest, discover_every=discover_every) for layout in layouts]
    return AtRest(rested=rest, discover_every=discover_every, empty=resting[0], full=resting[1])


async def _rest(
    vault: OpenBao, zoho: TokenServer, layout: Layout, *, rest: timedelta, discover_every: timedelta
) -> Rest:
    begun = time.monotonic()
    async with running_daemon(vault, layout, accounts_server=zoho.origin, discover_every=discover_every) as daemon:
        await daemon.ready()
        ready_after = time.monotonic() - begun
        await asyncio.sleep(_SETTLING_SECONDS)
        busy = await _busy(daemon, rest)
        resident_kib = daemon.resident_kib
        return Rest(connections=await daemon.fresh(), ready_after=ready_after, resident_kib=resident_kib, busy=busy)


async def _busy(daemon: DaemonProcess, span: timedelta) -> float:
    before = daemon.processor_seconds
    await asyncio.sleep(span.total_seconds())
    return daemon.processor_seconds - before
