"""What every test may ask for."""

import asyncio
import os
import re
from collections.abc import Generator
from typing import Final

import hypothesis
import pytest

# A shared machine may stall for a second; how long an example takes is no property of ours. The examples are the same
# in every run, so that chance does not decide one; with --hypothesis-profile=fresh they are others.
hypothesis.settings.register_profile("fresh", deadline=None)
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.load_profile("same")

# pytest-asyncio asks for a current event loop before its first test, and never closes the one that Python then makes.
asyncio.set_event_loop(None)

pytest_plugins = ["tests.support.servers.openbao", "tests.support.places.site"]


# The first have tests that take minutes, and the last fill the gaps that these leave at the end.
_ORDER: Final = ("simulation", "benchmarks", "e2e", "fuzzing", "contract", "component", "unit")
# Each test here takes long and shares nothing, so that any worker may have it.
_DEALT_ONE_BY_ONE: Final = ("tests/simulation/", "tests/e2e/crash_points/")


def pytest_xdist_auto_num_workers() -> int:
    """Two workers for each processor: about half of a test's time goes by while it waits for other processes."""
    return 2 * len(os.sched_getaffinity(0))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first, and give those of one module, which share its fixtures, to one worker."""
    items.sort(key=lambda item: _ORDER.index(folder) if (folder := item.nodeid.split("/")[1]) in _ORDER else 0)
    for item in items:
        if not item.nodeid.startswith(_DEALT_ONE_BY_ONE):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


# Zoho's shape of a token or a code, which every invented one of the tests has too.
_TOKEN = re.compile(r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing may be skipped, and nowhere may anything that a test sets off print or log a token."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    if report.passed and any(_TOKEN.search(text) for _, text in report.sections):
        report.outcome = "failed"
        report.longrepr = "a token was printed or logged: see the captured output"
    return report
