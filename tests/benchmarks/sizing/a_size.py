"""One size of fleet: a warm restart, a rest, a watch at the rate of everyday, and a cold start with everything expired.

The daemon is a process of its own, at a real OpenBao server. Its records are laid out so that nothing is due while it
starts; from then on they come due as in a fleet that has run for hours, a thirtieth of it each minute.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.benchmarks.daemon_process import DaemonProcess, running_daemon
from tests.benchmarks.filling import fill, names, publish
from tests.benchmarks.sizing.patience import patient_probe
from tests.benchmarks.token_server import TokenServer
from tests.support.clocks.wall_clock import WallClock
from tests.support.samples.builders import a_record
from tests.support.servers.openbao import Admin, new_corner
from zoho_tokend.core.jitter import fraction
from zoho_tokend.core.model import ConnectionName, TokenRecord
from zoho_tokend.core.policy import ZOHO_LIFETIME, Policy
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout

_DISCOVER_EVERY = timedelta(seconds=30)
_LEAD = Policy().lead(ZOHO_LIFETIME)
# What a start may take before the first record comes due, beyond what each connection adds to it: twice what it took on
# a quick machine, for a slower one has to be through as well.
_START = timedelta(seconds=20)
_START_OF_EACH = timedelta(milliseconds=4)
_SETTLING = 2.0
_GLANCE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How late refreshes began, in seconds: the shares and the worst; and the longest from due to written."""

    refreshes: int
    half: float
    most: float
    worst: float
    written: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ASize:
    """What came out.

    Attributes:
        resident_kib: the most memory that the daemon held in the everyday.
        busy: the share of a core that it took with nothing due.
        warm_seconds: from its start until it knew every connection; ``warm_issues`` are the tokens that cost.
        longest_answer: the longest in seconds that a probe waited in the everyday.
        cold_seconds: from the start with everything expired until everything was fresh.
    """

    connections: int
    resident_kib: int
    busy: float
    warm_seconds: float
    warm_issues: int
    lateness: Lateness
    longest_answer: float
    cold_seconds: float


async def measure(
    vault: OpenBao, admin: Admin, zoho: TokenServer, *, connections: int, watch: timedelta, start: timedelta = _START
) -> ASize:
    """The findings at this size, the everyday watched for so long."""
    who, prefix = names(connections), f"of-{connections}"
    everyday = Layout(prefix=prefix, tokens_mount=new_corner(admin).mount)
    expired = Layout(prefix=prefix, tokens_mount=new_corner(admin).mount)
    await fill(vault, everyday, who, accounts_server=zoho.origin)
    begun = time.monotonic()
    await publish(vault, expired, (_expired(name) for name in who))
    publishing = timedelta(seconds=time.monotonic() - begun)
    first_due = WallClock().now() + start + 1.5 * publishing + connections * _START_OF_EACH
    await publish(vault, everyday, _everyday(who, first_due))
    begun, issued = time.monotonic(), zoho.issued
    async with running_daemon(vault, everyday, accounts_server=zoho.origin, discover_every=_DISCOVER_EVERY) as daemon:
        await daemon.ready(within=_seconds_until(first_due))
        warm_seconds, warm_issues = time.monotonic() - begun, zoho.issued - issued
        busy = await _busy(daemon, first_due)
        with patient_probe(daemon.address) as probe:
            await asyncio.sleep(watch.total_seconds())
        lateness, resident_kib = _lateness(daemon), daemon.most_resident_kib
    return ASize(
        connections=connections,
        resident_kib=resident_kib,
        busy=busy,
        warm_seconds=warm_seconds,
        warm_issues=warm_issues,
        lateness=lateness,
        longest_answer=probe.longest,
        cold_seconds=await _cold_start(vault, zoho, expired, connections),
    )


async def _busy(daemon: DaemonProcess, until: datetime) -> float:
    """The share of a core that it takes from soon on until then."""
    await asyncio.sleep(_SETTLING)
    begun, used = time.monotonic(), daemon.processor_seconds
    await asyncio.sleep(_seconds_until(until))
    return (daemon.processor_seconds - used) / (time.monotonic() - begun)


async def _cold_start(vault: OpenBao, zoho: TokenServer, layout: Layout, connections: int) -> float:
    begun, issued = time.monotonic(), zoho.issued
    async with running_daemon(vault, layout, accounts_server=zoho.origin, discover_every=_DISCOVER_EVERY) as daemon:
        # The token endpoint is asked first, since that costs the daemon nothing.
        while zoho.issued < issued + connections or await daemon.fresh() < connections:  # noqa: ASYNC110  # another process
            await asyncio.sleep(_GLANCE)
        return time.monotonic() - begun


def _everyday(who: Sequence[ConnectionName], first_due: datetime) -> Iterator[TokenRecord]:
    """Issued now, and of such a life each that they come due one after the other, all of them within one lead."""
    for number, name in enumerate(who):
        now = WallClock().now()
        due_in = first_due - now + _LEAD * number / len(who)
        # A token is due when half its life is over, less the connection's own spread, a part of a tenth of that half.
        yield a_record(name, issued_at=now, lifetime=2 * due_in / (1 - fraction(name) / 10))


def _expired(name: ConnectionName) -> TokenRecord:
    return a_record(name, issued_at=WallClock().now() - 2 * ZOHO_LIFETIME)


def _lateness(daemon: DaemonProcess) -> Lateness:
    lines = list(daemon.told("connection.refreshed"))
    late = sorted(line["late_ms"] / 1000 for line in lines)
    return Lateness(
        refreshes=len(late),
        half=late[len(late) // 2],
        most=late[len(late) * 99 // 100],
        worst=late[-1],
        written=max((line["late_ms"] + line["total_ms"]) / 1000 for line in lines),
    )


def _seconds_until(moment: datetime) -> float:
    return max((moment - WallClock().now()).total_seconds(), 0.0)
