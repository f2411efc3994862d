"""What every test may ask for."""

import asyncio
import os
import re
from collections.abc import Generator

import hypothesis
import pytest

# A shared machine may stall for a second; how long an example takes is no property of ours.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# pytest-asyncio asks for a current event loop before its first test, and never closes the one that Python then makes.
asyncio.set_event_loop(None)

pytest_plugins = ["tests.servers.openbao", "tests.places.site"]


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
