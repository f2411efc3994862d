from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.samples.zoho_bodies import NEAR_ANSWERS
from tests.support.samples.zoho_samples import an_answer, outcome, sample
from zoho_tokend.core.consent import DeviceCode, Granted, MovedTo, Pending, Polled, SlowDown
from zoho_tokend.core.errors import (
    ClientRejected,
    CodeRejected,
    ConsentRefused,
    DeviceCodeExpired,
    NoRefreshToken,
    ScopeRejected,
    Throttled,
    TokendError,
    WrongDataCenter,
    ZohoUnavailable,
)
from zoho_tokend.core.model import Client, Secret
from zoho_tokend.zoho.device import PollPace, device_code, device_form, poll_form, polled

CLIENT = Client(client_id="1004.INVENTEDCLIENT", client_secret=Secret("invented-secret"))
PAGE = "https://accounts.zoho.eu/oauth/v3/device"
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def begun(**fields: object) -> DeviceCode:
    told = {"device_code": "1004.invented", "user_code": "BCDF-GHJK", "verification_url": PAGE}
    return device_code(an_answer({**told, **fields}))


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_the_flow_begins_offline_with_the_page_shown_and_without_a_secret() -> None:
    assert device_form("1004.INVENTEDCLIENT", "ZohoCRM.org.READ ZohoCRM.users.READ") == {
        "grant_type": "device_request",
        "client_id": "1004.INVENTEDCLIENT",
        "scope": "ZohoCRM.org.READ,ZohoCRM.users.READ",
        "access_type": "offline",
        "prompt": "consent",
    }


def test_a_poll_shows_the_device_code_and_the_client() -> None:
    assert poll_form(Secret("1004.invented"), CLIENT) == {
        "grant_type": "device_token",
        "client_id": "1004.INVENTEDCLIENT",
        "client_secret": "invented-secret",
        "code": "1004.invented",
    }


def test_the_codes_come_with_their_pages_and_spans() -> None:
    assert begun(
        interval=5000, expires_in=300_000, verification_uri_complete=f"{PAGE}?user_code=BCDF-GHJK"
    ) == DeviceCode(
        device_code=Secret("1004.invented"),
        user_code="BCDF-GHJK",
        page=PAGE,
        ready_page=f"{PAGE}?user_code=BCDF-GHJK",
        interval=seconds(5),
        lifetime=seconds(300),
    )


def test_no_code_stands_in_a_repr() -> None:
    shown = repr(begun(verification_uri_complete=f"{PAGE}?user_code=BCDF-GHJK"))

    assert "1004.invented" not in shown
    assert "BCDF" not in shown


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(5000, 5, id="milliseconds, as Zoho has them"),
        pytest.param("5000", 5, id="milliseconds as text"),
        pytest.param(5, 5, id="seconds"),
        pytest.param(120, 120, id="two minutes"),
        pytest.param(121_000, 5, id="more than two minutes"),
        pytest.param(1500, 1.5, id="a second and a half"),
        pytest.param(500, 5, id="less than a second"),
        pytest.param(0, 5, id="nought"),
        pytest.param(-5, 5, id="negative"),
        pytest.param(float("nan"), 5, id="NaN"),
        pytest.param(10**400, 5, id="beyond every float"),
        pytest.param(None, 5, id="missing"),
        pytest.param(True, 5, id="a truth value"),
    ],
)
def test_an_interval_is_read_in_either_unit(told: object, expected: float) -> None:
    assert begun(interval=told).interval == seconds(expected)


@pytest.mark.parametrize(
    ("told", "expected"),
    [(300_000, 300), (300, 300), (3600, 3600), (600_000, 600), (4_000_000, 300), ("soon", 300), (None, 300)],
)
def test_a_lifetime_is_read_in_either_unit(told: object, expected: float) -> None:
    assert begun(expires_in=told).lifetime == seconds(expected)


@pytest.mark.parametrize(
    "fields",
    [
        {"verification_url": None},
        {"verification_url": "http://accounts.zoho.eu/device"},
        {"verification_url": "javascript:alert(1)"},
        {"verification_url": "https://user:password@accounts.zoho.eu/device"},
        {"verification_url": f"{PAGE}\x1b[2J"},
        {"user_code": "BCDF\x1b[2J"},
        {"user_code": 7},
        {"device_code": ""},
        {"device_code": "1004.a\r\nb"},
        {"device_code": 7},
    ],
)
def test_codes_that_could_not_be_shown_or_sent_are_not_taken(fields: dict[str, object]) -> None:
    with pytest.raises(ZohoUnavailable):
        begun(**fields)


def test_the_page_may_have_the_standards_name_too() -> None:
    assert begun(verification_url=None, verification_uri=PAGE).page == PAGE


@pytest.mark.parametrize(
    ("error", "expected", "sentence"),
    [
        ("invalid_client", ClientRejected, "Non-browser Mobile Application"),
        ("invalid_scope", ScopeRejected, "correct the scope"),
        ("Access Denied", Throttled, "wait ten minutes"),
        ("general_error", ZohoUnavailable, "no reason"),
    ],
)
def test_a_flow_that_cannot_begin_says_why(error: str, expected: type[TokendError], sentence: str) -> None:
    with pytest.raises(expected, match=sentence):
        device_code(an_answer({"error": error}))


@pytest.mark.parametrize("status", [200, 400, 401, 429])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "authorization_pending"}, Pending()),
        ({"error": "slow_down"}, SlowDown()),
        ({"error": "other_dc", "user_location": "eu"}, MovedTo("eu")),
        ({"error": "other_dc", "user_location": "EU"}, MovedTo("eu")),
        ({"error": "other_dc", "dc": "in"}, MovedTo("in")),
    ],
)
def test_a_poll_says_what_to_do_next_at_any_status(body: dict[str, str], expected: Polled, status: int) -> None:
    assert polled(an_answer(body, status=status)) == expected


def test_a_poll_brings_the_tokens() -> None:
    answer = polled(an_answer({"access_token": "1004.fresh", "refresh_token": "1004.lasting", "expires_in": 3600}))

    assert isinstance(answer, Granted)
    assert answer.refresh_token == Secret("1004.lasting")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "access_denied"}, ConsentRefused),
        ({"error": "expired"}, DeviceCodeExpired),
        ({"error": "expired_token"}, DeviceCodeExpired),
        ({"error": "invalid_code"}, CodeRejected),
        ({"error": "invalid_client"}, ClientRejected),
        ({"error": "other_dc"}, WrongDataCenter),
        ({"error": "other_dc", "user_location": "../eu"}, WrongDataCenter),
        ({"error": "Access Denied"}, Throttled),
        ({"error": "access_denied", "error_description": "too many requests"}, Throttled),
        ({"access_token": "1004.fresh"}, NoRefreshToken),
        ({"access_token": 7, "error": "authorization_pending"}, ZohoUnavailable),
    ],
)
def test_a_poll_that_ends_the_flow_says_why(body: dict[str, object], expected: type[TokendError]) -> None:
    with pytest.raises(expected) as failure:
        polled(an_answer(body))
    assert type(failure.value) is expected


@pytest.mark.parametrize("name", ["html-502", "empty", "truncated"])
def test_a_poll_that_says_nothing_is_to_be_made_again(name: str) -> None:
    with pytest.raises(ZohoUnavailable):
        polled(sample(name))


def test_a_pace_doubles_when_told_to_slow_down() -> None:
    pace = PollPace(seconds(5))

    assert [pace.wait, pace.slower().wait, pace.slower().slower().wait] == [seconds(5), seconds(10), seconds(20)]


@given(st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=1)), st.integers(0, 40))
def test_a_pace_is_never_faster_than_a_second_nor_slower_than_two_minutes(interval: timedelta, slowed: int) -> None:
    pace = PollPace(interval)
    for _ in range(slowed):
        pace = pace.slower()

    assert seconds(1) <= pace.wait <= seconds(120)


@unhurried
@given(body=st.binary() | NEAR_ANSWERS, status=st.integers(min_value=100, max_value=599))
@example(body=b'{"error":"other_dc","user_location":"\\u0130\\u0130"}', status=200)
@example(body=b"[" * 60_000, status=200)
def test_any_bytes_at_any_status_are_codes_a_poll_or_one_of_our_errors(body: bytes, status: int) -> None:
    answer = an_answer(body, status=status)

    for told in (outcome(device_code, answer), outcome(polled, answer)):
        assert not isinstance(told, TokendError) or str(told).isprintable()
