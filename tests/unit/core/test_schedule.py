"""What is to be done with a connection now: the table is the specification."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples.builders import CRM, HOUR, MINUTE, NOON, SECOND, a_connection, a_record
from zoho_tokend.core import schedule, transitions
from zoho_tokend.core.client_limit import ClientLimit
from zoho_tokend.core.connection import Connection, Reason, Rejection
from zoho_tokend.core.errors import (
    ClientRejected,
    GrantRejected,
    Outcome,
    RecordUnreadable,
    RefreshError,
    Throttled,
    VaultUnavailable,
    ZohoUnavailable,
)
from zoho_tokend.core.jitter import jitter
from zoho_tokend.core.policy import TEN_MINUTES, Policy
from zoho_tokend.core.schedule import Decision, Parked, Refresh, Save, Wait

POLICY = Policy()
DUE = NOON + HOUR / 2 - jitter(CRM, HOUR / 20)
UNLIMITED = ClientLimit()


def decide(connection: Connection, now: datetime, **knowledge: object) -> Decision:
    spent = knowledge.get("spent", ())
    client = knowledge.get("client", UNLIMITED)
    assert isinstance(spent, tuple)
    assert isinstance(client, ClientLimit)
    return schedule.decide(connection, spent=spent, client=client, now=now, policy=POLICY)


@pytest.mark.parametrize(
    ("connection", "now", "decision"),
    [
        pytest.param(a_connection(issued_at=None), NOON, Refresh(reason=Reason.NEW), id="no token yet: refresh"),
        pytest.param(
            a_connection(), NOON, Wait(until=DUE, reason=Reason.NOT_DUE), id="young token: wait for half-life"
        ),
        pytest.param(a_connection(), DUE, Refresh(reason=Reason.DUE), id="at its due time: refresh"),
        pytest.param(
            a_connection(), DUE - SECOND, Wait(until=DUE, reason=Reason.NOT_DUE), id="a second before: wait that second"
        ),
        pytest.param(
            a_connection(), NOON + 2 * HOUR, Refresh(reason=Reason.EXPIRED), id="expired token: refresh at once"
        ),
        pytest.param(
            a_connection(issued_at=NOON + HOUR),
            NOON,
            Refresh(reason=Reason.DUE),
            id="token from the future: its clock was wrong, refresh",
        ),
        pytest.param(
            a_connection(refresh_at=0.75),
            DUE,
            Wait(until=NOON + 0.75 * HOUR - jitter(CRM, HOUR / 40), reason=Reason.NOT_DUE),
            id="the credential's own refresh_at wins over the setting",
        ),
        pytest.param(
            a_connection(retry_at=NOON + MINUTE, failures=2),
            NOON,
            Wait(until=NOON + MINUTE, reason=Reason.RETRY),
            id="after a failure: wait for the retry",
        ),
        pytest.param(
            a_connection(retry_at=NOON, failures=2), NOON, Refresh(reason=Reason.RETRY), id="at the retry: refresh"
        ),
        pytest.param(
            a_connection(parked=True, retry_at=NOON + HOUR), NOON, Parked(until=NOON + HOUR), id="parked: left alone"
        ),
        pytest.param(
            a_connection(parked=True, retry_at=NOON, retry_reason=Reason.PROBE),
            NOON,
            Refresh(reason=Reason.PROBE),
            id="parked for long: one probe",
        ),
        pytest.param(
            a_connection(unsaved=a_record(issued_at=NOON), write_at=NOON + SECOND),
            NOON,
            Wait(until=NOON + SECOND, reason=Reason.UNSAVED),
            id="unsaved token: wait for the next write",
        ),
        pytest.param(
            a_connection(unsaved=a_record(issued_at=NOON), write_at=NOON), NOON, Save(), id="unsaved token: write again"
        ),
        pytest.param(
            a_connection(issued_at=None, unsaved=a_record(issued_at=NOON), write_at=NOON + 2 * HOUR),
            NOON + HOUR,
            Save(),
            id="unsaved token that expired: let go of it",
        ),
    ],
)
def test_the_decision_is(connection: Connection, now: datetime, decision: Decision) -> None:
    assert decide(connection, now) == decision


def test_an_unsaved_token_is_never_issued_again_while_it_lives() -> None:
    long_due = a_connection(issued_at=None, unsaved=a_record(issued_at=NOON), write_at=NOON)
    for minute in range(60):
        assert not isinstance(decide(long_due, NOON + minute * MINUTE), Refresh)


def test_a_due_connection_waits_until_its_budget_allows_another_issue() -> None:
    spent = tuple(DUE - minute * MINUTE for minute in range(8))
    assert decide(a_connection(), DUE, spent=spent) == Wait(until=DUE - 7 * MINUTE + TEN_MINUTES, reason=Reason.BUDGET)


def test_a_due_connection_waits_for_its_turn_while_its_client_is_limited() -> None:
    client = ClientLimit(limit=1, learned_at=DUE, begun=(DUE + MINUTE - TEN_MINUTES,))
    assert decide(a_connection(), DUE, client=client) == Wait(until=DUE + MINUTE, reason=Reason.CLIENT_LIMIT)


def test_saving_costs_no_budget() -> None:
    held = a_connection(unsaved=a_record(issued_at=NOON), write_at=NOON)
    assert decide(held, NOON, spent=(NOON,) * 10) == Save()


connections = st.builds(
    a_connection,
    issued_at=st.none() | st.integers(0, 7200).map(lambda seconds: NOON - seconds * SECOND),
    lifetime=st.integers(60, 7200).map(lambda seconds: seconds * SECOND),
    failures=st.integers(0, 40),
    throttles=st.integers(0, 5),
    refresh_at=st.none() | st.floats(0.2, 0.95),
    rejection=st.none() | st.just(Rejection(outcome=Outcome.GRANT_REJECTED, stamp="1", since=0.0)),
    parked=st.booleans(),
)
errors = st.sampled_from(
    [
        ZohoUnavailable(),
        ZohoUnavailable(retry_after=timedelta(days=3650)),
        Throttled(),
        Throttled(retry_after=timedelta(seconds=1)),
        VaultUnavailable(),
        GrantRejected(),
        ClientRejected(),
        RecordUnreadable(),
    ]
)


@given(connection=connections, error=errors)
def test_after_any_failure_the_wait_is_at_least_a_second(connection: Connection, error: RefreshError) -> None:
    decision = decide(transitions.after_failure(connection, error, NOON, uptime=0.0, pace=POLICY.pace), NOON)
    assert isinstance(decision, Wait | Parked)
    assert decision.until >= NOON + SECOND


@given(connection=connections, failures=st.lists(errors, max_size=6))
def test_following_the_waits_always_leads_to_a_refresh(connection: Connection, failures: list[RefreshError]) -> None:
    now = NOON
    for error in failures:
        connection = transitions.after_failure(
            connection, error, now, uptime=(now - NOON).total_seconds(), pace=POLICY.pace
        )
        now = schedule.next_at(connection, now, POLICY)
    for _ in range(3):
        decision = decide(connection, now)
        if isinstance(decision, Refresh):
            return
        assert isinstance(decision, Wait | schedule.Parked)
        assert decision.until > now
        now = decision.until
    pytest.fail("the connection is forgotten")
