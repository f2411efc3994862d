import pytest

from tests.support.samples.zoho_credentials import a_credential
from zoho_tokend.core.model import ClientCredentialsGrant, Credential
from zoho_tokend.zoho.wire import token_form


def form_of(credential: Credential) -> dict[str, str]:
    return token_form(credential.client, credential.grant)


def test_a_refresh_token_is_sent_with_its_client_and_nothing_else() -> None:
    assert form_of(a_credential()) == {
        "grant_type": "refresh_token",
        "client_id": "1000.INVENTEDCLIENT",
        "client_secret": "invented-secret",
        "refresh_token": "1000.invented-refresh",
    }


@pytest.mark.parametrize(
    "scope",
    [
        "ZohoCRM.modules.READ,ZohoCRM.users.READ",
        "ZohoCRM.modules.READ ZohoCRM.users.READ",
        " ZohoCRM.modules.READ , ZohoCRM.users.READ, ",
    ],
)
def test_client_credentials_are_sent_with_the_scopes_separated_by_commas(scope: str) -> None:
    form = form_of(a_credential(grant=ClientCredentialsGrant(soid="ZohoCRM.1234", scope=scope)))

    assert form == {
        "grant_type": "client_credentials",
        "client_id": "1000.INVENTEDCLIENT",
        "client_secret": "invented-secret",
        "scope": "ZohoCRM.modules.READ,ZohoCRM.users.READ",
        "soid": "ZohoCRM.1234",
    }
