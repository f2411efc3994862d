from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples.zoho_bodies import NEAR_ANSWERS
from tests.support.samples.zoho_samples import an_answer, outcome, sample
from zoho_tokend.core.consent import GrantCode, Granted
from zoho_tokend.core.errors import (
    ClientRejected,
    CodeRejected,
    ConsentFailed,
    ConsentRefused,
    NoRefreshToken,
    OrganisationRejected,
    RedirectUriRejected,
    ScopeRejected,
    Throttled,
    TokendError,
    ZohoUnavailable,
)
from zoho_tokend.core.model import Client, Secret
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.zoho.exchange import exchange_form, granted

EU = parse_origin("https://accounts.zoho.eu")
CLIENT = Client(client_id="1000.INVENTEDCLIENT", client_secret=Secret("invented-secret"))
NAMED = {"client_id": "1000.INVENTEDCLIENT", "client_secret": "invented-secret"}


def test_the_code_of_a_redirect_is_exchanged_with_its_redirect_uri_and_verifier() -> None:
    code = GrantCode(
        code=Secret("1000.invented-code"), accounts_server=EU, redirect_uri="http://127.0.0.1/", verifier=Secret("v")
    )

    assert exchange_form(code, CLIENT) == {
        "grant_type": "authorization_code",
        **NAMED,
        "code": "1000.invented-code",
        "redirect_uri": "http://127.0.0.1/",
        "code_verifier": "v",
    }


def test_the_code_of_a_self_client_has_neither() -> None:
    assert exchange_form(GrantCode(code=Secret("1000.invented-code"), accounts_server=EU), CLIENT) == {
        "grant_type": "authorization_code",
        **NAMED,
        "code": "1000.invented-code",
    }


def test_a_consent_brings_both_tokens() -> None:
    answer = an_answer(
        {
            "access_token": "1000.fresh",
            "refresh_token": "1000.lasting",
            "api_domain": "https://www.zohoapis.eu",
            "scope": "ZohoCRM.modules.READ",
            "token_type": "Bearer",
            "expires_in": 3600,
        }
    )

    assert granted(answer) == Granted(
        refresh_token=Secret("1000.lasting"),
        access_token=Secret("1000.fresh"),
        api_domain="https://www.zohoapis.eu",
        scope="ZohoCRM.modules.READ",
        lifetime=timedelta(hours=1),
    )


@pytest.mark.parametrize("also", [{}, {"refresh_token": ""}, {"refresh_token": None}])
def test_a_consent_without_a_refresh_token_says_how_to_get_one(also: dict[str, object]) -> None:
    with pytest.raises(NoRefreshToken, match=r"online.*repeated.*prompt=consent"):
        granted(an_answer({"access_token": "1000.fresh", **also}))


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize(
    ("error", "expected", "sentence"),
    [
        ("invalid_code", CodeRejected, "expired, was used before"),
        ("invalid_grant", CodeRejected, "expired, was used before"),
        ("invalid_client", ClientRejected, "id or secret is wrong"),
        ("invalid_client_secret", ClientRejected, "id or secret is wrong"),
        ("unauthorized_client", ClientRejected, "type in Zoho's API console"),
        ("invalid_redirect_uri", RedirectUriRejected, "letter by letter"),
        ("invalid_scope", ScopeRejected, "correct the scope"),
        ("access_denied", ConsentRefused, "accept"),
        ("missing_org_info", OrganisationRejected, "ZohoCRM.60001"),
        ("Access Denied", Throttled, "wait ten minutes"),
        ("general_error", ZohoUnavailable, "no reason"),
        ("never_heard_of", ZohoUnavailable, "unknown error"),
    ],
)
def test_each_refusal_has_a_sentence_of_its_own_at_any_status(
    error: str, expected: type[TokendError], sentence: str, status: int
) -> None:
    with pytest.raises(expected, match=sentence) as refusal:
        granted(an_answer({"error": error}, status=status))
    assert type(refusal.value) is expected


@pytest.mark.parametrize("name", ["html-at-200", "html-502", "firewall-403", "truncated", "empty", "unavailable-503"])
def test_what_is_no_answer_condemns_nobody(name: str) -> None:
    with pytest.raises(ZohoUnavailable):
        granted(sample(name))


def test_a_throttle_keeps_its_wait() -> None:
    with pytest.raises(Throttled) as refusal:
        granted(sample("throttle-at-429"))
    assert refusal.value.retry_after == timedelta(minutes=2)


def test_every_failed_consent_says_in_one_line_what_happened_and_what_to_do() -> None:
    failures: list[type[ConsentFailed]] = [ConsentFailed, *ConsentFailed.__subclasses__()]

    sentences = [str(failure()) for failure in failures]
    assert len(set(sentences)) == len(failures) > 10
    assert all(sentence.isprintable() and len(sentence) > 40 for sentence in sentences)
    assert all(": " in sentence or "; " in sentence for sentence in sentences)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.binary() | NEAR_ANSWERS, status=st.integers(min_value=100, max_value=599))
def test_any_bytes_at_any_status_are_tokens_or_one_of_our_errors(body: bytes, status: int) -> None:
    match outcome(granted, an_answer(body, status=status)):
        case Granted(refresh_token=refresh_token, access_token=access_token):
            assert refresh_token.reveal().isascii()
            assert access_token.reveal().isascii()
        case error:
            assert str(error).isprintable()
            assert "1000.invented" not in str(error)
