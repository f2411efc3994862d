"""Debian's promtool, as the tests ask it."""

import shutil
import subprocess
from pathlib import Path

import pytest


def prometheus_binary(name: str) -> str:
    """The path of `prometheus` or `promtool`; without it the test is skipped, but in CI nothing is."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install prometheus)")
    return found


def promtool(*arguments: str | Path, stdin: bytes | None = None) -> tuple[int, str]:
    """Its exit code, and all that it said."""
    done = subprocess.run(
        [prometheus_binary("promtool"), *map(str, arguments)],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode()
