import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples.zoho_bodies import NEAR_ANSWERS
from tests.support.samples.zoho_samples import an_answer, outcome, sample
from zoho_tokend.core.errors import ZohoUnavailable
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.zoho.response import ZohoResponse
from zoho_tokend.zoho.serverinfo import accounts_servers


def test_the_list_names_each_accounts_server() -> None:
    told = {"eu": "https://accounts.zoho.eu", "CA": "https://accounts.zohocloud.ca/"}

    assert accounts_servers(an_answer({"result": "success", "locations": told})) == {
        "eu": parse_origin("https://accounts.zoho.eu"),
        "ca": parse_origin("https://accounts.zohocloud.ca"),
    }


def test_entries_that_are_no_accounts_server_are_passed_over() -> None:
    told = {
        "eu": "http://accounts.zoho.eu",
        "in": 7,
        "..": "https://accounts.zoho.in",
        "jp": "https://accounts.zoho.jp",
    }

    assert list(accounts_servers(an_answer({"locations": told}))) == ["jp"]


@pytest.mark.parametrize(
    "answer", [an_answer({}), an_answer({"locations": ["eu"]}), sample("html-502"), sample("empty")]
)
def test_anything_else_is_no_list(answer: ZohoResponse) -> None:
    with pytest.raises(ZohoUnavailable):
        accounts_servers(answer)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary() | NEAR_ANSWERS)
def test_any_bytes_are_a_list_of_origins_or_unavailable(body: bytes) -> None:
    told = outcome(accounts_servers, an_answer(body))

    assert isinstance(told, ZohoUnavailable | dict)
    if isinstance(told, dict):
        assert set(told) <= {"us", "eu"}
