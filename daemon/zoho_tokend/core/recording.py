"""From what Zoho handed out to the record that jobs read."""

from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core.connection import Connection
from zoho_tokend.core.model import Credential, Issued, TokenRecord
from zoho_tokend.core.policy import Policy

_SECOND: Final = timedelta(seconds=1)


def token_record(
    issued: Issued,
    *,
    credential: Credential,
    connection: Connection,
    asked_at: datetime,
    data_center: str,
    usual_api_domain: str | None,
    policy: Policy,
) -> TokenRecord:
    """The record of a token that was asked for then.

    Its life is counted from the asking and not from the answer: it is never promised longer than it lasts. Where the
    answer omits the API domain, the last one is kept, or else the data centre's usual one is taken.
    """
    issued_at = asked_at - timedelta(microseconds=asked_at.microsecond)
    expires_at = issued_at + issued.lifetime // _SECOND * _SECOND
    refresh_after = expires_at - policy.lead(issued.lifetime, credential.refresh_at)
    last_known = connection.token.api_domain if connection.token else None
    return TokenRecord(
        connection=credential.connection,
        access_token=issued.access_token,
        token_type=issued.token_type,
        issued_at=issued_at,
        expires_at=expires_at,
        refresh_after=refresh_after - timedelta(microseconds=refresh_after.microsecond),
        api_domain=issued.api_domain or last_known or usual_api_domain or "",
        accounts_server=str(credential.accounts_server),
        data_center=data_center,
        scope=issued.scope or credential.scope or "",
    )
