"""How fast due connections are refreshed, against a bare loop that makes the same requests; and how many requests."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.bare_loop import bare_loop
from tests.benchmarks.figure import Figure
from tests.benchmarks.filling import fill, names
from tests.benchmarks.our_side import our_side
from tests.benchmarks.token_server import TokenServer
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout

_LEAST_RATIO = 0.85
_ZOHO_REQUESTS = 1
_VAULT_REQUESTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One refresh, as the mean of a round: seconds by the clock, and those of our process on a processor."""

    elapsed: float
    processor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two rounds, one right after the other."""

    ours: Cost
    bare: Cost

    @property
    def ratio(self) -> float:
        """Our throughput over the bare loop's."""
        return self.bare.elapsed / self.ours.elapsed

    @property
    def processor_ratio(self) -> float:
        """The same, if nothing but processor time counted."""
        return self.bare.processor / self.ours.processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Rounds of refreshes that took turns.

    Attributes:
        zoho_requests: a refresh of ours, as counted by the token endpoint; so for ``vault_requests``, as counted by
            the events of our sessions.
    """

    connections: int
    concurrency: int
    pairs: tuple[Pair, ...]
    zoho_requests: float
    vault_requests: float

    @property
    def ratio(self) -> float:
        """Our throughput over the bare loop's, in the median of the pairs."""
        return median(pair.ratio for pair in self.pairs)

    @property
    def processor_ratio(self) -> float:
        """The bare loop's processor time over ours, in the median of the pairs."""
        return median(pair.processor_ratio for pair in self.pairs)

    def figures(self) -> list[Figure]:
        return [
            Figure(
                what="Throughput of due refreshes over that of a bare loop",
                measured=f"{self.ratio:.2f} ({self._spread()})",
                target=f"at least {_LEAST_RATIO}",
                holds=self.ratio >= _LEAST_RATIO,
            ),
            Figure(
                what="Processor time of a refresh, that of the bare loop over ours",
                measured=f"{self.processor_ratio:.2f} ({self._milliseconds()})",
            ),
            Figure(
                what="Requests to Zoho in a refresh, counted",
                measured=f"{self.zoho_requests:g}",
                target=f"{_ZOHO_REQUESTS}",
                holds=self.zoho_requests == _ZOHO_REQUESTS,
            ),
            Figure(
                what="Requests to Vault in a refresh, counted",
                measured=f"{self.vault_requests:g}",
                target=f"at most {_VAULT_REQUESTS}",
                holds=self.vault_requests <= _VAULT_REQUESTS,
            ),
        ]

    def _spread(self) -> str:
        ratios = sorted(pair.ratio for pair in self.pairs)
        ours, bare = (1 / median(cost.elapsed for cost in costs) for costs in self._sides())
        return (
            f"{ratios[0]:.2f} to {ratios[-1]:.2f} in {len(ratios)} pairs of rounds of {self.connections} refreshes, "
            f"{self.concurrency} at once; {ours:.0f} a second against {bare:.0f}"
        )

    def _milliseconds(self) -> str:
        ours, bare = (1000 * median(cost.processor for cost in costs) for costs in self._sides())
        return f"{bare:.1f} ms against {ours:.1f} ms"

    def _sides(self) -> tuple[list[Cost], list[Cost]]:
        return [pair.ours for pair in self.pairs], [pair.bare for pair in self.pairs]


async def measure(
    vault: OpenBao, zoho: TokenServer, *, connections: int, pairs: int, concurrency: int, fleet: int = 0
) -> Throughput:
    """Every connection is refreshed once in each round; before the first one, both sides have done it once unmeasured.

    By then every connection to a server is open, and ours has asked Vault what it can only ask in the first refresh
    after a start: how much budget was spent before.

    Args:
        fleet: how many connections ours knows in all, of which the others rest meanwhile; 0: no others.
    """
    ours_at, bare_at = Layout(prefix=f"ours-of-{fleet}"), Layout(prefix=f"bare-of-{fleet}")
    who = names(connections)
    for layout in (ours_at, bare_at):
        await fill(vault, layout, who, accounts_server=zoho.origin)
    async with (
        bare_loop(vault, bare_at, who, concurrency=concurrency) as bare,
        our_side(vault, ours_at, accounts_server=zoho.origin, connections=connections, concurrency=concurrency) as ours,
    ):
        await bare.refresh_all()
        await ours.first_refreshes()
        ours.rest(names(fleet)[connections:])
        issued, asked = zoho.issued, ours.tally.vault_requests
        taken = [await _pair(ours.refresh_all, bare.refresh_all, connections, turn=turn) for turn in range(pairs)]
        refreshes = pairs * connections
        return Throughput(
            connections=connections,
            concurrency=concurrency,
            pairs=tuple(taken),
            zoho_requests=(zoho.issued - issued - refreshes) / refreshes,
            vault_requests=(ours.tally.vault_requests - asked) / refreshes,
        )


async def _pair(
    ours: Callable[[], Awaitable[None]], bare: Callable[[], Awaitable[None]], refreshes: int, *, turn: int
) -> Pair:
    """The two begin in turn, so that a machine that gets slower or faster favours neither."""
    if turn % 2:
        ours_cost = await cost_of(ours, refreshes)
        return Pair(ours=ours_cost, bare=await cost_of(bare, refreshes))
    bare_cost = await cost_of(bare, refreshes)
    return Pair(ours=await cost_of(ours, refreshes), bare=bare_cost)


async def cost_of(
    refresh_all: Callable[[], Awaitable[None]], refreshes: int, *, processor: Callable[[], float] = time.process_time
) -> Cost:
    """What one of so many refreshes costs; ``processor`` tells the seconds that were used so far."""
    began, used = time.perf_counter(), processor()
    await refresh_all()
    return Cost(elapsed=(time.perf_counter() - began) / refreshes, processor=(processor() - used) / refreshes)
