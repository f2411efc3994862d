import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zoho_tokend.demo.openbao import OpenBao

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def findings(openbao: OpenBao) -> Any:
    """What a quick run found; asking for the fixture's server skips it where there is none to be had."""
    assert openbao.pid
    command = [sys.executable, "-W", "error", "-m", "tests.benchmarks", "--quick", "--json"]
    done = subprocess.run(command, cwd=_ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_refresh_costs_one_request_to_zoho_and_two_to_vault(findings: Any) -> None:
    assert findings["throughput"]["zoho_requests"] == 1
    assert findings["throughput"]["vault_requests"] == 2


def test_what_rests_was_discovered_and_has_nothing_to_do(findings: Any) -> None:
    assert findings["at_rest"]["full"]["connections"] == 10
    assert findings["at_rest"]["empty"]["connections"] == 0


def test_every_ratio_is_a_finite_number(findings: Any) -> None:
    assert set(findings["ratios"]) == {
        "throughput",
        "processor",
        "kib_each",
        "share",
        "sweep",
        "status_page",
        "hold",
        "reader",
    }
    assert all(math.isfinite(ratio) for ratio in findings["ratios"].values())
