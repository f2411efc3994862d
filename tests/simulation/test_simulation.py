"""The simulation can be relied on: a seed always tells the same story. What is drawn by chance is `make simulate`'s."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation import runs
from tests.simulation.faults import fate
from tests.simulation.plan import Plan
from tests.simulation.world import World

ROOT = Path(__file__).parents[2]
A_YEAR_AND_A_BIT = 400 * 24 * 3600.0
A_STORY = """
from tests.simulation.faults import fate
from tests.simulation.plan import Plan
from tests.simulation.world import World
world = World(Plan.of({seed}))
world.run(fate, range(2))
print(world.tally, world.journal.count, *world.journal.lines, sep="\\n")
"""

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("seed", runs.failed_seeds())
def test_a_seed_that_once_failed_fails_no_more(seed: int) -> None:
    assert runs.run(seed).failure is None


@pytest.mark.parametrize("seed", [3])
def test_a_seed_tells_the_same_story_in_every_process(seed: int) -> None:
    stories = {_record_at(seed, hash_seed) for hash_seed in ("1", "2")}
    assert len(stories) == 1


@pytest.mark.parametrize("seed", [7])
def test_nothing_depends_on_the_date_so_that_quiet_weeks_can_be_left_out(seed: int) -> None:
    now, later = World(Plan.of(seed)), World(Plan.of(seed), begins_at=A_YEAR_AND_A_BIT)
    for world in (now, later):
        world.run(fate, range(2))
    assert (now.tally.asked, now.tally.refreshes, now.journal.count) == (
        later.tally.asked,
        later.tally.refreshes,
        later.journal.count,
    )


def test_a_failure_says_how_to_replay_it() -> None:
    failure = runs.Failure(7, "a record went back", (3,), ("it happened",))
    assert str(failure).endswith("replay: make simulate SEED=7 EPISODES=3")
    at_an_edge = runs.Failure(7, "a record went back", (0,), ("it happened",), "a long outage of zoho")
    assert str(at_an_edge).endswith('replay: make simulate SEED=7 EDGE="a long outage of zoho"')


def _record_at(seed: int, hash_seed: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", A_STORY.format(seed=seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
