"""The simulation finds nothing in the product, and can be relied on: a seed always tells the same story."""

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
world.run(fate, range(4))
print(world.tally, world.journal.count, *world.journal.lines, sep="\\n")
"""

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("seed", runs.failed_seeds())
def test_a_seed_that_once_failed_fails_no_more(seed: int) -> None:
    assert runs.run(seed).failure is None


def test_a_few_fresh_seeds_break_no_rule() -> None:
    outcome = runs.run_for(5, first_seed=int.from_bytes(os.urandom(3)), processes=1)
    assert outcome.failure is None, str(outcome.failure)
    assert outcome.tally.refreshes > 0


@pytest.mark.parametrize("seed", [3, 7])
def test_a_seed_tells_the_same_story_in_every_process(seed: int) -> None:
    stories = {_told(seed, hash_seed) for hash_seed in ("1", "2")}
    assert len(stories) == 1


@pytest.mark.parametrize("seed", [7, 12])
def test_nothing_depends_on_the_date_so_that_quiet_weeks_can_be_left_out(seed: int) -> None:
    now, later = World(Plan.of(seed)), World(Plan.of(seed), begins_at=A_YEAR_AND_A_BIT)
    for world in (now, later):
        world.run(fate, range(4))
    assert (now.tally.asked, now.tally.refreshes, now.journal.count) == (
        later.tally.asked,
        later.tally.refreshes,
        later.journal.count,
    )


def test_a_failure_says_how_to_replay_it() -> None:
    failure = runs.Failure(7, "a record went back", (3,), ("it happened",))
    assert str(failure).endswith("replay: make simulate SEED=7 EPISODES=3")


def _told(seed: int, hash_seed: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", A_STORY.format(seed=seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
