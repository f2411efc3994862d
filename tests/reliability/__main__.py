"""``python -m tests.reliability``: play every scenario, and write the tables of docs/reliability.md.

With names, those scenarios are played and told, and nothing is written.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.machine import this_machine
from tests.reliability.catalogue import SCENARIOS
from tests.reliability.matrix import played
from tests.reliability.page import renewed, table

_PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def main() -> None:
    """Play, print and write."""
    load, _, _ = os.getloadavg()
    names = sys.argv[1:] or list(SCENARIOS)
    chosen = [SCENARIOS[name] for name in names]
    with tempfile.TemporaryDirectory() as folder, played(chosen, Path(folder), full_size=True) as futures:
        accounts = {scenario: futures[scenario.name].result() for scenario in chosen}
    text = table(accounts, machine=this_machine(), load=load)
    sys.stdout.write(f"{text}\n")
    if len(names) == len(SCENARIOS):
        _PAGE.write_text(renewed(_PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main()
