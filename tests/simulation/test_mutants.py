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

from tests.simulation import edges, runs
from tests.simulation.edges import Edge

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "daemon" / "zoho_tokend"
A_MINUTE = 60.0

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One place of the product, as it is and as it is broken."""

    place: str
    right: str
    wrong: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A build with one mistake.

    Attributes:
        caught: a part of what the simulation says about it.
        edge: where it is looked for; empty where the worlds of many faults meet it.
        first_seed: from which seed on; one that meets it soon.
    """

    changes: tuple[Change, ...]
    caught: str
    edge: str = ""
    first_seed: int = 0


def mutant(place: str, right: str, wrong: str, *, caught: str, edge: str = "", first_seed: int = 0) -> Mutant:
    """A build with one place changed."""
    change = Change(place=place, right=right, wrong=wrong)
    return Mutant(changes=(change,), caught=caught, edge=edge, first_seed=first_seed)


MUTANTS = {
    "without CAS": mutant(
        "vault/layout.py",
        '"options": {"cas": after_version}',
        '"options": {}',
        caught="went back to an expiry",
    ),
    "whose budget is off by one": mutant(
        "core/budget.py",
        "return now if len(counting) < limit else counting[-limit] + TEN_MINUTES",
        "return now if len(counting) <= limit else counting[-limit] + TEN_MINUTES",
        caught="for one refresh token within ten minutes",
    ),
    "that parks on the first invalid_code": mutant(
        "core/transitions.py",
        "    if rejection.times == 1:\n",
        "    if rejection.times == 0:\n",
        caught="is parked on a verdict that nobody has confirmed",
        edge="zoho refuses good credentials for less than the floor",
    ),
    "that steals the lease before it has run out": mutant(
        "core/election.py",
        "    return candidate.changed_at + duration.total_seconds()",
        "    return candidate.changed_at + duration.total_seconds() / 10",
        caught="while another process leads",
        edge="a leader is cut off from its lease",
    ),
    "that goes on refreshing after its renew deadline": mutant(
        "core/election.py",
        "    return now < candidate.leads_until\n",
        "    return now < candidate.leads_until + 600\n",
        caught="while another process leads",
        edge="a leader is cut off from its lease",
    ),
    "that drops a token when Vault is down": mutant(
        "core/transitions.py",
        "        failed_writes=failed,\n        failure=Failure(outcome=error.outcome, error=str(error)),\n",
        "        failed_writes=0,\n        unsaved=None,\n"
        "        failure=Failure(outcome=error.outcome, error=str(error)),\n",
        caught="and nothing is amiss",
    ),
    "whose lane is chosen when a connection joins the queue": Mutant(
        changes=(
            Change(
                place="core/queue.py",
                right="        if server.unavailable:\n            return Rank.UNAVAILABLE\n"
                "        if not server.answered:\n            return Rank.UNPROVEN\n",
                wrong="        del server\n",
            ),
            Change(
                place="core/queue.py",
                right="ready.append((rank, in_use[key], head, key, failing))",
                wrong="ready.append((rank, 0, head, key, failing))",
            ),
        ),
        caught="less than its floor",
        edge="a restart while a server hangs",
    ),
    "whose discovery ends at the first path that Vault cannot read": mutant(
        "engine/bulk_reader.py",
        "                    failed(item, error)\n",
        "                    away.extend([error] if isinstance(error, VaultUnavailable) else [])\n"
        "                    failed(item, error)\n",
        caught="are not known although Vault allows it",
        edge="one path that vault cannot read",
    ),
    "whose discovery gives up what Vault limits": mutant(
        "engine/bulk_reader.py",
        "if error.retry_after is None or now - max(self._answered_at, begun) > _LONGEST_SILENCE:",
        "if error is not None:",
        caught="are not known although Vault allows it",
        edge="vault has a quota at a restart",
    ),
    "that waits six hours beside a living token": mutant(
        "core/transitions.py",
        "    if _lives(connection, now + backoff.CONFIRMATION):\n",
        "    if not connection:\n",
        caught="has had no token for",
        edge="zoho refuses good credentials for less than the floor",
    ),
    "that does not write down what it asked in vain": mutant(
        "engine/ledger.py",
        "version = await self._budgets.remember_budget(grant, record)",
        "version = known.version",
        caught="for one refresh token within ten minutes",
        edge="restarts in an outage",
    ),
    "that does not read what was asked in vain before it": mutant(
        "engine/ledger.py",
        "        self._fleet.found_budget(name, record, self._clock.now())\n",
        "",
        caught="for one refresh token within ten minutes",
        edge="restarts in an outage",
    ),
    "that fails at an instant before the year 1": mutant(
        "core/instants.py",
        "    except OverflowError:\n",
        "    except ZeroDivisionError:\n",
        caught="an error of its own",
        edge="a record of another age",
    ),
    "that takes up a correction only once it is parked": mutant(
        "core/fleet.py",
        "if each.in_trouble or each.token is None)",
        "if each.parked or each.token is None)",
        caught="the corrected credential of",
        edge="a credential is corrected whatever the state",
    ),
    "that takes a record made anew for the old one": mutant(
        "vault/record_fields.py",
        "if self.created else str(self.version)",
        "if not self.version else str(self.version)",
        caught="the corrected credential of",
        edge="a credential is corrected whatever the state",
    ),
    "that does not look at what others write": mutant(
        "engine/discovery.py",
        "        if name not in self._fleet or self._fleet.is_under_way(name) or self._fleet[name].write_at",
        "        if name or self._fleet[name].write_at",
        caught="is not what is believed",
        edge="a person refreshes while the daemon waits",
    ),
    "that does not compare after an outage of Vault": mutant(
        "engine/discovery.py",
        "        self._to_compare.update(self._fleet.names)\n",
        "",
        caught="is not what is believed",
        edge="vault goes back in time",
    ),
    "that leaves a write under way its version at a revocation": mutant(
        "vault/registry.py",
        "self._layout.token(connection).erase()",
        "self._layout.token(connection).delete()",
        caught="is published after its grant was revoked",
        edge="a grant is revoked while a refresh is under way",
    ),
    "that waits five minutes though no token is left": mutant(
        "core/transitions.py",
        "at = min(at, last_moment if now + soonest <= last_moment else now + max(soonest, pace))",
        "at = min(at, last_moment) if now + soonest <= last_moment else at",
        caught="has had no token for",
        edge="a long outage of zoho",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_simulation_catches_within_a_minute_a_build(name: str, tmp_path: Path) -> None:
    mutant = MUTANTS[name]
    said = _simulated(mutant, _build(mutant, tmp_path))
    assert "broken: " in said, said
    assert mutant.caught in said


@pytest.mark.parametrize("edge", edges.ALL, ids=lambda edge: edge.name)
def test_the_build_without_a_mistake_passes_the_same_edge(edge: Edge) -> None:
    outcome = runs.run_edges(edge, range(2))
    assert outcome.failure is None, str(outcome.failure)


def test_the_build_without_a_mistake_passes_the_same_seeds() -> None:
    for mutant in MUTANTS.values():
        if not mutant.edge:
            outcome = runs.run(mutant.first_seed)
            assert outcome.failure is None, str(outcome.failure)


def _build(mutant: Mutant, folder: Path) -> Path:
    """A copy of the product with the mistake, and where it lies."""
    shutil.copytree(PRODUCT, folder / "zoho_tokend")
    for change in mutant.changes:
        module = folder / "zoho_tokend" / change.place
        text = module.read_text(encoding="utf-8")
        assert text.count(change.right) == 1, f"{change.place} no longer holds what was to be broken"
        module.write_text(text.replace(change.right, change.wrong), encoding="utf-8")
    return folder


def _simulated(mutant: Mutant, folder: Path) -> str:
    """What the simulation says of the build."""
    edge = [f"--edge={mutant.edge}"] if mutant.edge else []
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.simulation", f"--first-seed={mutant.first_seed}"),
            *(f"--seconds={A_MINUTE}", "--processes=1", *edge),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout
