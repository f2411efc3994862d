"""What every test may ask for."""

import asyncio
import os
from collections.abc import Generator

import hypothesis
import pytest

# A shared machine may stall for a second; how long an example takes is no property of ours.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# pytest-asyncio asks for a current event loop before its first test, and never closes the one that Python then makes.
asyncio.set_event_loop(None)

pytest_plugins = ["tests.openbao", "tests.site"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing may be skipped: what could not run there has failed."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
