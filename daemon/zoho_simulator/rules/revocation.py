"""Revocation, in the two contracts that Zoho's pages describe. Revoking a refresh token kills its access tokens."""

from collections.abc import Mapping

from zoho_simulator.rules import clients
from zoho_simulator.rules.errors import INVALID_TOKEN, RefusedError
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.messages import Answer


def revoke_by_anyone(ledger: Ledger, form: Mapping[str, str]) -> Answer:
    """``POST /oauth/v2/token/revoke``: whoever holds the token may revoke it; an unknown one is HTTP 400.

    https://zoho.com/accounts/protocol/oauth/revoke-refresh-token.html; the body of the 400 is *assumed*.

    Raises:
        RefusedError: ``invalid_token``.
    """
    text = form.get("token", "")
    grant = ledger.by_refresh_token(text)
    if grant is not None:
        ledger.revoke(grant)
    elif not ledger.kill_access_token(text):
        raise RefusedError(INVALID_TOKEN, status=400)
    return Answer(content={"status": "success"})


def revoke_by_client(ledger: Ledger, form: Mapping[str, str], authorization: str) -> Answer:
    """``POST /oauth/v2/revoke/token``: the client names itself by Basic authorization, and the token by its type.

    https://www.zoho.com/developer/oauth/revoke-oauth-token.html; *assumed*: errors come at HTTP 200, as elsewhere on
    the accounts server, another client's token is as unknown as none, and success has an empty object for a body.

    Raises:
        RefusedError: ``invalid_client``, ``invalid_token``.
    """
    client = clients.authenticated(ledger, clients.from_basic(authorization))
    text = form.get("token", "")
    match form.get("token_type"):
        case "refresh_token":
            grant = ledger.by_refresh_token(text)
            if grant is None or grant.client_id != client.client_id:
                raise RefusedError(INVALID_TOKEN)
            ledger.revoke(grant)
        case "access_token":
            if not ledger.kill_access_token(text):
                raise RefusedError(INVALID_TOKEN)
        case _:
            raise RefusedError(INVALID_TOKEN)
    return Answer(content={})
