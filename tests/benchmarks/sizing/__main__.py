"""``python -m tests.benchmarks.sizing``: measure fleets of every size, and write docs/sizing.md and its pictures.

``--quick`` does everything in small to see that it runs, and writes into a folder of your choice: its figures mean
nothing.
"""

import asyncio
import dataclasses
import json
import os
import sys
from argparse import ArgumentParser
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.benchmarks import throughput
from tests.benchmarks.machine import this_machine
from tests.benchmarks.sizing import a_size, instead
from tests.benchmarks.sizing.findings import Findings
from tests.benchmarks.sizing.page import page
from tests.benchmarks.sizing.plots import plots
from tests.benchmarks.token_server import token_server
from tests.support.servers.openbao import Admin
from zoho_tokend.demo.openbao import OpenBao

_DOCS = Path(__file__).parents[3] / "docs"
_CONCURRENCY = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much of everything."""

    sizes: tuple[int, ...]
    watch: timedelta
    start: timedelta
    due_at_once: int
    pairs: int
    scripts: int


WHOLE = Extent(
    sizes=(100, 1_000, 10_000, 100_000),
    watch=timedelta(seconds=60),
    start=timedelta(seconds=20),
    due_at_once=100,
    pairs=15,
    scripts=20,
)
QUICK = Extent(
    sizes=(4, 8),
    watch=timedelta(seconds=3),
    start=timedelta(seconds=20),
    due_at_once=4,
    pairs=1,
    scripts=1,
)


def main() -> None:
    """Measure, and write the page and its pictures."""
    parser = ArgumentParser(prog="python -m tests.benchmarks.sizing", description="Measure, and write docs/sizing.md.")
    parser.add_argument("--quick", type=Path, metavar="FOLDER", help="everything in small; written into this folder")
    quick: Path | None = parser.parse_args().quick
    extent, docs = (QUICK, quick) if quick else (WHOLE, _DOCS)
    load, _, _ = os.getloadavg()
    findings = asyncio.run(_measure(extent))
    (docs / "sizing").mkdir(parents=True, exist_ok=True)
    text = page(findings, machine=this_machine(), load=load, watch=extent.watch.total_seconds())
    (docs / "sizing.md").write_text(text, encoding="utf-8")
    for name, picture in plots(findings).items():
        (docs / "sizing" / name).write_text(picture, encoding="utf-8")
    sys.stdout.write(text)


async def _measure(extent: Extent) -> Findings:
    with token_server() as zoho:
        with OpenBao() as vault:
            costs = [
                await throughput.measure(
                    vault,
                    zoho,
                    connections=min(extent.due_at_once, size),
                    pairs=extent.pairs,
                    concurrency=_CONCURRENCY,
                    fleet=size,
                )
                for size in extent.sizes
            ]
            others = await instead.measure(
                vault, zoho, connections=extent.due_at_once, scripts=extent.scripts, concurrency=_CONCURRENCY
            )
        sizes = []
        for size in extent.sizes:
            with OpenBao() as vault, closing(Admin(vault)) as admin:
                found = await a_size.measure(
                    vault, admin, zoho, connections=size, watch=extent.watch, start=extent.start
                )
            sizes.append(found)
            sys.stderr.write(json.dumps(dataclasses.asdict(found)) + "\n")
    return Findings(sizes=tuple(sizes), costs=tuple(costs), instead=others)


if __name__ == "__main__":
    main()
