"""Runs of the simulation: one seed, many seeds until a time is over, and what is to be said of one that failed."""

import gc
import time
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from tests.simulation import edges
from tests.simulation.edges import Edge
from tests.simulation.faults import fate
from tests.simulation.findings import Tally
from tests.simulation.plan import Plan
from tests.simulation.world import Fate, World

EPISODES: Final = 10
FAILED_SEEDS: Final = Path(__file__).with_name("failed_seeds.txt")
_SHOWN: Final = 400


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed in which a rule was broken.

    Attributes:
        episodes: as few as break it; empty where it needs all of them.
        lines: the last things that happened before.
        edge: where it happened; empty for a world of many faults.
    """

    seed: int
    broken: str
    episodes: tuple[int, ...]
    lines: tuple[str, ...]
    edge: str = ""

    def __str__(self) -> str:
        only = f" EPISODES={','.join(map(str, self.episodes))}" if self.episodes else ""
        if self.edge:
            only = f' EDGE="{self.edge}"'
        return "\n".join((*self.lines, "", f"broken: {self.broken}", f"replay: make simulate SEED={self.seed}{only}"))


@dataclass(slots=True)
class Outcome:
    """What many seeds came to.

    Attributes:
        processor: seconds of processor time.
    """

    tally: Tally = field(default_factory=Tally)
    worlds: int = 0
    processor: float = 0.0
    failure: Failure | None = None

    def add(self, other: "Outcome") -> None:
        """Both together; the first failure is the one to be looked at."""
        self.tally.add(other.tally)
        self.worlds += other.worlds
        self.processor += other.processor
        self.failure = self.failure or other.failure


def run(seed: int, episodes: Collection[int] = range(EPISODES)) -> Outcome:
    """What comes of one seed; of a failing one, as few of its episodes as fail by themselves.

    Beside the world of all its episodes it has one in which two troubles meet, of another kind than the seed before.
    """
    outcome = _run_world(seed, episodes)
    if len(episodes) == EPISODES and outcome.failure is None:
        outcome.add(run_edge(seed, edges.ALL[seed % len(edges.ALL)]))
    return outcome


def run_edge(seed: int, edge: Edge) -> Outcome:
    """What comes of one seed at this edge."""
    return _lived(World(edge.plan(seed)), edge.fate, (0,), edge=edge.name)


def run_edges(edge: Edge, seeds: Iterable[int]) -> Outcome:
    """What comes of these seeds at this edge, up to the first that fails."""
    whole = Outcome()
    for seed in seeds:
        whole.add(run_edge(seed, edge))
        if whole.failure is not None:
            break
    return whole


def _run_world(seed: int, episodes: Collection[int]) -> Outcome:
    outcome = _run(seed, episodes)
    if outcome.failure is None or len(episodes) == 1:
        return outcome
    last = outcome.failure.episodes[-1:]
    alone = _run(seed, last).failure if last else None
    outcome.failure = alone or outcome.failure
    return outcome


def run_all(seeds: Iterable[int]) -> Outcome:
    """What comes of these seeds, up to the first that fails."""
    whole = Outcome()
    for seed in seeds:
        whole.add(run(seed))
        if whole.failure is not None:
            break
    return whole


def run_for(seconds: float, *, first_seed: int, processes: int) -> Outcome:
    """What comes of the seeds from the first on, side by side, as many as go into so many seconds."""
    whole = Outcome()
    with ProcessPoolExecutor(processes) as pool:
        for outcome in pool.map(partial(_run_share, seconds, first_seed, processes), range(processes)):
            whole.add(outcome)
    return whole


def failed_seeds() -> list[int]:
    """Those that once failed; each was a fault of the product, which is told beside it."""
    lines = FAILED_SEEDS.read_text(encoding="utf-8").splitlines()
    return [int(line.split()[0]) for line in lines if line and not line.startswith("#")]


def _run_share(seconds: float, first_seed: int, processes: int, share: int) -> Outcome:
    return run_all(until(seconds, first_seed + share, step=processes))


def until(seconds: float, first_seed: int, *, step: int = 1) -> Iterator[int]:
    """The seeds from the first on, as many as go into so many seconds."""
    end = time.monotonic() + seconds
    for seed in count(first_seed, step):
        if time.monotonic() >= end:
            return
        yield seed


def _run(seed: int, episodes: Collection[int]) -> Outcome:
    return _lived(World(Plan.of(seed)), fate, episodes)


def _lived(world: World, befalls: Fate, episodes: Collection[int], *, edge: str = "") -> Outcome:
    began = time.process_time()
    failure: Failure | None = None
    try:
        world.run(befalls, episodes)
    except Exception as error:  # noqa: BLE001 - whatever it was, the seed has failed
        lines = tuple(line[:_SHOWN] for line in world.journal.lines)
        failure = Failure(world.plan.seed, f"{error}" or repr(error), tuple(world.lived), lines, edge)
    if edge:
        world.tally.faults[edge] += 1
    gc.collect()
    return Outcome(tally=world.tally, worlds=1, processor=time.process_time() - began, failure=failure)
