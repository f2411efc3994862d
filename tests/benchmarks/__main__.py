"""``python -m tests.benchmarks``: measure, and write docs/benchmarks.md.

``--quick`` does everything in small to see that it runs, and writes nothing: its figures mean nothing.
``--json`` prints the findings as numbers in place of the page.
"""

import asyncio
import dataclasses
import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from tests.benchmarks.machine import this_machine
from tests.benchmarks.page import page
from tests.benchmarks.run import QUICK, WHOLE, Findings, measure_all

_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def main() -> None:
    """Measure and print; where the run is a whole one, write the page too."""
    parser = ArgumentParser(prog="python -m tests.benchmarks", description="Measure, and write docs/benchmarks.md.")
    parser.add_argument(
        "--quick", action="store_true", help="everything in small, to see that it runs; nothing is written"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as numbers in place of the page")
    wishes = parser.parse_args()
    load, _, _ = os.getloadavg()
    findings = asyncio.run(measure_all(QUICK if wishes.quick else WHOLE))
    text = page(findings.figures(), machine=this_machine(), load=load)
    if not wishes.quick:
        _PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(_numbers(findings) if wishes.json else text)


def _numbers(findings: Findings) -> str:
    found = {**dataclasses.asdict(findings), "ratios": findings.ratios}
    return json.dumps(found, default=str, indent=2) + "\n"


if __name__ == "__main__":
    main()
