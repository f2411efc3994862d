import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples.zoho_bodies import NEAR_ANSWERS
from tests.support.samples.zoho_samples import an_answer, sample
from zoho_tokend.core.consent import Alive, AliveWithoutScope, Dead, NoApiAccess, Proof, Unproven
from zoho_tokend.core.model import Secret
from zoho_tokend.zoho.proof import api_authorization, proof
from zoho_tokend.zoho.response import ZohoResponse


def an_organisation(**fields: object) -> Proof:
    return proof(an_answer({"org": [fields]}))


def test_the_header_has_zohos_own_word() -> None:
    assert api_authorization(Secret("1000.fresh")).reveal() == "Zoho-oauthtoken 1000.fresh"


def test_a_token_that_sees_its_organisation_is_alive_and_says_whose_it_is() -> None:
    alive = an_organisation(company_name="Tidewater Looms", zgid="60001234567", id="9001")

    assert alive == Alive(organisation="Tidewater Looms", org_id="60001234567")
    assert alive.sentence == "the token works; it belongs to Tidewater Looms (60001234567)"


@pytest.mark.parametrize(
    ("told", "expected"),
    [("60001234567", "60001234567"), (2**63, "9223372036854775808"), (True, None), (1.5, None), ("6 0", None)],
)
def test_an_id_is_text_whatever_its_size(told: object, expected: str | None) -> None:
    assert an_organisation(company_name="Looms", zgid=told) == Alive(organisation="Looms", org_id=expected)


@pytest.mark.parametrize("name", [None, "", "  ", 7, "a\x1b[2Jb", "a\nb", ["Looms"]])
def test_a_name_that_no_terminal_should_be_shown_is_left_out(name: object) -> None:
    alive = an_organisation(company_name=name, id="9001")

    assert alive == Alive(organisation=None, org_id="9001")
    assert alive.sentence == "the token works; it belongs to an organisation without a name (9001)"


def test_an_overlong_name_is_cut() -> None:
    assert an_organisation(company_name="x" * 5000) == Alive(organisation="x" * 200, org_id=None)


@pytest.mark.parametrize("status", [200, 401, 403])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("OAUTH_SCOPE_MISMATCH", AliveWithoutScope()),
        ("NO_PERMISSION", NoApiAccess()),
        ("INVALID_TOKEN", Dead()),
        ("INVALID_OAUTHTOKEN", Dead()),
        ("AUTHENTICATION_FAILURE", Dead()),
        ("AUTHENTICATION_FAILED", Dead()),
    ],
)
def test_a_code_of_the_api_proves_the_same_at_any_status(code: str, expected: Proof, status: int) -> None:
    body = {"code": code, "details": {}, "message": "…", "status": "error"}

    assert proof(an_answer(body, status=status)) == expected


def test_a_missing_permission_says_where_to_give_it() -> None:
    assert "profile" in NoApiAccess().sentence
    assert "Zoho CRM API Access" in NoApiAccess().sentence


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(an_answer({"code": "INVALID_URL_PATTERN"}, status=400), id="a wrong path"),
        pytest.param(an_answer({"code": ["INVALID_TOKEN"]}, status=401), id="a code in a list"),
        pytest.param(an_answer(b"", status=401), id="a 401 without a word"),
        pytest.param(an_answer({"org": []}), id="no organisation"),
        pytest.param(an_answer({"org": ["Looms"]}), id="a nameless organisation"),
        pytest.param(an_answer({"org": [{"id": "1"}]}, status=500), id="an organisation at 500"),
        pytest.param(sample("html-at-200"), id="a page at 200"),
        pytest.param(sample("firewall-403"), id="a firewall"),
        pytest.param(sample("throttle-at-429"), id="a throttle"),
    ],
)
def test_anything_else_proves_nothing(answer: ZohoResponse) -> None:
    verdict = proof(answer)

    assert isinstance(verdict, Unproven)
    assert "HTTP" in verdict.sentence


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.binary() | NEAR_ANSWERS, status=st.integers(min_value=100, max_value=599))
def test_any_bytes_at_any_status_are_a_verdict_with_a_printable_sentence(body: bytes, status: int) -> None:
    assert proof(an_answer(body, status=status)).sentence.isprintable()
