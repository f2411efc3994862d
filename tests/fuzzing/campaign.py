"""So many inputs at a target, in a process of its own, and what became of them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# The replay shows an input whole.
_LONGEST_LINE = 400
_ROOT = Path(__file__).parents[2]
_COVERAGE = re.compile(rb"cov: (\d+)")
_EXECUTED = re.compile(rb"number_of_executed_units: (\d+)")
_FAILED = re.compile(rb"^.*(?:does not survive|Error:|Exception|timeout after).*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What came out at one target.

    Attributes:
        branches: how many places of our code the inputs reached, as the fuzzer counts them.
        failure: what it was that an input was not survived by; empty when all were.
        replay: the command that does the same again.
    """

    target: str
    inputs: int
    branches: int
    failure: str
    replay: str


def fuzz(target: str, *, runs: int, seed: int, seconds: float, module: str = "tests.fuzzing.engine") -> Campaign:
    """The campaign.

    Raises:
        subprocess.TimeoutExpired: it took longer than so many seconds.
    """
    command = [sys.executable, "-m", module, target, str(runs), str(seed)]
    done = subprocess.run(
        command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=seconds
    )
    executed, branches = (_last(pattern, done.stdout) for pattern in (_EXECUTED, _COVERAGE))
    fell = done.returncode != 0 or executed < runs
    failure = "; ".join(_complaints(done.stdout)) or f"it ended with {done.returncode} after {executed:,} inputs"
    return Campaign(
        target=target,
        inputs=executed,
        branches=branches,
        failure=failure if fell else "",
        replay=f"python -m {module} {target} {runs} {seed}",
    )


def _last(pattern: re.Pattern[bytes], output: bytes) -> int:
    found = pattern.findall(output)
    return int(found[-1]) if found else 0


def _complaints(output: bytes) -> Iterator[str]:
    return (line.decode(errors="replace")[:_LONGEST_LINE] for line in _FAILED.findall(output))
