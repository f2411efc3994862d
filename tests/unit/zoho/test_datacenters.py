import pytest

from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.zoho.datacenters import DATA_CENTERS, AccountsServers


def test_all_eleven_data_centres_are_known() -> None:
    assert {center.location for center in DATA_CENTERS} == {
        "us",
        "eu",
        "in",
        "au",
        "jp",
        "ca",
        "sa",
        "uk",
        "cn",
        "ae",
        "sg",
    }
    assert len(DATA_CENTERS) == 11


@pytest.mark.parametrize(
    ("location", "accounts_server", "api_domain"),
    [
        ("us", "https://accounts.zoho.com", "https://www.zohoapis.com"),
        ("eu", "https://accounts.zoho.eu", "https://www.zohoapis.eu"),
        ("in", "https://accounts.zoho.in", "https://www.zohoapis.in"),
        ("au", "https://accounts.zoho.com.au", "https://www.zohoapis.com.au"),
        ("jp", "https://accounts.zoho.jp", "https://www.zohoapis.jp"),
        ("ca", "https://accounts.zohocloud.ca", "https://www.zohoapis.ca"),
        ("sa", "https://accounts.zoho.sa", "https://www.zohoapis.sa"),
        ("uk", "https://accounts.zoho.uk", "https://www.zohoapis.uk"),
        ("cn", "https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn"),
        ("ae", "https://accounts.zoho.ae", "https://www.zohoapis.ae"),
        ("sg", "https://accounts.zoho.sg", "https://www.zohoapis.sg"),
    ],
)
def test_a_data_centre_has_its_accounts_server_and_api_domain(
    location: str, accounts_server: str, api_domain: str
) -> None:
    origin = parse_origin(accounts_server)

    assert AccountsServers().allows(origin)
    assert AccountsServers().location(origin) == location
    assert api_domain in {center.api_domain for center in DATA_CENTERS if center.location == location}


def test_an_added_server_is_allowed_and_its_location_is_other() -> None:
    added = parse_origin("http://127.0.0.1:9000")
    servers = AccountsServers([added])

    assert servers.allows(added)
    assert servers.location(added) == "other"
    assert servers.allows(parse_origin("https://accounts.zoho.eu"))


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(Origin("https", "accounts.zoho.eu", 8443), id="on another port"),
        pytest.param(Origin("http", "accounts.zoho.eu", 443), id="over plain http"),
        pytest.param(Origin("https", "accounts.zoho.eu.evil.example", 443), id="as a label of another host"),
        pytest.param(Origin("https", "xaccounts.zoho.eu", 443), id="with a longer name"),
        pytest.param(Origin("https", "zoho.eu", 443), id="without its first label"),
        pytest.param(Origin("http", "127.0.0.1", 9000), id="on this machine, unasked for"),
    ],
)
def test_nothing_but_the_very_origin_is_allowed(origin: Origin) -> None:
    assert not AccountsServers().allows(origin)


@pytest.mark.parametrize(
    "api",
    [
        "https://www.zohoapis.com",
        "https://www.zohoapis.eu",
        "https://www.zohoapis.com.au",
        "https://www.zohoapis.ca",
        "https://sandbox.zohoapis.in",
        "https://developer.zohoapis.jp",
    ],
)
def test_zohos_own_apis_may_be_sent_a_token_in_every_environment(api: str) -> None:
    assert AccountsServers().allows_api(parse_origin(api))


@pytest.mark.parametrize(
    "api",
    [
        "https://www.zohoapis.eu.evil.example",
        "https://wwww.zohoapis.eu",
        "https://zohoapis.eu",
        "https://www.zohoapis.evil",
        "https://www.zohoapis.eu:8443",
        "https://evil.zohoapis.eu",
        "https://accounts.zoho.eu",
        "http://127.0.0.1:9000",
    ],
)
def test_no_other_host_may_be_sent_a_token(api: str) -> None:
    assert not AccountsServers().allows_api(parse_origin(api))


def test_plain_http_to_zohos_api_may_not_be_sent_a_token() -> None:
    assert not AccountsServers().allows_api(Origin("http", "www.zohoapis.eu", 443))


def test_an_added_accounts_server_may_be_sent_a_token_at_its_very_origin() -> None:
    servers = AccountsServers([parse_origin("https://accounts.example:8443")])

    assert servers.allows_api(parse_origin("https://Accounts.Example:8443"))
    assert not servers.allows_api(parse_origin("https://accounts.example"))
    assert not servers.allows_api(Origin("http", "accounts.example", 8443))
    assert not servers.allows_api(parse_origin("https://accounts.example.evil.example:8443"))


@pytest.mark.parametrize(
    "api", ["https://www.zohoapis.eu@evil.example", "https://www.zohoapis.eu.", "https://www.zohoapis.eu:443:1"]
)
def test_what_only_looks_like_an_origin_of_zohos_is_none(api: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        parse_origin(api)


def test_a_data_centre_is_found_by_its_name() -> None:
    assert AccountsServers().at("ca") == parse_origin("https://accounts.zohocloud.ca")
    assert AccountsServers().at("xx") is None
