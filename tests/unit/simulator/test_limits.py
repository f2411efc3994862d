from dataclasses import replace

import pytest

from tests.unit.simulator.asking import Asker, access_token, an_asker, minutes, zoho_at_noon
from zoho_simulator import CountedBy, Limits

WIDE = Limits(issues_per_window=1000, refresh_tokens_per_window=1000)


def test_a_burst_of_eleven_refreshes_gets_ten_tokens_and_one_throttle_at_http_400() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    answers = [asker.refresh(refresh_token) for _ in range(11)]
    assert [answer.outcome for answer in answers] == ["issued"] * 10 + ["Access Denied"]
    assert answers[-1].status == 400
    assert answers[-1].headers == {}
    assert answers[-1].text == (
        '{"error_description":"You have made too many requests continuously. Please try again after some time.",'
        '"error":"Access Denied","status":"failure"}'
    )


def test_the_window_rolls_and_is_open_again_ten_minutes_after_the_first_issue() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    asker.refresh(refresh_token)
    asker.zoho.advance(minutes(9))
    for _ in range(9):
        asker.refresh(refresh_token)
    assert asker.refresh(refresh_token).outcome == "Access Denied"
    asker.zoho.advance(minutes(1))
    assert asker.refresh(refresh_token).outcome == "issued"
    assert asker.refresh(refresh_token).outcome == "Access Denied"


def test_calls_that_failed_count_too() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    wrong = Asker(asker.zoho, asker.client, secret="0" * 42)
    assert {wrong.refresh(refresh_token).outcome for _ in range(10)} == {"invalid_client"}
    assert asker.refresh(refresh_token).outcome == "Access Denied"


def test_one_refresh_token_does_not_spend_the_issues_of_another() -> None:
    asker = an_asker()
    noisy, quiet = asker.zoho.consent(asker.client), asker.zoho.consent(asker.client, "bob@example.com")
    for _ in range(11):
        asker.refresh(noisy)
    assert asker.refresh(quiet).outcome == "issued"


def test_where_issues_are_counted_by_client_one_refresh_token_spends_those_of_another() -> None:
    asker = an_asker(Limits(counted_by=CountedBy.CLIENT))
    noisy, quiet = asker.zoho.consent(asker.client), asker.zoho.consent(asker.client, "bob@example.com")
    for _ in range(10):
        asker.refresh(noisy)
    assert asker.refresh(quiet).outcome == "Access Denied"


@pytest.mark.parametrize(
    ("throttled_calls_count", "outcome"),
    [
        pytest.param(False, "issued", id="calling on does not prolong the throttle"),
        pytest.param(True, "Access Denied", id="calling on prolongs the throttle where that is switched on"),
    ],
)
def test_a_throttled_call(throttled_calls_count: bool, outcome: str) -> None:  # noqa: FBT001  # a column of the table
    asker = an_asker(Limits(issues_per_window=1, throttled_calls_count=throttled_calls_count))
    refresh_token = asker.zoho.consent(asker.client)
    asker.refresh(refresh_token)
    asker.zoho.advance(minutes(5))
    asker.refresh(refresh_token)
    asker.zoho.advance(minutes(5))
    assert asker.refresh(refresh_token).outcome == outcome


def test_the_eleventh_active_access_token_silently_kills_the_first() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    first, second = (access_token(asker.refresh(refresh_token)) for _ in range(2))
    for _ in range(8):
        asker.refresh(refresh_token)
    asker.zoho.advance(minutes(10))
    assert asker.accepts(first)
    assert asker.refresh(refresh_token).outcome == "issued"
    assert not asker.accepts(first)
    assert asker.accepts(second)


def test_an_expired_access_token_does_not_count_as_active() -> None:
    asker = an_asker(replace(WIDE, active_access_tokens=2))
    refresh_token = asker.zoho.consent(asker.client)
    asker.refresh(refresh_token)
    asker.zoho.advance(minutes(30))
    second = access_token(asker.refresh(refresh_token))
    asker.zoho.advance(minutes(30))
    asker.refresh(refresh_token)
    assert asker.accepts(second)


def test_the_twenty_first_refresh_token_silently_kills_the_first_with_its_access_tokens() -> None:
    asker = an_asker()
    first = asker.zoho.consent(asker.client)
    second = asker.zoho.consent(asker.client)
    token = access_token(asker.refresh(first))
    for _ in range(18):
        asker.zoho.consent(asker.client)
    assert asker.accepts(token)
    asker.zoho.consent(asker.client)
    assert not asker.accepts(token)
    assert asker.refresh(first).outcome == "invalid_code"
    assert asker.refresh(second).outcome == "issued"


@pytest.mark.parametrize("whose", ["another user", "another client"])
def test_refresh_tokens_of_others_evict_nobody(whose: str) -> None:
    zoho = zoho_at_noon()
    asker = Asker(zoho, zoho.add_client())
    first = zoho.consent(asker.client)
    client = zoho.add_client("another") if whose == "another client" else asker.client
    for _ in range(20):
        zoho.consent(client, "bob@example.com" if whose == "another user" else "ann@example.com")
    assert asker.refresh(first).outcome == "issued"


def test_a_user_gets_ten_refresh_tokens_of_one_client_in_ten_minutes_by_code() -> None:
    asker = an_asker()
    outcomes = [asker.exchange(asker.zoho.grant_code(asker.client)).outcome for _ in range(11)]
    assert outcomes == ["issued"] * 10 + ["Access Denied"]


def test_an_operator_can_evict_the_oldest_access_tokens() -> None:
    asker = an_asker()
    refresh_token = asker.zoho.consent(asker.client)
    first, second = (access_token(asker.refresh(refresh_token)) for _ in range(2))
    assert asker.zoho.evict(refresh_token) == 1
    assert not asker.accepts(first)
    assert asker.accepts(second)
    assert asker.zoho.evict(refresh_token, 5) == 1
    assert not asker.accepts(second)
