import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.samples.zoho_samples import RECEIVED_AT, an_answer, sample, sample_names
from zoho_tokend.core.errors import (
    ClientRejected,
    GrantRejected,
    RefreshError,
    Retryable,
    Throttled,
    ZohoUnavailable,
)
from zoho_tokend.core.model import Issued, Secret
from zoho_tokend.zoho.response import ZohoResponse, clock_skew
from zoho_tokend.zoho.wire import issued

ACCESS_TOKEN = Secret("1000." + "ab12" * 8 + "." + "cd34" * 8)
REFRESH_TOKEN = Secret("1000." + "0f1e" * 8 + "." + "2d3c" * 8)


def outcome(answer: ZohoResponse) -> Issued | RefreshError:
    try:
        return issued(answer)
    except RefreshError as error:
        return error


def lifetime(**fields: object) -> timedelta:
    return issued(an_answer({"access_token": "1000.invented", **fields})).lifetime


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "issued",
            Issued(
                access_token=ACCESS_TOKEN,
                token_type="Bearer",
                lifetime=timedelta(hours=1),
                api_domain="https://www.zohoapis.eu",
            ),
        ),
        (
            "issued-with-scope",
            Issued(
                access_token=ACCESS_TOKEN,
                token_type="Bearer",
                lifetime=timedelta(hours=1),
                api_domain="https://www.zohoapis.com",
                scope="ZohoCRM.modules.READ ZohoCRM.users.READ",
            ),
        ),
        (
            "issued-in-milliseconds",
            Issued(
                access_token=ACCESS_TOKEN,
                token_type="Bearer",
                lifetime=timedelta(hours=1),
                api_domain="https://www.zohoapis.com",
            ),
        ),
        (
            "issued-in-lone-milliseconds",
            Issued(
                access_token=ACCESS_TOKEN,
                token_type="Bearer",
                lifetime=timedelta(hours=1),
                api_domain="https://www.zohoapis.com",
            ),
        ),
        (
            "issued-in-text",
            Issued(
                access_token=ACCESS_TOKEN,
                token_type="Bearer",
                lifetime=timedelta(minutes=30),
                api_domain="https://www.zohoapis.in",
            ),
        ),
        (
            "issued-without-lifetime-and-domain",
            Issued(access_token=ACCESS_TOKEN, token_type="Bearer", lifetime=timedelta(hours=1)),
        ),
        (
            "issued-with-rotated-refresh-token",
            Issued(
                access_token=ACCESS_TOKEN,
                token_type="Bearer",
                lifetime=timedelta(hours=1),
                api_domain="https://www.zohoapis.com",
                refresh_token=REFRESH_TOKEN,
            ),
        ),
    ],
)
def test_a_recorded_answer_with_a_token_is_read_whole(name: str, expected: Issued) -> None:
    assert issued(sample(name)) == expected


@pytest.mark.parametrize("status", [200, 201, 400, 429, 500])
def test_a_token_is_a_token_at_any_status(status: int) -> None:
    answer = an_answer({"access_token": "1000.invented", "error": "invalid_code"}, status=status)

    assert issued(answer).access_token == Secret("1000.invented")


REFUSALS = {
    "invalid-code": GrantRejected,
    "invalid-grant": GrantRejected,
    "invalid-client": ClientRejected,
    "invalid-client-secret": ClientRejected,
    "throttle-at-200": Throttled,
    "throttle-at-400": Throttled,
    "throttle-at-429": Throttled,
    "throttle-at-500": Throttled,
    "access-denied": ZohoUnavailable,
    "general-error": ZohoUnavailable,
    "invalid-redirect-uri": ZohoUnavailable,
    "invalid-scope": ZohoUnavailable,
    "missing-org-info": ZohoUnavailable,
    "unauthorized-client": ZohoUnavailable,
    "html-502": ZohoUnavailable,
    "html-at-200": ZohoUnavailable,
    "firewall-403": ZohoUnavailable,
    "unavailable-503": ZohoUnavailable,
    "truncated": ZohoUnavailable,
    "empty": ZohoUnavailable,
}


@pytest.mark.parametrize(("name", "expected"), REFUSALS.items())
@pytest.mark.parametrize("status", [None, 200, 302, 400, 401, 403, 500, 503])
def test_a_recorded_refusal_means_the_same_at_any_status(
    name: str, expected: type[RefreshError], status: int | None
) -> None:
    recorded = sample(name)
    answer = ZohoResponse(
        status=status or recorded.status,
        headers=recorded.headers,
        body=recorded.body,
        received_at=recorded.received_at,
    )

    with pytest.raises(expected) as refusal:
        issued(answer)
    assert type(refusal.value) is expected


def test_every_recorded_answer_is_expected_to_mean_something() -> None:
    assert {name for name in sample_names() if not name.startswith("issued")} == set(REFUSALS)


def test_a_429_without_a_word_is_a_throttle() -> None:
    with pytest.raises(Throttled):
        issued(an_answer(b"", status=429))


def test_a_throttle_is_known_by_its_words_even_in_a_page() -> None:
    with pytest.raises(Throttled):
        issued(an_answer(b"<p>You have made Too Many Requests continuously.</p>", status=503))


@pytest.mark.parametrize(
    "code",
    ["INVALID_CODE", " invalid_code", "invalid_code ", "invalid_codes", "Invalid_client", "invalid_token", "", 7, None],
)
def test_only_the_exact_code_condemns(code: object) -> None:
    with pytest.raises(ZohoUnavailable):
        issued(an_answer({"error": code}, status=401))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([{"error": "invalid_code"}], id="in a list"),
        pytest.param({"error": {"code": "invalid_code"}}, id="one level down"),
        pytest.param({"code": "invalid_code"}, id="under another name"),
        pytest.param("invalid_code", id="as a bare text"),
        pytest.param(b"invalid_code", id="without JSON"),
    ],
)
def test_a_code_condemns_in_its_own_field_alone(body: object) -> None:
    with pytest.raises(ZohoUnavailable):
        issued(an_answer(body))


def test_a_rejected_grant_names_its_usual_causes() -> None:
    with pytest.raises(GrantRejected, match=r"21st.*grant code pasted as a refresh token"):
        issued(sample("invalid-code"))


def test_a_rejected_client_names_its_usual_causes() -> None:
    with pytest.raises(ClientRejected, match=r"id or secret is wrong.*another data centre.*secret is another data"):
        issued(sample("invalid-client"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, 3600, id="missing"),
        pytest.param({"expires_in": 1200}, 1200, id="seconds"),
        pytest.param({"expires_in": "1200"}, 1200, id="text"),
        pytest.param({"expires_in": 1200.9}, 1200, id="a fraction, rounded down"),
        pytest.param({"expires_in": 86400}, 86400, id="a whole day"),
        pytest.param({"expires_in": 1200000}, 1200, id="milliseconds"),
        pytest.param({"expires_in": "1200000"}, 1200, id="milliseconds as text"),
        pytest.param({"expires_in": 1200000, "expires_in_sec": 900}, 900, id="expires_in_sec goes first"),
        pytest.param({"expires_in": 1200000, "expires_in_sec": "soon"}, 1200, id="an unusable expires_in_sec"),
        pytest.param({"expires_in": 0}, 3600, id="nought"),
        pytest.param({"expires_in": 0.3}, 3600, id="less than a second"),
        pytest.param({"expires_in": -3600}, 3600, id="negative"),
        pytest.param({"expires_in": True}, 3600, id="a truth value"),
        pytest.param({"expires_in": None}, 3600, id="null"),
        pytest.param({"expires_in": [3600]}, 3600, id="a list"),
        pytest.param({"expires_in": "soon"}, 3600, id="a word"),
        pytest.param({"expires_in": "nan"}, 3600, id="no number"),
        pytest.param({"expires_in": float("nan")}, 3600, id="NaN"),
        pytest.param({"expires_in": float("inf")}, 3600, id="infinite"),
        pytest.param({"expires_in": 10**400}, 3600, id="beyond every float"),
        pytest.param({"expires_in": 10**12}, 3600, id="more than a day in milliseconds too"),
    ],
)
def test_a_lifetime_is_read_in_every_shape(fields: dict[str, object], expected: int) -> None:
    assert lifetime(**fields) == timedelta(seconds=expected)


# Building the first texts takes a second of its own on a slow machine.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(st.dictionaries(st.sampled_from(["expires_in", "expires_in_sec"]), st.integers() | st.floats() | st.text()))
def test_a_lifetime_is_always_between_a_second_and_a_day(fields: dict[str, object]) -> None:
    assert timedelta(seconds=1) <= lifetime(**fields) <= timedelta(days=1)


@pytest.mark.parametrize("field", ["access_token", "refresh_token"])
@pytest.mark.parametrize(
    "text", ["1000.a\r\nX-Admin: 1", "1000.a b", "1000.a\n", "\t1000.a", "1000.\x00", "1000.é", "\ud800"]
)
def test_a_token_that_could_break_a_header_is_not_taken(field: str, text: str) -> None:
    with pytest.raises(ZohoUnavailable) as refusal:
        issued(an_answer({"access_token": "1000.invented", field: text}))
    assert text not in str(refusal.value)


def test_a_refresh_token_that_is_no_text_is_not_taken() -> None:
    with pytest.raises(ZohoUnavailable):
        issued(an_answer({"access_token": "1000.invented", "refresh_token": 7}))


@pytest.mark.parametrize("refresh_token", ["", None])
def test_an_empty_refresh_token_is_none(refresh_token: object) -> None:
    assert issued(an_answer({"access_token": "1000.invented", "refresh_token": refresh_token})).refresh_token is None


@pytest.mark.parametrize("access_token", ["", None, 7, True, ["1000.invented"], {"token": "1000.invented"}])
def test_an_access_token_that_is_no_text_is_none(access_token: object) -> None:
    with pytest.raises(ZohoUnavailable):
        issued(an_answer({"access_token": access_token}))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("https://www.zohoapis.com", "https://www.zohoapis.com"),
        ("HTTPS://WWW.ZOHOAPIS.COM:443", "https://www.zohoapis.com"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://www.zohoapis.com", None),
        ("https://www.zohoapis.com/crm", None),
        ("https://user@www.zohoapis.com", None),
        ("www.zohoapis.com", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_an_api_domain_is_an_origin_or_omitted(told: object, expected: str | None) -> None:
    assert issued(an_answer({"access_token": "1000.invented", "api_domain": told})).api_domain == expected


@pytest.mark.parametrize(
    ("told", "expected"), [("Bearer", "Bearer"), (None, "Bearer"), (7, "Bearer"), ("a\nb", "Bearer")]
)
def test_a_token_type_is_kept_where_it_is_a_word(told: object, expected: str) -> None:
    assert issued(an_answer({"access_token": "1000.invented", "token_type": told})).token_type == expected


@pytest.mark.parametrize("told", [None, 7, ["ZohoCRM.modules.READ"], "a\nb", ""])
def test_a_scope_that_is_no_line_of_text_is_omitted(told: object) -> None:
    assert issued(an_answer({"access_token": "1000.invented", "scope": told})).scope is None


def test_a_byte_order_mark_does_no_harm() -> None:
    assert issued(an_answer(b'\xef\xbb\xbf{"access_token":"1000.invented"}')).access_token == Secret("1000.invented")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "120"}, timedelta(minutes=2)),
        ({"retry-after": " 120 "}, timedelta(minutes=2)),
        ({"retry-after": "999999"}, timedelta(minutes=30)),
        ({"retry-after": "Mon, 06 Jul 2026 10:05:00 GMT"}, timedelta(minutes=5)),
        (
            {"retry-after": "Mon, 06 Jul 2026 12:05:00 GMT", "date": "Mon, 06 Jul 2026 12:00:00 GMT"},
            timedelta(minutes=5),
        ),
        ({"retry-after": "Tue, 07 Jul 2026 10:00:00 GMT"}, timedelta(minutes=30)),
        ({"retry-after": "Sun, 05 Jul 2026 10:00:00 GMT"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 5000}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b'{"error":"Access Denied"}', b'{"access_token":"1000.a b"}'], ids=["empty", "throttle", "ill-shaped"]
)
def test_retry_after_is_the_least_wait_and_half_an_hour_at_most(
    headers: dict[str, str], expected: timedelta | None, body: bytes
) -> None:
    with pytest.raises(Retryable) as refusal:
        issued(an_answer(body, status=503, headers=headers))
    assert refusal.value.retry_after == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 06 Jul 2026 10:00:07 GMT", timedelta(seconds=7)),
        ("Mon, 06 Jul 2026 09:59:00 GMT", timedelta(seconds=-59)),
        ("Mon, 06 Jul 2026 09:59:59 GMT", timedelta()),
        ("Mon, 06 Jul 2026 10:00:00 -0000", timedelta()),
        ("noon", None),
        ("", None),
    ],
)
def test_the_date_header_tells_zohos_clock(date: str, expected: timedelta | None) -> None:
    assert clock_skew(an_answer(b"", headers={"date": date})) == expected


CONDEMNING = {"invalid_code", "invalid_grant", "invalid_client", "invalid_client_secret"}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NEAR_ANSWERS = st.dictionaries(
    st.sampled_from(
        [
            "access_token",
            "refresh_token",
            "token_type",
            "expires_in",
            "expires_in_sec",
            "api_domain",
            "scope",
            "error",
            "error_description",
        ]
    ),
    JSON_VALUES | st.sampled_from([*sorted(CONDEMNING), "Access Denied", "general_error", "1000.invented"]),
).map(lambda fields: json.dumps(fields).encode())


@unhurried
@given(
    body=st.binary() | NEAR_ANSWERS,
    status=st.integers(min_value=100, max_value=599),
    headers=st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text()),
)
@example(body=b"[" * 60_000, status=200, headers={})
@example(body=b'{"a":' * 60_000, status=200, headers={})
@example(body=b'{"expires_in":' + b"9" * 60_000 + b',"access_token":"1000.a"}', status=200, headers={})
@example(body=b'{"access_token":"1000.a","expires_in":NaN}', status=200, headers={})
@example(body=b'{"error":"invalid_code","error":"general_error"}', status=200, headers={})
@example(body=b"\xff\xfe{\x00", status=200, headers={"retry-after": "Mon, 06 Jul 0000 10:00:00 GMT"})
@example(body=b"", status=200, headers={"date": "Mon, 06 Jul 9999 23:59:59 -2359", "retry-after": "9" * 10})
def test_any_bytes_at_any_status_are_an_answer_of_the_five_kinds(
    body: bytes, status: int, headers: dict[str, str]
) -> None:
    answer = an_answer(body, status=status, headers=headers)
    clock_skew(answer)
    match outcome(answer):
        case Issued(access_token=access_token):
            assert access_token.reveal().isascii()
            assert access_token.reveal().isprintable()
            assert " " not in access_token.reveal()
        case Throttled(retry_after=wait) | ZohoUnavailable(retry_after=wait):
            assert wait is None or timedelta() < wait <= timedelta(minutes=30)
        case GrantRejected() | ClientRejected():
            assert json.loads(body)["error"] in CONDEMNING
        case other:
            pytest.fail(f"{other!r} is no answer that the port knows")


@unhurried
@given(
    st.text(alphabet="abcdefghijkXYZ0123456789", min_size=12),
    st.sampled_from(["error", "error_description", "access_token "]),
)
def test_a_refusal_never_repeats_what_zoho_said(said: str, field: str) -> None:
    with pytest.raises(RefreshError) as refusal:
        issued(an_answer({field: said}))
    assert said not in str(refusal.value)


def test_the_moment_of_the_samples_is_the_one_in_their_date_headers() -> None:
    assert clock_skew(sample("issued")) == timedelta()
    assert datetime(2026, 7, 6, 10, tzinfo=UTC) == RECEIVED_AT
