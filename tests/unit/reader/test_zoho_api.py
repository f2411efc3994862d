import json

import pytest

from tests.support.samples.reader_samples import a_token
from zoho_tokend.reader import UnknownSchema, WrongHost
from zoho_tokend.reader.zoho_api import base_url, belongs, check_host, means_dead, upload_url
from zoho_tokend.zoho.datacenters import DATA_CENTERS, DataCenter


@pytest.mark.parametrize(
    "url",
    [
        "https://www.zohoapis.eu/crm/v8/org",
        "https://WWW.ZOHOAPIS.EU:443/crm/v8/org",
        "https://content.zohoapis.eu/crm/v8/upload",
        "https://sandbox.zohoapis.eu/crm/v8/org",
    ],
)
def test_a_token_belongs_to_its_api_domain_and_to_that_ones_siblings(url: str) -> None:
    assert belongs(a_token(), url)


@pytest.mark.parametrize(
    "url",
    [
        "http://www.zohoapis.eu/crm/v8/org",
        "https://www.zohoapis.eu:8443/crm/v8/org",
        "https://www.zohoapis.com/crm/v8/org",
        "https://www.zohoapis.com.au/crm/v8/org",
        "https://www.zohoapis.eu.example.com/crm/v8/org",
        "https://www.zohoapis.eu@example.com/crm/v8/org",
        "https://example.com/www.zohoapis.eu",
        "https://zohoapis.eu/crm/v8/org",
        "https://upload.zohocloud.ca/crm/v8/upload",
        "https:///crm",
        "",
    ],
)
def test_a_token_does_not_belong_anywhere_else(url: str) -> None:
    assert not belongs(a_token(), url)
    with pytest.raises(WrongHost, match=r"is for https://www\.zohoapis\.eu and is not sent to"):
        check_host(a_token(), url)


def test_beside_an_api_domain_that_is_none_of_zohos_no_other_host_or_port_will_do() -> None:
    token = a_token(api_domain="http://127.0.0.1:9001")
    assert belongs(token, "http://127.0.0.1:9001/crm/v8/org")
    assert not belongs(token, "http://127.0.0.1:9002/crm/v8/org")
    assert not belongs(token, "https://127.0.0.1:9001/crm/v8/org")


def test_a_token_without_an_api_domain_belongs_nowhere() -> None:
    token = a_token(api_domain="")
    assert not belongs(token, "https:///crm/v8/org")
    with pytest.raises(UnknownSchema, match="names no api_domain"):
        base_url(token)


@pytest.mark.parametrize("center", DATA_CENTERS, ids=lambda center: center.location)
def test_in_every_data_centre_files_go_to_a_host_that_the_token_belongs_to(center: DataCenter) -> None:
    token = a_token(api_domain=center.api_domain)
    assert belongs(token, upload_url(token))


@pytest.mark.parametrize(
    ("api_domain", "uploads"),
    [
        ("https://www.zohoapis.com", "https://content.zohoapis.com"),
        ("https://sandbox.zohoapis.com.au", "https://content.zohoapis.com.au"),
        ("https://www.zohoapis.ca", "https://upload.zohocloud.ca"),
        ("https://www.zohoapis.sg", "https://content.zohoapis.sg"),
        ("http://127.0.0.1:9001", "http://127.0.0.1:9001"),
    ],
)
def test_where_files_go(api_domain: str, uploads: str) -> None:
    assert upload_url(a_token(api_domain=api_domain)) == uploads


@pytest.mark.parametrize(
    ("body", "dead"),
    [
        (json.dumps({"code": "INVALID_TOKEN", "message": "invalid oauth token"}), True),
        (json.dumps({"code": "AUTHENTICATION_FAILURE"}), True),
        (json.dumps({"code": "OAUTH_SCOPE_MISMATCH"}), False),
        (json.dumps({"code": 7}), False),
        (json.dumps(["INVALID_TOKEN"]), False),
        ("<html>INVALID_TOKEN</html>", False),
        ("", False),
    ],
)
def test_which_refusals_mean_that_the_token_is_dead(body: str, dead: bool) -> None:  # noqa: FBT001  # a column of the table
    assert means_dead(body.encode()) is dead
