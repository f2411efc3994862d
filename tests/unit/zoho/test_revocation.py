from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples.zoho_bodies import NEAR_ANSWERS
from tests.support.samples.zoho_samples import an_answer, outcome, sample
from zoho_tokend.core.consent import Revocation
from zoho_tokend.core.errors import ClientRejected, Throttled, ZohoUnavailable
from zoho_tokend.core.model import Client, Secret
from zoho_tokend.zoho.response import ZohoResponse
from zoho_tokend.zoho.revocation import (
    basic_authorization,
    old_revocation_form,
    revocation_form,
    revoked,
    revoked_the_old_way,
)

TOKEN = Secret("1000.invented-refresh")
Reader = Callable[[ZohoResponse], Revocation]
BOTH = pytest.mark.parametrize("read", [revoked, revoked_the_old_way])


def test_the_newer_contract_names_the_type_of_the_token_and_the_older_one_does_not() -> None:
    assert revocation_form(TOKEN) == {"token": "1000.invented-refresh", "token_type": "refresh_token"}
    assert old_revocation_form(TOKEN) == {"token": "1000.invented-refresh"}


def test_the_client_stands_in_a_basic_header_that_prints_nothing() -> None:
    header = basic_authorization(Client(client_id="Aladdin", client_secret=Secret("open sesame")))

    assert header.reveal() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert "QWxh" not in repr(header)


@BOTH
@pytest.mark.parametrize("body", [b"", b"{}", b'{"status":"success"}'])
def test_a_plain_200_is_a_yes(read: Reader, body: bytes) -> None:
    assert read(an_answer(body)) is Revocation.REVOKED


@BOTH
@pytest.mark.parametrize("error", ["invalid_token", "invalid_code"])
@pytest.mark.parametrize("status", [200, 400])
def test_a_token_that_is_not_known_is_dead_already(read: Reader, error: str, status: int) -> None:
    assert read(an_answer({"error": error}, status=status)) is Revocation.ALREADY_DEAD


def test_a_400_without_a_word_is_a_dead_token_in_the_older_contract_alone() -> None:
    answer = an_answer({"status": "failure"}, status=400)

    assert revoked_the_old_way(answer) is Revocation.ALREADY_DEAD
    with pytest.raises(ZohoUnavailable):
        revoked(answer)


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(an_answer(b"<html>Not found</html>", status=404), id="404"),
        pytest.param(an_answer(b"<html>No</html>", status=405), id="405"),
        pytest.param(an_answer(b"", status=404), id="an empty 404"),
        pytest.param(an_answer(b"<html>Sign in</html>", status=400), id="a page at 400"),
        pytest.param(an_answer({"status": "failure"}), id="a failure at 200"),
        pytest.param(an_answer({"status": ["success"]}), id="an odd status"),
        pytest.param(an_answer({"error": {}}), id="an odd error"),
        pytest.param(an_answer({"error": "general_error"}, status=400), id="another error at 400"),
        pytest.param(sample("html-at-200"), id="a page at 200"),
        pytest.param(sample("html-502"), id="502"),
    ],
)
def test_nothing_else_says_that_a_token_is_dead(read: Reader, answer: ZohoResponse) -> None:
    with pytest.raises(ZohoUnavailable):
        read(answer)


@BOTH
def test_a_client_that_may_not_revoke_says_what_is_left_to_do(read: Reader) -> None:
    with pytest.raises(ClientRejected, match="Connected Apps"):
        read(sample("invalid-client"))


@BOTH
@pytest.mark.parametrize("name", ["throttle-at-200", "throttle-at-400", "throttle-at-429"])
def test_a_throttle_is_no_dead_token(read: Reader, name: str) -> None:
    with pytest.raises(Throttled):
        read(sample(name))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.binary() | NEAR_ANSWERS, status=st.integers(min_value=100, max_value=599))
def test_any_bytes_at_any_status_are_an_end_or_one_of_our_errors(body: bytes, status: int) -> None:
    for read in (revoked, revoked_the_old_way):
        told = outcome(read, an_answer(body, status=status))
        assert isinstance(told, Revocation | ClientRejected | Throttled | ZohoUnavailable)
        assert str(told).isprintable()
