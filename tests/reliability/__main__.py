"""``python -m tests.reliability``: play every scenario, and write the table of docs/reliability.md.

With names, those scenarios are played and told, and nothing is written.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.machine import this_machine
from tests.reliability.catalogue import SCENARIOS
from tests.reliability.matrix import begun
from tests.reliability.page import renewed, table

_PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def main() -> None:
    """Play, print and write."""
    load, _, _ = os.getloadavg()
    names = sys.argv[1:] or list(SCENARIOS)
    with tempfile.TemporaryDirectory() as folder:
        begun_ones = begun([SCENARIOS[name] for name in names], Path(folder))
        accounts = {SCENARIOS[name]: begun_ones[name].result() for name in names}
    text = table(accounts, machine=this_machine(), load=load)
    sys.stdout.write(f"{text}\n")
    if len(names) == len(SCENARIOS):
        _PAGE.write_text(renewed(_PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main()
