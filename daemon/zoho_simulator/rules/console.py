"""Zoho's API console: where applications are registered, and self clients get their codes.

https://zoho.com/accounts/protocol/oauth-setup.html
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from zoho_simulator.rules import shapes
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.records import Client, ClientKind, Consent, GrantCode, User

CALLBACK: Final = "http://127.0.0.1/callback"
CODE_MINUTES: Final = (3, 5, 7, 10)
HAVE_REDIRECT_URIS: Final = frozenset({ClientKind.SERVER, ClientKind.JAVASCRIPT, ClientKind.MOBILE})

_NAME: Final = re.compile(r"[\w&][\w& ]*")
_WEB_SCHEMES: Final = frozenset({"http", "https"})


def new_client(
    name: str,
    *,
    kind: ClientKind,
    home: str,
    also_in: Iterable[str] = (),
    same_secret: bool = False,
    redirect_uris: tuple[str, ...] = (CALLBACK,),
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
        redirect_uris=() if kind is ClientKind.SELF else redirect_uris,
    )


def with_new_secrets(client: Client) -> Client:
    """The application after "Generate new secret" in each of its data centres."""
    return replace(client, secrets={place: shapes.new_client_secret() for place in client.secrets})


def complaint(name: str, kind: ClientKind, redirect_uris: tuple[str, ...]) -> str | None:
    """Why the console's form for a new application is not taken, in one sentence; None where it is.

    A name has no special characters but ``_`` and ``&``
    (https://help.zoho.com/portal/en/community/topic/kaizen-4-troubleshooting-oauth2-0). A redirect URI starts with
    ``http://`` or ``https://``; *assumed*: that of a mobile application may have a scheme of its own.
    """
    if not _NAME.fullmatch(name):
        return "Enter a valid client name: letters, digits, spaces, '_' and '&'."
    if kind in HAVE_REDIRECT_URIS and not (redirect_uris and all(_is_redirect_uri(uri, kind) for uri in redirect_uris)):
        return "Enter valid redirect URIs, one a line, such as https://www.example.com/callback."
    return None


def self_client_code(
    client: Client, user: User, scope: str, *, minutes: int, ledger: Ledger, now: datetime
) -> GrantCode:
    """The code that "Generate Code" makes, for the person who is signed in at the console; it brings a refresh token.

    https://www.bigin.com/developer/docs/apis/self-client-generate-code.html

    Raises:
        ValueError: it is not to be had, and why, in one sentence.
    """
    if client.kind is not ClientKind.SELF:
        raise ValueError("Only a self client gets its code here; for this one a person is asked on the consent page.")
    if not shapes.is_scope(scope):
        raise ValueError("Enter a valid scope, several separated by commas: ZohoCRM.modules.READ,ZohoCRM.users.READ.")
    if minutes not in CODE_MINUTES:
        raise ValueError(f"Choose a duration of {', '.join(map(str, CODE_MINUTES))} minutes.")
    if not ledger.codes_made.admit(client.client_id, now):
        raise ValueError("Too many codes were generated for this client; try again after some time.")
    return GrantCode(
        consent=Consent(client_id=client.client_id, user=user, scope=scope), expires_at=now + timedelta(minutes=minutes)
    )


def _is_redirect_uri(text: str, kind: ClientKind) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    own_scheme = kind is ClientKind.MOBILE and bool(parts.scheme) and parts.scheme not in _WEB_SCHEMES
    on_the_web = parts.scheme in _WEB_SCHEMES and bool(parts.hostname)
    return (own_scheme or on_the_web) and not parts.fragment and text.isascii() and " " not in text
