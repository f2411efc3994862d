"""Budgets of refresh tokens, and what throttled siblings say of a client."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.samples.builders import CRM, MINUTE, NOON, SALES, SECOND
from zoho_tokend.core import budget, cooling
from zoho_tokend.core.cooling import Cooling
from zoho_tokend.core.policy import TEN_MINUTES, Policy

INTERVAL = Policy().probe_interval


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


def test_what_vault_remembers_by_a_clock_that_is_behind_is_taken_as_it_is() -> None:
    issues = [NOON - MINUTE, NOON - 2 * MINUTE]
    assert budget.remembered(issues, NOON) == tuple(issues)


def test_one_throttled_connection_says_nothing_about_its_siblings() -> None:
    client = cooling.after_throttle(Cooling(), CRM, NOON, INTERVAL)
    client = cooling.after_throttle(client, CRM, NOON + MINUTE, INTERVAL)
    assert cooling.may_start_at(client, NOON + MINUTE) == NOON + MINUTE


def test_a_second_throttled_connection_within_ten_minutes_cools_the_client() -> None:
    client = cooling.after_throttle(Cooling(), CRM, NOON, INTERVAL)
    client = cooling.after_throttle(client, SALES, NOON + 9 * MINUTE, INTERVAL)
    assert cooling.may_start_at(client, NOON + 9 * MINUTE) == NOON + 9 * MINUTE + INTERVAL


def test_two_throttles_more_than_ten_minutes_apart_do_not_cool_the_client() -> None:
    client = cooling.after_throttle(Cooling(), CRM, NOON, INTERVAL)
    client = cooling.after_throttle(client, SALES, NOON + 10 * MINUTE, INTERVAL)
    assert not cooling.is_cooling(client, NOON + 10 * MINUTE)


def cooling_client() -> Cooling:
    return cooling.after_throttle(cooling.after_throttle(Cooling(), CRM, NOON, INTERVAL), SALES, NOON, INTERVAL)


def test_a_cooling_client_has_one_probe_at_a_time() -> None:
    turn = NOON + INTERVAL
    probing = cooling.after_start(cooling_client(), turn, INTERVAL)
    assert cooling.may_start_at(probing, turn) == turn + INTERVAL


def test_a_probe_that_gets_a_token_ends_the_cooling() -> None:
    assert cooling.may_start_at(cooling.after_issue(cooling_client(), CRM), NOON + SECOND) == NOON + SECOND


def test_a_probe_that_is_throttled_prolongs_the_cooling() -> None:
    client = cooling.after_throttle(cooling_client(), CRM, NOON + 5 * MINUTE, INTERVAL)
    assert cooling.is_cooling(client, NOON + 14 * MINUTE)


def test_a_client_that_is_left_alone_for_ten_minutes_cools_no_more() -> None:
    assert cooling.may_start_at(cooling_client(), NOON + TEN_MINUTES) == NOON + TEN_MINUTES


def test_probes_of_a_cooling_client_stay_within_one_budget() -> None:
    client, now, probes = cooling_client(), NOON, 0
    while now < NOON + TEN_MINUTES:
        now = cooling.may_start_at(client, now)
        client = cooling.after_start(client, now, INTERVAL)
        probes += now < NOON + TEN_MINUTES
        now += SECOND
    assert probes <= Policy().issues_per_ten_minutes
