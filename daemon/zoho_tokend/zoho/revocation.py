"""Revoking a refresh token, by the two contracts that Zoho's pages describe. Pure.

The newer one names the client; CRM's pages and the official SDK still use the older one. Which of them a data centre
supports must be tried: https://www.zoho.com/developer/oauth/revoke-oauth-token.html,
https://zoho.com/accounts/protocol/oauth/revoke-refresh-token.html.
"""

import base64
from collections.abc import Mapping
from typing import Final

from zoho_tokend.core.consent import Revocation
from zoho_tokend.core.errors import ClientRejected, RefreshError, ZohoUnavailable
from zoho_tokend.core.model import Client, Secret
from zoho_tokend.zoho.response import ZohoResponse
from zoho_tokend.zoho.wire import refusal

REVOCATION_PATH: Final = "/oauth/v2/revoke/token"
OLD_REVOCATION_PATH: Final = "/oauth/v2/token/revoke"

_OK: Final = 200
_BAD_REQUEST: Final = 400
_NOT_ALIVE: Final = frozenset({"invalid_token", "invalid_code"})


def revocation_form(refresh_token: Secret) -> dict[str, str]:
    """Return the form fields of the newer contract; the client is in the header."""
    return {"token": refresh_token.reveal(), "token_type": "refresh_token"}


def old_revocation_form(refresh_token: Secret) -> dict[str, str]:
    """Return the form fields of the older contract, which whoever has the token may send."""
    return {"token": refresh_token.reveal()}


def basic_authorization(client: Client) -> Secret:
    """Return the header's value that authenticates the client (https://www.rfc-editor.org/rfc/rfc7617)."""
    pair = f"{client.client_id}:{client.client_secret.reveal()}"
    return Secret(f"Basic {base64.b64encode(pair.encode()).decode()}")


def revoked(answer: ZohoResponse) -> Revocation:
    """Return how it ended; a token that was dead already counts as revoked.

    Raises:
        ClientRejected: the client is not the token's, or not known.
        Throttled.
        ZohoUnavailable: the answer means nothing, as where a contract does not exist.
    """
    if answer.status == _OK and (_says_yes(answer.document) or not answer.body.strip()):
        return Revocation.REVOKED
    if answer.error in _NOT_ALIVE:
        return Revocation.ALREADY_DEAD
    raise _failure(answer)


def revoked_the_old_way(answer: ZohoResponse) -> Revocation:
    """Return how it ended by the older contract, whose answer to an unknown token is documented only as "HTTP 400".

    Raises:
        ClientRejected, Throttled, ZohoUnavailable.
    """
    try:
        return revoked(answer)
    except ZohoUnavailable:
        if answer.status == _BAD_REQUEST and answer.document is not None and not answer.error:
            return Revocation.ALREADY_DEAD
        raise


def _says_yes(fields: Mapping[str, object] | None) -> bool:
    return fields is not None and "error" not in fields and fields.get("status", "success") == "success"


def _failure(answer: ZohoResponse) -> RefreshError:
    error = refusal(answer)
    if isinstance(error, ClientRejected):
        return ClientRejected(
            "Zoho does not let this client revoke the token: its id or secret is wrong, or the token is another "
            "client's; correct the client, or remove the application in the user's Zoho account under Connected Apps"
        )
    return error
