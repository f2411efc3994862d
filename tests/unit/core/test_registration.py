"""Who may use a client, and where its secrets go."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.samples.builders import CRM, a_credential, client_credentials
from zoho_tokend.core.errors import ClientNotAllowed
from zoho_tokend.core.model import Client, ConnectionName, GrantType, Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.core.registration import Registration, parse_connections, parse_grant_types

EU = parse_origin("https://accounts.zoho.eu")
US = parse_origin("https://accounts.zoho.com")
STRANGER = parse_origin("https://accounts.example")
APP = Registration(name="app", client_id="1000.APP", client_secret=Secret("own"), kind=None, accounts_server=EU)


@pytest.mark.parametrize(
    ("connections", "connection", "may"),
    [
        (None, "crm-prod", True),
        ("*", "crm-prod", True),
        ("crm-prod", "crm-prod", True),
        ("crm-prod", "crm-prod-2", False),
        ("crm-prod", "crm", False),
        ("crm-prod", "CRM-PROD", False),
        ("crm-*", "crm-prod", True),
        ("crm-*", "crm-", True),
        ("crm-*", "crm", False),
        ("crm-*", "sales-crm-1", False),
        ("sales, crm-*", "crm-prod", True),
        ("sales, crm-*", "sales-2", False),
        ("team.*", "team.crm", True),
        ("team.*", "teamscrm", False),
    ],
)
def test_a_connection_may_use_a_client_that_names_it(connections: str | None, connection: str, *, may: bool) -> None:
    app = replace(APP, connections=parse_connections(connections) if connections else None)
    assert is_allowed(lambda: app.check_use(ConnectionName(connection), GrantType.REFRESH_TOKEN)) is may


@pytest.mark.parametrize(
    ("grant_types", "asked", "may"),
    [
        (None, GrantType.CLIENT_CREDENTIALS, True),
        ("refresh_token", GrantType.REFRESH_TOKEN, True),
        ("refresh_token", GrantType.CLIENT_CREDENTIALS, False),
        ("client_credentials", GrantType.REFRESH_TOKEN, False),
        ("refresh_token, client_credentials", GrantType.CLIENT_CREDENTIALS, True),
    ],
)
def test_a_grant_type_may_be_used_with_a_client_that_names_it(
    grant_types: str | None, asked: GrantType, *, may: bool
) -> None:
    app = replace(APP, grant_types=parse_grant_types(grant_types) if grant_types else None)
    assert is_allowed(lambda: app.check_use(CRM, asked)) is may


@pytest.mark.parametrize(
    ("app", "server", "location", "secret"),
    [
        pytest.param(APP, EU, "eu", "own", id="its own secret at its own server"),
        pytest.param(APP, US, "us", None, id="none at another"),
        pytest.param(APP, STRANGER, "other", None, id="none elsewhere"),
        pytest.param(replace(APP, secrets={"us": Secret("us")}), US, "us", "us", id="that of the data centre"),
        pytest.param(replace(APP, secrets={"eu": Secret("eu")}), EU, "eu", "eu", id="that of its own data centre"),
        pytest.param(replace(APP, secrets={"us": Secret("us")}), EU, "eu", "own", id="not that of another one"),
        pytest.param(replace(APP, secrets={"other": Secret("o")}), STRANGER, "other", "o", id="that for elsewhere"),
        pytest.param(replace(APP, client_secret=None), EU, "eu", None, id="none where it has none"),
    ],
)
def test_a_secret_goes_to_the_server_it_is_for(
    app: Registration, server: Origin, location: str, secret: str | None
) -> None:
    if secret is None:
        assert not is_allowed(lambda: app.at(server, location))
    else:
        assert app.at(server, location).client_secret == Secret(secret)


def test_a_refusal_says_who_is_refused_where_and_what_to_do() -> None:
    with pytest.raises(ClientNotAllowed) as refused:
        replace(APP, connections=("sales",)).check_use(CRM, GrantType.REFRESH_TOKEN)
    assert str(refused.value) == (
        "the field 'connections' of the client app does not name crm-prod: add it there (`zoho-tokend client add app "
        "--replace --connections`), or name another client in the credential of crm-prod"
    )


@pytest.mark.parametrize(
    "text", ["", "crm-prod,", ",", "crm prod", "*crm", "crm-*-prod", "**", ".crm*", "a/b", "x" * 200]
)
def test_what_names_no_connection_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lists names of connections"):
        parse_connections(text)


@pytest.mark.parametrize("text", ["", "password", "refresh_token,", "refresh_token;client_credentials"])
def test_what_is_no_grant_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lists one or both of refresh_token, client_credentials"):
        parse_grant_types(text)


def test_the_budget_of_client_credentials_is_the_clients_own() -> None:
    """Whoever names the same organisation and scope, or a client whose secret they lack, has another budget."""
    ours = a_credential(grant=client_credentials(), client_id="1000.OURS")
    theirs = a_credential(grant=client_credentials(), client_id="1000.THEIRS")
    guessed = replace(ours, client=Client(client_id="1000.OURS", client_secret=Secret("guessed")))
    same = replace(ours, connection=ConnectionName("another"))
    assert len({ours.budget_key, theirs.budget_key, guessed.budget_key}) == 3
    assert same.budget_key == ours.budget_key


def is_allowed(use: Callable[[], object]) -> bool:
    try:
        use()
    except ClientNotAllowed:
        return False
    return True
