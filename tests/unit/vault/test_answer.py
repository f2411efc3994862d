import pytest

from zoho_tokend.core.events import VaultOutcome
from zoho_tokend.vault.response import VaultResponse, parse_response

CAS = {"errors": ["check-and-set parameter did not match the current version"]}


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        pytest.param(200, {"data": {}}, VaultOutcome.OK, id="an answer with data is ok"),
        pytest.param(204, {}, VaultOutcome.OK, id="one without a body is ok"),
        pytest.param(200, None, VaultOutcome.UNAVAILABLE, id="a page of some proxy is no answer"),
        pytest.param(307, {}, VaultOutcome.UNAVAILABLE, id="a redirect is not followed"),
        pytest.param(400, CAS, VaultOutcome.CONFLICT, id="a stale write is a conflict"),
        pytest.param(400, {"errors": ["no data provided"]}, VaultOutcome.REFUSED, id="any other 400 is a refusal"),
        pytest.param(400, None, VaultOutcome.UNAVAILABLE, id="a 400 that is not Vault's is no answer"),
        pytest.param(401, {}, VaultOutcome.FORBIDDEN, id="401 is forbidden"),
        pytest.param(403, {"errors": ["permission denied"]}, VaultOutcome.FORBIDDEN, id="403 is forbidden"),
        pytest.param(404, {"errors": []}, VaultOutcome.NOT_FOUND, id="nothing there"),
        pytest.param(405, {}, VaultOutcome.REFUSED, id="what cannot be done there is refused"),
        pytest.param(412, {}, VaultOutcome.UNAVAILABLE, id="a server that lags behind"),
        pytest.param(429, {}, VaultOutcome.UNAVAILABLE, id="a rate limit"),
        pytest.param(472, {}, VaultOutcome.UNAVAILABLE, id="a disaster recovery secondary"),
        pytest.param(473, {}, VaultOutcome.UNAVAILABLE, id="a performance standby"),
        pytest.param(500, {"errors": ["oops"]}, VaultOutcome.UNAVAILABLE, id="an internal error"),
        pytest.param(503, {"errors": ["Vault is sealed"]}, VaultOutcome.UNAVAILABLE, id="a sealed server"),
    ],
)
def test_what_an_answer_means(status: int, body: dict[str, object] | None, outcome: VaultOutcome) -> None:
    assert VaultResponse(status=status, body=body).outcome is outcome


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        pytest.param(307, {}, "redirect", id="a redirect names VAULT_ADDR"),
        pytest.param(412, {}, "caught up", id="a server that lags behind"),
        pytest.param(429, {}, "rate", id="a rate limit"),
        pytest.param(473, {}, "standby", id="a standby"),
        pytest.param(501, {}, "not initialised", id="a new server"),
        pytest.param(503, {"errors": ["Vault is sealed"]}, "is sealed", id="a sealed server"),
        pytest.param(503, {"errors": []}, "failed (status 503)", id="a server that only says 503"),
        pytest.param(502, None, "does not answer as Vault does", id="a proxy"),
    ],
)
def test_a_complaint_says_which_trouble_it_is(status: int, body: dict[str, object] | None, words: str) -> None:
    complaint = VaultResponse(status=status, body=body).complaint("https://vault.example:8200")

    assert words in complaint
    assert "https://vault.example:8200" in complaint


def test_a_complaint_holds_nothing_of_the_body() -> None:
    answer = VaultResponse(status=500, body={"errors": ["CANARY"], "data": "CANARY"})

    assert "CANARY" not in answer.complaint("https://vault.example:8200") + repr(answer)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        pytest.param(("data", "version"), 3, id="a value"),
        pytest.param(("data", "nothing"), None, id="no such name"),
        pytest.param(("data", "version", "deeper"), None, id="beyond a value"),
    ],
)
def test_a_look_into_the_body(names: tuple[str, ...], found: object) -> None:
    assert VaultResponse(status=200, body={"data": {"version": 3}}).at(*names) == found


def test_a_path_without_an_engine_is_told_from_an_empty_one() -> None:
    assert VaultResponse(status=404, body={"errors": ['no handler for route "x/data/y".']}).unmounted
    assert not VaultResponse(status=404, body={"errors": []}).unmounted


DEEP = b'{"data": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"
LONG = b'{"data": ' + b"9" * 5_000 + b"}"


@pytest.mark.parametrize("content", [DEEP, LONG, None], ids=["nested", "of 5,000 digits", "too large"])
def test_a_record_that_cannot_be_parsed_is_unreadable(content: bytes | None) -> None:
    answer = parse_response(200, content, most=64 * 1024, retry_after=None)
    assert (answer.outcome, bool(answer.unreadable)) == (VaultOutcome.OK, True)


@pytest.mark.parametrize("content", [DEEP, LONG, b"<html>", b"[]", b"\xff"], ids=lambda content: content[:6])
def test_any_other_answer_that_cannot_be_parsed_is_none(content: bytes) -> None:
    """A list of names that seemed empty would make every connection vanish."""
    assert parse_response(200, content, retry_after=None).outcome is VaultOutcome.UNAVAILABLE
