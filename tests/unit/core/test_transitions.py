"""What each thing that happens makes of a connection."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.support.samples.builders import HOUR, MINUTE, NOON, SECOND, a_connection, a_credential, a_record, secret
from zoho_tokend.core import transitions
from zoho_tokend.core.backoff import CONFIRMATION, PROBE_INTERVAL
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
        uptime = (now - NOON).total_seconds()
        connection = transitions.after_failure(connection, error, now, uptime=uptime, pace=Policy().pace)
        now += step
    return connection


def waited(connection: Connection, now: datetime) -> timedelta:
    assert connection.retry_at is not None
    return connection.retry_at - now


def test_issues_of_a_record_that_cannot_be_read_are_recalled() -> None:
    assert not transitions.discovered(a_connection().name, None, NOON).recalled


def test_the_first_rejection_of_a_grant_is_pending_until_it_is_said_again() -> None:
    pending = after(a_connection(), GrantRejected())
    assert not pending.parked
    assert pending.retry_reason is Reason.CONFIRM
    assert CONFIRMATION <= waited(pending, LATE) <= 1.1 * CONFIRMATION


def test_a_rejection_said_twice_a_minute_apart_for_the_same_credential_parks() -> None:
    parked = after(a_connection(), GrantRejected(), GrantRejected(), step=CONFIRMATION)
    assert parked.parked
    assert state(parked, LATE, in_flight=False) is State.NEEDS_CONSENT


def test_a_parked_connection_whose_token_lives_goes_on_trying_with_growing_waits_and_at_the_last_moment() -> None:
    connection, now, waits = a_connection(), LATE, list[float]()
    while now < NOON + HOUR - LONGEST_NORMAL_REFRESH:
        connection = after(connection, GrantRejected(), now=now)
        assert connection.retry_at is not None
        waits.append((connection.retry_at - now) / MINUTE)
        now = connection.retry_at
    assert [round(wait) for wait in waits[:4]] == [1, 2, 4, 8]
    assert now == NOON + HOUR - LONGEST_NORMAL_REFRESH


def test_a_parked_connection_whose_token_has_ended_is_probed_every_six_hours() -> None:
    parked = after(a_connection(), GrantRejected(), GrantRejected(), now=NOON + HOUR)
    assert 0.9 * PROBE_INTERVAL <= waited(parked, NOON + HOUR + MINUTE) <= PROBE_INTERVAL


def test_one_of_many_that_were_refused_together_is_probed_each_five_minutes() -> None:
    parked = after(a_connection(), GrantRejected(), now=NOON + HOUR)
    probed = transitions.after_failure(
        parked, GrantRejected(), LATE + HOUR, uptime=9999.0, pace=Policy().pace, together=12
    )
    assert probed.parked
    assert HOUR / 2 <= waited(probed, LATE + HOUR) <= HOUR


def test_two_different_refusals_do_not_confirm_each_other() -> None:
    assert not after(a_connection(), ClientRejected(), GrantRejected(), ClientRejected()).parked


def test_a_wall_clock_that_jumps_confirms_nothing() -> None:
    once = transitions.after_failure(a_connection(), GrantRejected(), LATE, uptime=5.0, pace=Policy().pace)
    again = transitions.after_failure(once, GrantRejected(), LATE + HOUR, uptime=9.0, pace=Policy().pace)
    assert not again.parked


def test_a_rejection_said_twice_within_a_minute_does_not_park() -> None:
    assert not after(a_connection(), GrantRejected(), GrantRejected(), step=CONFIRMATION - SECOND).parked


def test_a_rejection_of_another_version_of_the_credential_does_not_confirm_the_first() -> None:
    pending = after(a_connection(stamp="1"), GrantRejected())
    changed = transitions.after_reading(pending, a_credential(stamp="2"))
    assert not after(changed, GrantRejected(), now=LATE + 2 * CONFIRMATION).parked


def test_an_outage_between_two_rejections_does_not_lift_the_first() -> None:
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
    assert waited(probed, LATE + PROBE_INTERVAL) <= Policy().pace


def test_another_that_was_refused_with_it_and_is_well_has_it_tried_at_once_and_its_verdict_stays() -> None:
    parked = after(a_connection(), GrantRejected(), GrantRejected())
    woken = transitions.after_recovery_of_another(parked, LATE)
    assert woken.retry_at == LATE
    assert state(woken, LATE, in_flight=False) is State.NEEDS_CONSENT


@pytest.mark.parametrize("error", [ZohoUnavailable(), VaultUnavailable(), ZohoUnavailable(retry_after=MINUTE)])
def test_once_its_token_has_ended_it_is_tried_as_often_as_the_budget_carries(error: RefreshError) -> None:
    now = NOON + 3 * HOUR
    assert waited(after(a_connection(failures=20), error, now=now), now) <= Policy().pace


def test_after_the_ten_minutes_of_a_throttle_too() -> None:
    now = NOON + 3 * HOUR
    assert waited(after(a_connection(), Throttled(), now=now), now) == TEN_MINUTES
    assert waited(after(a_connection(throttles=1), Throttled(), now=now), now) <= Policy().pace


def test_a_new_grant_does_not_inherit_what_the_old_one_was_refused_or_throttled_for() -> None:
    old = after(a_connection(stamp="1", throttles=2), GrantRejected(), GrantRejected())
    new = transitions.after_reading(old, a_credential(stamp="2"))
    assert (new.rejection, new.parked, new.throttles) == (None, False, 0)


def test_waking_forgets_the_verdict_and_tries_at_once() -> None:
    parked = after(a_connection(), GrantRejected(), GrantRejected())
    woken = transitions.after_waking(parked, LATE)
    assert not woken.parked
    assert woken.retry_at == LATE
    assert not after(woken, GrantRejected(), now=LATE).parked


def test_a_vault_that_came_back_is_tried_at_once_by_those_that_it_made_wait_and_their_failures_still_count() -> None:
    waiting = after(a_connection(), *[VaultUnavailable()] * 8)
    again = transitions.after_vault_came_back(waiting, LATE)
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
    assert transitions.after_vault_came_back(waiting, LATE) is waiting


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
    held = transitions.after_issue(a_connection(), record=a_record(issued_at=LATE), rotation=None, now=LATE)
    assert held.unsaved is not None
    assert held.write_at == LATE
    assert not held.is_unsaved


def test_a_published_token_is_held_no_longer_and_forgives_every_failure() -> None:
    failing = after(a_connection(), ZohoUnavailable(), GrantRejected())
    held = transitions.after_issue(failing, record=a_record(issued_at=LATE), rotation=None, now=LATE)
    landed = transitions.after_publishing(held, a_record(issued_at=LATE), 2, LATE)
    assert (landed.unsaved, landed.write_at, landed.failures, landed.rejection, landed.failure) == (
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
    held = transitions.after_issue(a_connection(), record=a_record(issued_at=LATE), rotation=rotation, now=LATE)
    landed = transitions.after_publishing(held, a_record(issued_at=LATE), 2, LATE)
    assert landed.rotation == rotation
    assert landed.write_at is not None


def test_a_refused_write_is_tried_again_within_half_a_minute_however_often_it_was_refused() -> None:
    held = transitions.after_issue(a_connection(), record=a_record(issued_at=LATE), rotation=None, now=LATE)
    for _ in range(50):
        held = transitions.after_failed_write(held, VaultUnavailable(), LATE)
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
