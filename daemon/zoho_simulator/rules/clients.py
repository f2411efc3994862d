"""Which application is calling, and whether it may."""

import base64
import hmac
from collections.abc import Mapping

from zoho_simulator.rules.errors import INVALID_CLIENT, RefusedError
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.records import Client, ClientKind


def authenticated(ledger: Ledger, form: Mapping[str, str]) -> Client:
    """The client whose id and secret the form holds.

    Zoho answers ``invalid_client`` for a wrong id, a wrong secret, the wrong data centre and another data centre's
    secret alike (https://www.zoho.com/crm/developer/docs/api/v2.1/access-refresh.html). Whether a mobile client, which
    is a public one, must send its secret is not documented; *assumed*: a secret may be left out, and none may be wrong.

    Raises:
        RefusedError: ``invalid_client``.
    """
    client = known(ledger, form.get("client_id", ""))
    secret = form.get("client_secret", "")
    if not secret and client.kind is ClientKind.MOBILE:
        return client
    if not hmac.compare_digest(secret.encode(), client.secrets[ledger.name].encode()):
        raise RefusedError(INVALID_CLIENT)
    return client


def known(ledger: Ledger, client_id: str) -> Client:
    """The client of this id in this data centre.

    Raises:
        RefusedError: ``invalid_client``.
    """
    client = ledger.clients.get(client_id)
    if client is None:
        raise RefusedError(INVALID_CLIENT)
    return client


def from_basic(header: str) -> Mapping[str, str]:
    """Client id and secret of an ``Authorization: Basic`` header, as a form would hold them; empty when unreadable."""
    scheme, _, coded = header.partition(" ")
    try:
        client_id, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except ValueError:  # no ASCII, no base64, no UTF-8
        return {}
    return {"client_id": client_id, "client_secret": secret} if scheme.lower() == "basic" else {}
