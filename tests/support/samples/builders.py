"""Values for tests: a test states only what matters to it. Every secret here is invented."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zoho_tokend.core import transitions
from zoho_tokend.core.connection import Connection
from zoho_tokend.core.model import (
    Client,
    ClientCredentialsGrant,
    ConnectionName,
    Credential,
    Grant,
    Issued,
    Published,
    RefreshTokenGrant,
    Secret,
    TokenRecord,
)
from zoho_tokend.core.origin import parse_origin

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

CRM = ConnectionName("crm-prod")
SALES = ConnectionName("sales")


def secret(mark: str = "a", *, kind: str = "1000") -> Secret:
    """An invented token in Zoho's shape; the same mark gives the same token."""
    digits = mark.encode().hex()
    return Secret(f"{kind}.{digits:0>32}.{digits:f>32}")


def refresh_grant(mark: str = "refresh") -> RefreshTokenGrant:
    return RefreshTokenGrant(refresh_token=secret(mark))


def a_credential(
    connection: ConnectionName = CRM, *, grant: Grant | None = None, client_id: str = "1000.CLIENT", **changes: Any
) -> Credential:
    credential = Credential(
        connection=connection,
        client=Client(client_id=client_id, client_secret=Secret("invented-client-secret")),
        grant=grant or refresh_grant(),
        accounts_server=parse_origin("https://accounts.zoho.eu"),
        scope="ZohoCRM.modules.ALL",
        stamp="1",
        version=1,
    )
    return replace(credential, **changes)


def client_credentials(soid: str = "ZohoCRM.12345") -> ClientCredentialsGrant:
    return ClientCredentialsGrant(soid=soid, scope="ZohoCRM.modules.ALL")


def an_issue(mark: str = "access", **changes: Any) -> Issued:
    issued = Issued(access_token=secret(mark), token_type="Bearer", lifetime=HOUR, api_domain="https://www.zohoapis.eu")
    return replace(issued, **changes)


def a_record(
    connection: ConnectionName = CRM, *, issued_at: datetime = NOON, lifetime: timedelta = HOUR, **changes: Any
) -> TokenRecord:
    record = TokenRecord(
        connection=connection,
        access_token=secret(f"access {issued_at.isoformat()}"[-16:]),
        token_type="Bearer",
        issued_at=issued_at,
        expires_at=issued_at + lifetime,
        refresh_after=issued_at + lifetime / 2,
        api_domain="https://www.zohoapis.eu",
        accounts_server="https://accounts.zoho.eu",
        data_center="eu",
        scope="ZohoCRM.modules.ALL",
    )
    return replace(record, **changes)


def a_connection(
    name: ConnectionName = CRM, *, issued_at: datetime | None = NOON, lifetime: timedelta = HOUR, **changes: Any
) -> Connection:
    """A connection with a token issued then (None: it never had one), whose credential has been read."""
    record = None if issued_at is None else a_record(name, issued_at=issued_at, lifetime=lifetime)
    found = transitions.discovered(name, Published(version=0 if record is None else 1, record=record), NOON)
    return replace(transitions.after_reading(found, a_credential(name)), **changes)
