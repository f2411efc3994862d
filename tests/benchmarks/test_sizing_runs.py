import os
import subprocess
import sys
from pathlib import Path

import pytest

from zoho_tokend.demo.openbao import OpenBao

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def docs(openbao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a quick run wrote; asking for the fixture's server skips it where there is none to be had."""
    assert openbao.pid
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-W", "error", "-m", "tests.benchmarks.sizing", "--quick", str(folder)]
    done = subprocess.run(command, cwd=_ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_warm_restart_asks_zoho_for_nothing(docs: Path) -> None:
    warm = next(line for line in _page(docs).splitlines() if line.startswith("| Tokens that warm restarts"))
    assert warm.split("|")[2:5] == [" 0 ", " 0 ", " yes "]


def test_every_picture_that_the_page_shows_is_one(docs: Path) -> None:
    shown = {line.partition("](")[2].rstrip(")") for line in _page(docs).splitlines() if line.startswith("![")}
    assert shown == {"sizing/memory.svg", "sizing/lateness.svg", "sizing/cost.svg"}
    assert all("</svg>" in (docs / each).read_text(encoding="utf-8") for each in shown)


def _page(docs: Path) -> str:
    return (docs / "sizing.md").read_text(encoding="utf-8")
