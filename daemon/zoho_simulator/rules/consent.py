"""``GET /oauth/v2/auth``: what an application may ask a person for, and what it gets back.

https://zoho.com/accounts/protocol/oauth/web-apps/authorization.html,
https://zoho.com/accounts/protocol/oauth/js-apps/access-token.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlencode, urlsplit

from zoho_simulator.rules import shapes
from zoho_simulator.rules.errors import INVALID_CLIENT, INVALID_REDIRECT_URI, INVALID_SCOPE
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.records import Client, ClientKind, Consent, GrantCode, User
from zoho_simulator.rules.tokens import passing

ACCESS_DENIED: Final = "access_denied"
_RESPONSE_TYPES: Final[Mapping[ClientKind, str]] = {
    ClientKind.SERVER: "code",
    ClientKind.MOBILE: "code",
    ClientKind.JAVASCRIPT: "token",
}
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class TurnedAwayError(Exception):
    """A person is told why nothing can be asked of them here, and is sent nowhere: the return address may be false.

    Attributes:
        error: as Zoho names it elsewhere.
        sentence: what is wrong and what to do.
    """

    def __init__(self, error: str, sentence: str, /) -> None:
        super().__init__(sentence)
        self.error = error
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRequest:
    """What an application asks a person for; it was found to be in order.

    Attributes:
        scope: as it was sent.
        state: None where none was sent.
        challenge: of PKCE; None where none was sent.
    """

    client: Client
    redirect_uri: str
    scope: str
    offline: bool
    prompt: bool
    state: str | None
    challenge: str | None = field(repr=False)
    challenge_method: str

    @property
    def implicit(self) -> bool:
        """Whether the answer is an access token in the fragment, and never a refresh token."""
        return self.client.kind is ClientKind.JAVASCRIPT


def read(ledger: Ledger, query: Mapping[str, str]) -> ConsentRequest:
    """The request that the query makes in this data centre.

    ``access_type`` is ``online`` unless it says ``offline``, and ``code_challenge_method`` is ``plain`` unless it says
    ``S256`` (https://zoho.com/accounts/protocol/oauth/mobile-and-desktop-apps/get-authorization-code.html). *Assumed*:
    everything that is wrong is told on a page, and nothing of it at the redirect URI.

    Raises:
        TurnedAwayError: it is not in order.
    """
    client = _client(ledger, query)
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise TurnedAwayError(
            INVALID_REDIRECT_URI,
            "The redirect URI is not one of those registered for this client, letter by letter; "
            "register it in the console, or send the registered one.",
        )
    _check_what_is_asked(client, query)
    return ConsentRequest(
        client=client,
        redirect_uri=redirect_uri,
        scope=query["scope"],
        offline=query.get("access_type") == "offline",
        prompt=query.get("prompt") == "consent",
        state=query.get("state"),
        challenge=_challenge(client, query),
        challenge_method=query.get("code_challenge_method", "plain"),
    )


def accept(request: ConsentRequest, user: User, home: Ledger, now: datetime) -> str:
    """Where the browser goes after a person of the data centre ``home`` said yes.

    The redirect names that data centre, and its code is known there alone
    (https://zoho.com/accounts/protocol/oauth/multi-dc/client-authorization.html). Above the limit of grant codes it is
    ``access_denied`` instead (https://zohohelp.com/crm/developer/docs/api/v8/token-validity.html).
    """
    consent = Consent(
        client_id=request.client.client_id,
        user=user,
        scope=request.scope,
        offline=request.offline,
        prompt=request.prompt,
    )
    if request.implicit:
        return _back(request, _access_token(consent, home, now))
    if not home.codes_made.admit(consent.client_id, now):
        return reject(request)
    text = shapes.new_token()
    home.codes[text] = GrantCode(
        consent=consent,
        expires_at=now + home.limits.code_lifetime,
        redirect_uri=request.redirect_uri,
        challenge=request.challenge,
        challenge_method=request.challenge_method,
    )
    return _back(request, {"code": text, "location": home.name, "accounts-server": home.origin})


def reject(request: ConsentRequest) -> str:
    """Where the browser goes after a person said no; *assumed* to be as in RFC 6749, section 4.1.2.1."""
    return _back(request, {"error": ACCESS_DENIED})


def _client(ledger: Ledger, query: Mapping[str, str]) -> Client:
    client = ledger.clients.get(query.get("client_id", ""))
    if client is None:
        raise TurnedAwayError(
            INVALID_CLIENT,
            f"No client of this id is known in the data centre {ledger.name!r}; "
            "use the id from the console, at the accounts server of the data centre in which it is enabled.",
        )
    if client.kind not in _RESPONSE_TYPES:
        raise TurnedAwayError(
            INVALID_CLIENT,
            "A client of this type asks no person in a browser; "
            "a self client gets its code in the console, a non-browser client starts at the device page.",
        )
    return client


def _check_what_is_asked(client: Client, query: Mapping[str, str]) -> None:
    response_type = _RESPONSE_TYPES[client.kind]
    if query.get("response_type") != response_type:
        raise TurnedAwayError(
            "invalid_response_type",
            f"A client of this type is to send response_type={response_type}, and nothing else.",
        )
    if not shapes.is_scope(query.get("scope", "")):
        raise TurnedAwayError(
            INVALID_SCOPE,
            "The scope is missing or not one of Zoho's; several are separated by commas, "
            "as in ZohoCRM.modules.READ,ZohoCRM.users.READ.",
        )


def _challenge(client: Client, query: Mapping[str, str]) -> str | None:
    """Mobile clients must send one (https://zoho.com/accounts/protocol/oauth/mobile-applications.html), others may."""
    challenge = query.get("code_challenge")
    if challenge is None and client.kind is not ClientKind.MOBILE:
        return None
    if challenge is None:
        raise TurnedAwayError("invalid_code_challenge", "A mobile or desktop client must send a code_challenge (PKCE).")
    if not _CHALLENGE.fullmatch(challenge) or query.get("code_challenge_method", "plain") not in {"plain", "S256"}:
        raise TurnedAwayError(
            "invalid_code_challenge",
            "The code_challenge has 43 to 128 letters, digits, '-', '.', '_' or '~', and its method is plain or S256.",
        )
    return challenge


def _access_token(consent: Consent, home: Ledger, now: datetime) -> Mapping[str, str]:
    access = home.issue(passing(consent), now)
    return {
        "access_token": access.text,
        "expires_in": str(int(home.limits.token_lifetime.total_seconds())),
        "location": home.name,
        "api_domain": home.origin,
    }


def _back(request: ConsentRequest, fields: Mapping[str, str]) -> str:
    """The state comes first, and a lone ``&`` last, as seen in the wild; a query that was there already stays."""
    state = {} if request.state is None else {"state": request.state}
    mark = "#" if request.implicit else "&" if urlsplit(request.redirect_uri).query else "?"
    return f"{request.redirect_uri}{mark}{urlencode({**state, **fields})}&"
