"""Zoho's API console: where applications are registered.

https://zoho.com/accounts/protocol/oauth-setup.html
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from zoho_simulator.law import shapes
from zoho_simulator.law.records import Client, ClientKind

CALLBACK: Final = "http://127.0.0.1/callback"


def new_client(
    name: str, *, kind: ClientKind, home: str, also_in: Iterable[str] = (), same_secret: bool = False
) -> Client:
    """An application registered at ``home`` and enabled in other data centres too.

    Each data centre has a secret of its own, unless "Use the same OAuth credentials for all data centers" is ticked
    (https://www.zoho.com/crm/developer/docs/api/v2.1/access-refresh.html).
    """
    shared = shapes.new_client_secret()
    return Client(
        client_id=shapes.new_client_id(shapes.DEVICE if kind is ClientKind.DEVICE else shapes.ORDINARY),
        name=name,
        kind=kind,
        home=home,
        secrets={place: shared if same_secret else shapes.new_client_secret() for place in (home, *also_in)},
        redirect_uris=() if kind is ClientKind.SELF else (CALLBACK,),
    )


def with_new_secrets(client: Client) -> Client:
    """The application after "Generate new secret" in each of its data centres."""
    return replace(client, secrets={place: shapes.new_client_secret() for place in client.secrets})
