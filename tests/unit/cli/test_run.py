"""What becomes of an error that nobody foresaw, and of one that we know."""

import asyncio

import pytest

from zoho_tokend.cli.run import Crashed, report_crashes
from zoho_tokend.core.errors import BadSettings
from zoho_tokend.core.events import DaemonCrashed, Event


def test_an_error_that_nobody_foresaw_is_an_event_with_its_traceback_and_then_one_of_ours() -> None:
    events: list[Event] = []

    async def a_task_that_fails() -> None:
        raise KeyError("unforeseen")

    async def daemon() -> None:
        with report_crashes(events.append):
            async with asyncio.TaskGroup() as group:
                group.create_task(a_task_that_fails())

    with pytest.raises(Crashed, match=r"daemon\.crashed"):
        asyncio.run(daemon())

    (crashed,) = events
    assert isinstance(crashed, DaemonCrashed)
    assert crashed.kind == "ExceptionGroup"
    assert "in a_task_that_fails" in crashed.traceback
    assert "KeyError: 'unforeseen'" in crashed.traceback


def test_an_error_of_ours_is_left_to_be_told_in_one_sentence() -> None:
    events: list[Event] = []

    with pytest.raises(BadSettings), report_crashes(events.append):
        raise BadSettings("VAULT_ADDR is missing")

    assert events == []
