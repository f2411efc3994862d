"""What many connections cost that have nothing to do: memory over an empty daemon, and processor time."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

from tests.benchmarks.daemon_process import DaemonProcess, running_daemon
from tests.benchmarks.filling import fill, names
from tests.benchmarks.token_server import TokenServer
from tests.wall_clock import WallClock
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRest:
    connections: int
    empty_kib: int
    full_kib: int
    ready_after: float
    rest_seconds: float
    busy_seconds: float


async def measure(vault: OpenBao, zoho: TokenServer, *, connections: int, rest: timedelta, discover_every: timedelta) -> AtRest:
    layout = Layout(prefix="rest")
    t=time.monotonic()
    await fill(vault, layout, names(connections), accounts_server=zoho.origin, tokens_from=WallClock().now())
    print("fill", time.monotonic()-t)
    async with running_daemon(vault, prefix="nothing", discover_every=discover_every) as daemon:
        await daemon.ready()
        await asyncio.sleep(5)
        empty=daemon.resident_kib
        e=daemon.processor_seconds; await asyncio.sleep(10); print("empty cpu share", (daemon.processor_seconds-e)/10)
    print("empty", empty)
    begun = time.monotonic()
    async with running_daemon(vault, prefix="rest", discover_every=discover_every) as daemon:
        await daemon.ready()
        print("ready", time.monotonic()-begun, daemon.processor_seconds)
        await asyncio.sleep(2)
        for _ in range(int(rest.total_seconds()/2)):
            b=daemon.processor_seconds
            await asyncio.sleep(2)
            print(daemon.resident_kib, (daemon.resident_kib-empty)/connections, daemon.processor_seconds-b)
