"""Budgets of refresh tokens, and what throttled siblings say of a client."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples.builders import CRM, HOUR, MINUTE, NOON, SALES, SECOND
from zoho_tokend.core import budget, client_limit
from zoho_tokend.core.client_limit import ClientLimit
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES

LEAST = 8


@given(gaps=st.lists(st.integers(0, 400), min_size=1, max_size=60), limit=st.integers(1, 10))
def test_obeying_the_budget_never_passes_the_limit_in_any_ten_minutes(gaps: list[int], limit: int) -> None:
    now, spent = NOON, list[timedelta]()
    instants: budget.Spent = ()
    for gap in gaps:
        now = budget.free_at(instants, now + gap * SECOND, limit=limit)
        instants = (*instants, now)
        spent.append(now - NOON)
    for start in spent:
        assert sum(start <= at < start + TEN_MINUTES for at in spent) <= limit


def test_the_budget_is_whole_again_ten_minutes_after_the_last_issue() -> None:
    spent = (NOON,) * 8
    assert budget.remaining(spent, NOON, limit=8) == 0
    assert budget.remaining(spent, NOON + TEN_MINUTES - SECOND, limit=8) == 0
    assert budget.remaining(spent, NOON + TEN_MINUTES, limit=8) == 8


def test_what_vault_remembers_is_past_even_where_its_clock_is_ahead_of_ours() -> None:
    remembered = budget.remembered([NOON, NOON + MINUTE, NOON + MINUTE * 90], NOON)
    assert max(remembered) == NOON
    assert len(remembered) == 3
    assert budget.free_at(budget.recent(remembered, NOON), NOON, limit=1) == NOON + TEN_MINUTES


def test_what_vault_remembers_by_a_clock_that_is_behind_was_made_no_earlier_than_its_latest_record_says() -> None:
    issues = [NOON - 21 * MINUTE, NOON - 22 * MINUTE]
    assert budget.remembered(issues, NOON, latest=NOON - MINUTE) == (NOON - MINUTE, NOON - 2 * MINUTE)


def test_what_vault_remembers_is_taken_as_it_is_where_nothing_tells_better() -> None:
    issues = [NOON - MINUTE, NOON - 2 * MINUTE]
    assert budget.remembered(issues, NOON) == tuple(issues)


def throttled(*names: ConnectionName, granted: int = 0, at: datetime = NOON) -> ClientLimit:
    client = ClientLimit()
    for _ in range(granted):
        client = client_limit.after_issue(client_limit.after_begin(client, at), CRM, at)
    for name in names:
        client = client_limit.after_throttle(client, name, at, least=LEAST)
    return client


def busy(client: ClientLimit, requests: int, at: datetime = NOON) -> ClientLimit:
    for _ in range(requests):
        client = client_limit.after_begin(client, at)
    return client


def test_one_throttled_connection_says_nothing_about_its_siblings() -> None:
    assert client_limit.may_begin_at(busy(throttled(CRM, CRM), 30), NOON) == NOON


def test_a_second_throttled_connection_within_ten_minutes_limits_the_client() -> None:
    assert client_limit.may_begin_at(busy(throttled(CRM, SALES), LEAST + 1), NOON) == NOON + TEN_MINUTES


def test_two_throttles_more_than_ten_minutes_apart_do_not_limit_the_client() -> None:
    later = NOON + TEN_MINUTES
    client = client_limit.after_throttle(throttled(CRM), SALES, later, least=LEAST)
    assert client_limit.may_begin_at(busy(client, 30, later), later) == later


def test_a_limited_client_may_do_as_much_as_it_was_seen_to_be_granted() -> None:
    client = throttled(CRM, SALES, granted=10)
    assert client.limit == 10


def test_a_client_that_was_granted_far_more_than_zohos_limit_is_not_limited_as_a_whole() -> None:
    assert throttled(CRM, SALES, granted=60).limit is None


def test_a_limited_client_is_never_stopped() -> None:
    assert client_limit.may_begin_at(busy(throttled(CRM, SALES), LEAST - 1), NOON) == NOON


def test_each_hour_without_a_throttle_allows_one_request_more() -> None:
    later = NOON + HOUR
    assert client_limit.may_begin_at(busy(throttled(CRM, SALES), LEAST, later), later) == later
    assert client_limit.may_begin_at(busy(throttled(CRM, SALES), LEAST + 1, later), later) > later


@given(gaps=st.lists(st.integers(0, 100), min_size=1, max_size=80))
def test_requests_of_a_limited_client_stay_within_its_limit_in_any_ten_minutes(gaps: list[int]) -> None:
    client, now, begun = throttled(CRM, SALES), NOON, list[timedelta]()
    for gap in gaps:
        now = client_limit.may_begin_at(client, now + gap * SECOND)
        client = client_limit.after_begin(client, now)
        begun.append(now - NOON)
    for start in begun:
        hours = 1 + (start + TEN_MINUTES) // HOUR
        assert sum(start <= at < start + TEN_MINUTES for at in begun) <= LEAST + hours


def test_a_probe_beyond_a_suspected_limit_that_is_granted_ends_it() -> None:
    client = throttled(CRM, SALES, granted=LEAST)
    assert client_limit.may_begin_at(client, NOON) == NOON
    granted = client_limit.after_issue(client_limit.after_begin(client, NOON), CRM, NOON)
    assert granted.limit is None


def test_a_probe_that_is_throttled_confirms_the_limit() -> None:
    probed = client_limit.after_begin(throttled(CRM, SALES, granted=LEAST), NOON)
    confirmed = client_limit.after_throttle(probed, ConnectionName("third"), NOON, least=LEAST)
    assert client_limit.may_begin_at(confirmed, NOON) == NOON + TEN_MINUTES
