"""What each thing that happens makes of a connection."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.samples.builders import HOUR, MINUTE, NOON, SECOND, a_connection, a_credential, a_record, secret
from zoho_tokend.core import aftermath
from zoho_tokend.core.aftermath import CONFIRMATION, PROBE_INTERVAL
from zoho_tokend.core.connection import Connection, Reason, Rotation, state
from zoho_tokend.core.errors import (
    ClientRejected,
    GrantRejected,
    RecordUnreadable,
    RefreshError,
    Throttled,
    VaultForbidden,
    VaultUnavailable,
    ZohoUnavailable,
)
from zoho_tokend.core.facts import State
from zoho_tokend.core.policy import LONGEST_NORMAL_REFRESH, TEN_MINUTES, Policy

LATE = NOON + 0.5 * HOUR


def after(connection: Connection, *errors: RefreshError, now: datetime = LATE, step: timedelta = MINUTE) -> Connection:
    for error in errors:
        connection = aftermath.after_failure(connection, error, now)
        now += step
    return connection


def waited(connection: Connection, now: datetime) -> timedelta:
    assert connection.retry_at is not None
    return connection.retry_at - now


def test_the_first_rejection_of_a_grant_is_only_a_doubt() -> None:
    doubtful = after(a_connection(), GrantRejected())
    assert not doubtful.parked
    assert doubtful.retry_reason is Reason.CONFIRM
    assert CONFIRMATION <= waited(doubtful, LATE) <= 1.1 * CONFIRMATION


def test_a_rejection_said_twice_a_minute_apart_for_the_same_credential_parks() -> None:
    parked = after(a_connection(), GrantRejected(), GrantRejected(), step=CONFIRMATION)
    assert parked.parked
    assert state(parked, LATE, in_flight=False) is State.NEEDS_CONSENT
    assert 0.9 * PROBE_INTERVAL <= waited(parked, LATE + CONFIRMATION) <= PROBE_INTERVAL


def test_a_rejection_said_twice_within_a_minute_does_not_park() -> None:
    assert not after(a_connection(), GrantRejected(), GrantRejected(), step=CONFIRMATION - SECOND).parked


def test_a_rejection_of_another_version_of_the_credential_does_not_confirm_the_first() -> None:
    doubtful = after(a_connection(), GrantRejected())
    changed = aftermath.after_reading(doubtful, a_credential(stamp="2"))
    assert not after(changed, GrantRejected(), now=LATE + 2 * CONFIRMATION).parked


def test_an_outage_between_two_rejections_does_not_lift_the_doubt() -> None:
    assert after(a_connection(), GrantRejected(), ZohoUnavailable(), GrantRejected()).parked


def test_a_rejected_client_is_misconfigured_and_not_in_need_of_consent() -> None:
    parked = after(a_connection(), ClientRejected(), ClientRejected())
    assert state(parked, LATE, in_flight=False) is State.MISCONFIGURED


@pytest.mark.parametrize("error", [RecordUnreadable("no refresh_token"), VaultForbidden()])
def test_what_we_see_ourselves_needs_no_confirmation(error: RefreshError) -> None:
    assert state(after(a_connection(), error), LATE, in_flight=False) is State.MISCONFIGURED


def test_an_unreadable_record_is_remembered_by_its_own_version() -> None:
    assert after(a_connection(), RecordUnreadable("no scope", stamp="7")).stamp == "7"


def test_an_outage_during_the_probe_of_a_parked_connection_leaves_its_verdict_alone() -> None:
    parked = after(a_connection(), GrantRejected(), GrantRejected())
    probed = after(parked, ZohoUnavailable(), now=LATE + PROBE_INTERVAL)
    assert probed.parked
    assert probed.failure == parked.failure
    assert waited(probed, LATE + PROBE_INTERVAL) > PROBE_INTERVAL / 2


def test_waking_forgets_the_verdict_and_tries_at_once() -> None:
    parked = after(a_connection(), GrantRejected(), GrantRejected())
    woken = aftermath.after_waking(parked, LATE)
    assert not woken.parked
    assert woken.retry_at == LATE
    assert not after(woken, GrantRejected(), now=LATE).parked


def test_a_vault_that_came_back_is_tried_at_once_by_those_that_it_made_wait_and_their_failures_still_count() -> None:
    waiting = after(a_connection(), *[VaultUnavailable()] * 8)
    again = aftermath.after_vault_came_back(waiting, LATE)
    assert again == replace(waiting, retry_at=LATE)
    assert waited(after(again, VaultUnavailable()), LATE) > 4 * MINUTE


@pytest.mark.parametrize(
    "waiting",
    [
        a_connection(),
        after(a_connection(), ZohoUnavailable()),
        after(a_connection(), Throttled()),
        after(a_connection(), GrantRejected(), GrantRejected(), VaultUnavailable()),
    ],
    ids=["its token is fresh", "Zoho was away", "Zoho throttles", "parked"],
)
def test_a_vault_that_came_back_changes_nothing_for_those_that_wait_for_something_else(waiting: Connection) -> None:
    assert aftermath.after_vault_came_back(waiting, LATE) is waiting


def test_throttles_cool_for_ten_then_twenty_then_thirty_minutes() -> None:
    connection, waits = a_connection(issued_at=None), []
    for _ in range(4):
        connection = after(connection, Throttled())
        waits.append(waited(connection, LATE) // MINUTE)
    assert waits == [10, 20, 30, 30]


def test_failures_back_off_from_five_seconds_to_five_minutes() -> None:
    connection, waits = a_connection(issued_at=None), []
    for _ in range(9):
        connection = after(connection, ZohoUnavailable())
        waits.append(waited(connection, LATE).total_seconds())
    longest = [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert all(0.8 * limit <= wait <= limit for wait, limit in zip(waits, longest, strict=True))


def test_a_retry_after_is_a_minimum() -> None:
    assert waited(after(a_connection(), ZohoUnavailable(retry_after=7 * MINUTE)), LATE) >= 7 * MINUTE


def test_a_retry_after_of_years_is_not_believed() -> None:
    assert waited(after(a_connection(issued_at=None), Throttled(retry_after=timedelta(days=999))), LATE) <= HOUR / 2


@pytest.mark.parametrize(("error", "failures"), [(ZohoUnavailable(), 9), (VaultUnavailable(), 9)])
def test_one_try_is_made_at_the_last_moment_before_the_expiry(error: RefreshError, failures: int) -> None:
    last_moment = NOON + HOUR - LONGEST_NORMAL_REFRESH
    now = last_moment - 2 * MINUTE
    assert after(a_connection(failures=failures), error, now=now).retry_at == last_moment


def test_a_throttle_is_never_tried_again_within_ten_minutes_however_near_the_expiry() -> None:
    now = NOON + HOUR - 5 * MINUTE
    assert waited(after(a_connection(), Throttled(), now=now), now) >= TEN_MINUTES


def test_a_throttle_of_half_an_hour_ends_at_the_last_moment_before_the_expiry() -> None:
    now = NOON + HOUR - 20 * MINUTE
    throttled = after(a_connection(throttles=2), Throttled(), now=now)
    assert throttled.retry_at == NOON + HOUR - LONGEST_NORMAL_REFRESH


def test_an_outage_a_little_shorter_than_the_floor_is_over_at_a_try_before_the_expiry() -> None:
    policy = Policy()
    connection, now, end_of_outage = a_connection(), LATE, LATE + policy.floor - SECOND
    while now < end_of_outage:
        connection = after(connection, ZohoUnavailable(), now=now)
        assert connection.retry_at is not None
        now = connection.retry_at
    assert now <= NOON + HOUR - LONGEST_NORMAL_REFRESH


def test_an_issued_token_is_held_before_it_is_written() -> None:
    held = aftermath.after_issue(a_connection(), record=a_record(issued_at=LATE), rotation=None, now=LATE)
    assert held.unsaved is not None
    assert held.write_at == LATE
    assert not held.is_unsaved


def test_a_published_token_is_held_no_longer_and_forgives_every_failure() -> None:
    failing = after(a_connection(), ZohoUnavailable(), GrantRejected())
    held = aftermath.after_issue(failing, record=a_record(issued_at=LATE), rotation=None, now=LATE)
    landed = aftermath.after_publishing(held, a_record(issued_at=LATE), 2, LATE)
    assert (landed.unsaved, landed.write_at, landed.failures, landed.doubt, landed.failure) == (
        None,
        None,
        0,
        None,
        None,
    )
    assert landed.version == 2
    assert state(landed, LATE, in_flight=False) is State.FRESH


def test_a_refresh_token_that_vault_refuses_stays_held_when_the_token_has_landed() -> None:
    rotation = Rotation(credential=a_credential(), refresh_token=secret("next"))
    held = aftermath.after_issue(a_connection(), record=a_record(issued_at=LATE), rotation=rotation, now=LATE)
    landed = aftermath.after_publishing(held, a_record(issued_at=LATE), 2, LATE)
    assert landed.rotation == rotation
    assert landed.write_at is not None


def test_a_refused_write_is_tried_again_within_half_a_minute_however_often_it_was_refused() -> None:
    held = aftermath.after_issue(a_connection(), record=a_record(issued_at=LATE), rotation=None, now=LATE)
    for _ in range(50):
        held = aftermath.after_failed_write(held, VaultUnavailable(), LATE)
        assert held.write_at is not None
        assert SECOND <= held.write_at - LATE <= 30 * SECOND
    assert state(held, LATE, in_flight=False) is State.UNSAVED


@pytest.mark.parametrize(
    ("connection", "in_flight", "expected"),
    [
        pytest.param(a_connection(issued_at=None), False, State.PENDING, id="never had a token"),
        pytest.param(a_connection(issued_at=None), True, State.PENDING, id="never had a token, being refreshed"),
        pytest.param(a_connection(), False, State.FRESH, id="a good token"),
        pytest.param(a_connection(), True, State.REFRESHING, id="a good token, being refreshed"),
        pytest.param(a_connection(issued_at=NOON - HOUR), True, State.EXPIRED, id="an expired token, being refreshed"),
        pytest.param(after(a_connection(), ZohoUnavailable()), False, State.FAILING, id="refresh fails, token good"),
        pytest.param(after(a_connection(), Throttled()), False, State.THROTTLED, id="throttled, token good"),
        pytest.param(
            replace(after(a_connection(), Throttled()), token=None), False, State.PENDING, id="throttled before a token"
        ),
    ],
)
def test_the_state_of_a_connection_with(connection: Connection, in_flight: bool, expected: State) -> None:  # noqa: FBT001
    assert state(connection, LATE, in_flight=in_flight) is expected
