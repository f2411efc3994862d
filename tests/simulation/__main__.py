"""``python -m tests.simulation``: a minute of fresh seeds, or one seed again; exits with 1 where a rule was broken."""

import os
import secrets
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from tests.benchmarks.machine import this_machine
from tests.simulation import edges
from tests.simulation.page import page, table
from tests.simulation.runs import EPISODES, Outcome, run, run_all, run_edge, run_edges, run_for, until

_PAGE: Final = Path(__file__).parents[2] / "docs" / "simulation.md"


def main() -> int:
    """Run what was wished for, and say what came of it."""
    wishes = _wishes()
    outcome = _run(wishes)
    sys.stdout.write(table(outcome))
    if outcome.failure is not None:
        sys.stdout.write(f"\n{outcome.failure}\n")
        return 1
    if wishes.write:
        _PAGE.write_text(page(outcome, machine=this_machine(), seconds=wishes.seconds), encoding="utf-8")
    return 0


def _wishes() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.simulation", description="Simulate years of faults.")
    parser.add_argument("--seed", type=int, help="run this one seed again")
    parser.add_argument("--episodes", default="", help="of this seed, these episodes alone, such as 3,7")
    parser.add_argument("--edge", choices=list(edges.BY_NAME), help="run the seeds at this edge alone")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to run fresh seeds; 60 s by default")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many at once")
    parser.add_argument("--first-seed", type=int, help="the first of them; by default one that nobody knows")
    parser.add_argument("--seeds", type=int, help="run so many seeds from the first on, however long it takes")
    parser.add_argument("--write", action="store_true", help="write docs/simulation.md")
    return parser.parse_args()


def _run(wishes: Namespace) -> Outcome:
    edge = edges.BY_NAME[wishes.edge] if wishes.edge else None
    if wishes.seed is not None and edge is not None:
        return run_edge(wishes.seed, edge)
    if wishes.seed is not None:
        chosen = [int(number) for number in wishes.episodes.split(",") if number]
        return run(wishes.seed, chosen or range(EPISODES))
    first = secrets.randbelow(1 << 31) if wishes.first_seed is None else wishes.first_seed
    sys.stdout.write(f"seeds from {first} on\n")
    if edge is not None:
        return run_edges(edge, range(first, first + wishes.seeds) if wishes.seeds else until(wishes.seconds, first))
    if wishes.seeds is not None:
        return run_all(range(first, first + wishes.seeds))
    return run_for(wishes.seconds, first_seed=first, processes=wishes.processes)


if __name__ == "__main__":
    sys.exit(main())
