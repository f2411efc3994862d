"""The state that the records alone tell."""

from datetime import datetime, timedelta

import pytest

from tests.support.samples.builders import HOUR, MINUTE, NOON, SECOND, a_record
from zoho_tokend.core.errors import RecordUnreadable
from zoho_tokend.core.facts import State
from zoho_tokend.core.policy import Policy
from zoho_tokend.operations.snapshot import verdict

DUE = NOON + HOUR / 2


@pytest.mark.parametrize(
    ("now", "state", "words"),
    [
        pytest.param(NOON, State.FRESH, None, id="fresh when it is new"),
        pytest.param(DUE + 45 * SECOND, State.FRESH, None, id="fresh while a refresh may still be under way"),
        pytest.param(DUE + MINUTE, State.FAILING, "replaced since 12:30:00 UTC", id="failing once it is overdue"),
        pytest.param(NOON + HOUR - SECOND, State.FAILING, "does the daemon run", id="failing to its last second"),
        pytest.param(NOON + HOUR, State.EXPIRED, "has expired", id="expired at its end"),
    ],
)
def test_a_connection_with_a_token_is(now: datetime, state: State, words: str | None) -> None:
    found, problem = verdict(None, a_record(), now=now, policy=Policy(sweep_interval=timedelta(seconds=1)))
    assert found is state
    assert (problem is None) if words is None else (words in str(problem))


def test_a_connection_without_a_token_is_pending() -> None:
    assert verdict(None, None, now=NOON, policy=Policy())[0] is State.PENDING


def test_a_credential_that_cannot_be_used_is_told_before_anything_else() -> None:
    assert verdict(RecordUnreadable("the field is missing"), a_record(), now=NOON, policy=Policy()) == (
        State.MISCONFIGURED,
        "the field is missing",
    )
