"""Deliberately broken builds: the simulation catches each of them, and finds nothing in the build they were made of.

Each is a copy of the product with one place changed, and is run in a process of its own.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.simulation import runs

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "daemon" / "zoho_tokend"
SEEDS = range(15)
A_MINUTE = "60"

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A build with one mistake.

    Attributes:
        place: the module in which it is made.
        caught: a part of what the simulation says about it.
    """

    place: str
    right: str
    wrong: str
    caught: str


MUTANTS = {
    "without CAS": Mutant(
        place="vault/layout.py",
        right='"options": {"cas": after_version}',
        wrong='"options": {}',
        caught="went back to an expiry",
    ),
    "whose budget is off by one": Mutant(
        place="core/budget.py",
        right="return now if len(counting) < limit else counting[-limit] + TEN_MINUTES",
        wrong="return now if len(counting) <= limit else counting[-limit] + TEN_MINUTES",
        caught="for one refresh token within ten minutes",
    ),
    "that parks on the first invalid_code": Mutant(
        place="core/transitions.py",
        right="    if rejection.times == 1:\n",
        wrong="    if rejection.times == 0:\n",
        caught="is still parked, and all is well",
    ),
    "that steals the lease before it has run out": Mutant(
        place="core/election.py",
        right="    return candidate.changed_at + duration.total_seconds()",
        wrong="    return candidate.changed_at + duration.total_seconds() / 10",
        caught="while another process leads",
    ),
    "that goes on refreshing after its renew deadline": Mutant(
        place="core/election.py",
        right="    return now < candidate.leads_until\n",
        wrong="    return now < candidate.leads_until + 600\n",
        caught="while another process leads",
    ),
    "that drops a token when Vault is down": Mutant(
        place="core/transitions.py",
        right="        failed_writes=failed,\n        failure=Failure(outcome=error.outcome, error=str(error)),\n",
        wrong="        failed_writes=0,\n        unsaved=None,\n"
        "        failure=Failure(outcome=error.outcome, error=str(error)),\n",
        caught="and nothing is amiss",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_simulation_catches_within_a_minute_a_build(name: str, tmp_path: Path) -> None:
    said = _simulated(_build(MUTANTS[name], tmp_path), tmp_path)
    assert "broken: " in said, said
    assert MUTANTS[name].caught in said


def test_the_build_without_a_mistake_passes_the_same_seeds() -> None:
    outcome = runs.run_all(SEEDS)
    assert outcome.failure is None, str(outcome.failure)


def _build(mutant: Mutant, folder: Path) -> Path:
    """A copy of the product with the mistake, and where it lies."""
    shutil.copytree(PRODUCT, folder / "zoho_tokend", ignore=shutil.ignore_patterns("__pycache__"))
    module = folder / "zoho_tokend" / mutant.place
    text = module.read_text(encoding="utf-8")
    assert text.count(mutant.right) == 1, f"{mutant.place} no longer holds what was to be broken"
    module.write_text(text.replace(mutant.right, mutant.wrong), encoding="utf-8")
    return folder


def _simulated(build: Path, folder: Path) -> str:
    """What the simulation says of the build."""
    first = [f"--first-seed={SEEDS.start}", f"--seconds={A_MINUTE}", "--processes=1"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *first],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(build), "PYTHONPYCACHEPREFIX": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout
