"""How fast due connections are refreshed, against a bare loop that makes the same requests; and how many requests."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.bare_loop import bare_loop
from tests.benchmarks.filling import fill, names
from tests.benchmarks.our_side import our_side
from tests.benchmarks.token_server import TokenServer
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One round of refreshes: seconds on the clock, and seconds of processor time in our own process."""

    elapsed: float
    processor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Rounds that took turns, and what ours asked for."""

    connections: int
    concurrency: int
    ours: tuple[Cost, ...]
    bare: tuple[Cost, ...]
    zoho_requests: float
    vault_requests: float
    ratios: tuple[float, ...]


async def measure(vault: OpenBao, zoho: TokenServer, *, connections: int, pairs: int, concurrency: int) -> Throughput:
    who = names(connections)
    ours_at, bare_at = Layout(prefix="ours"), Layout(prefix="bare")
    for layout in (ours_at, bare_at):
        await fill(vault, layout, who, accounts_server=zoho.origin)
    async with (
        bare_loop(vault, bare_at, who, concurrency=concurrency) as bare,
        our_side(
            vault, ours_at, accounts_server=zoho.origin, connections=connections, concurrency=concurrency
        ) as ours,
    ):
        await ours.first_refreshes()
        await bare.refresh_all()
        rounds = []
        for _ in range(pairs):
            a = await _cost(bare.refresh_all)
            b = await _cost(ours.refresh_all)
            rounds.append((a, b))
            print(connections/a.elapsed, connections/b.elapsed, a.elapsed/b.elapsed, a.processor/b.processor, a.processor/connections*1e3, b.processor/connections*1e3)
    print(median(a.elapsed/b.elapsed for a,b in rounds))

async def _cost(work: Callable[[], Awaitable[None]]) -> Cost:
    elapsed, processor = time.perf_counter(), time.process_time()
    await work()
    return Cost(elapsed=time.perf_counter() - elapsed, processor=time.process_time() - processor)
