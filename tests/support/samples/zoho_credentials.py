"""Credentials as Vault would hold them, with invented secrets."""

from zoho_tokend.core.model import (
    Client,
    Credential,
    Grant,
    RefreshTokenGrant,
    Secret,
    connection_name,
)
from zoho_tokend.core.origin import parse_origin


def a_credential(
    *,
    accounts_server: str = "https://accounts.zoho.eu",
    grant: Grant | None = None,
) -> Credential:
    return Credential(
        connection=connection_name("crm-prod"),
        client=Client(client_id="1000.INVENTEDCLIENT", client_secret=Secret("invented-secret")),
        grant=grant or RefreshTokenGrant(refresh_token=Secret("1000.invented-refresh")),
        accounts_server=parse_origin(accounts_server),
        stamp="1",
        version=1,
    )
