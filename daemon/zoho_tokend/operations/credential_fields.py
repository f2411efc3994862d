"""The record of a new credential, and the secret of the client that it names."""

from datetime import datetime

from zoho_tokend.core.consent import Granted
from zoho_tokend.core.model import ClientCredentialsGrant
from zoho_tokend.core.origin import Origin


def refresh_token_fields(
    granted: Granted, *, client: str, accounts_server: Origin, scope: str | None, now: datetime
) -> dict[str, object]:
    """Of a consent that brought a refresh token; ``scope`` is what was asked for, where Zoho does not say."""
    known = {"scope": granted.scope or scope}
    return {
        "client": client,
        "refresh_token": granted.refresh_token.reveal(),
        "accounts_server": str(accounts_server),
        **{name: value for name, value in known.items() if value},
        "authorized_at": _instant(now),
    }


def client_credentials_fields(
    grant: ClientCredentialsGrant, *, client: str, accounts_server: Origin, now: datetime
) -> dict[str, object]:
    """Of the wish for client credentials, which has no refresh token."""
    return {
        "client": client,
        "grant_type": "client_credentials",
        "soid": grant.soid,
        "scope": grant.scope,
        "accounts_server": str(accounts_server),
        "authorized_at": _instant(now),
    }


def _instant(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
