"""The consent of a person in a browser: the URL where it begins, and the redirect that ends it. Pure.

https://zoho.com/accounts/protocol/oauth/web-apps/authorization.html
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from zoho_tokend.core.consent import GrantCode
from zoho_tokend.core.errors import (
    ConsentFailed,
    ConsentRefused,
    RedirectUnreadable,
    RedirectUriRejected,
    ScopeRejected,
    ServerNotAllowed,
    WrongState,
)
from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.response import location, token
from zoho_tokend.zoho.wire import comma_separated

AUTHORIZATION_PATH: Final = "/oauth/v2/auth"

_BYTES_OF_STATE: Final = 32
_BYTES_OF_VERIFIER: Final = 64
_MOST_PARAMETERS: Final = 32
_LONGEST_REDIRECT: Final = 8192
_REFUSALS: Final[Mapping[str, type[ConsentFailed]]] = {
    "access_denied": ConsentRefused,
    "invalid_redirect_uri": RedirectUriRejected,
    "invalid_scope": ScopeRejected,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRequest:
    """One consent that was started.

    Attributes:
        state: comes back in the redirect, which shows that the redirect answers this request.
        verifier: of PKCE, 86 characters; kept here, and sent at the exchange alone.
    """

    accounts_server: Origin
    client_id: str
    scope: str
    redirect_uri: str
    state: str = field(repr=False)
    verifier: Secret

    @property
    def url(self) -> str:
        """The page on which the person consents.

        Offline and with the page shown, always: otherwise there is no refresh token, or only the first time
        (https://zoho.com/thrive/resources/api/identify-user-location.html). Zoho recommends PKCE to server-based
        clients and demands it of new mobile ones; its default method is ``plain``
        (https://zoho.com/accounts/protocol/oauth/mobile-and-desktop-apps/get-authorization-code.html).
        """
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "scope": comma_separated(self.scope),
            "redirect_uri": self.redirect_uri,
            "access_type": "offline",
            "prompt": "consent",
            "state": self.state,
            "code_challenge": _challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        return f"{self.accounts_server}{AUTHORIZATION_PATH}?{urlencode(parameters, quote_via=quote, safe=',')}"


def consent_request(
    *, accounts_server: Origin, client_id: str, scope: str, redirect_uri: str, random_bytes: Callable[[int], bytes]
) -> ConsentRequest:
    """Return a new request, with a state and a verifier that nobody can guess.

    Args:
        random_bytes: returns that many bytes from a source that is fit for secrets (``secrets.token_bytes``).
    """
    return ConsentRequest(
        accounts_server=accounts_server,
        client_id=client_id,
        scope=scope,
        redirect_uri=redirect_uri,
        state=_letters(random_bytes(_BYTES_OF_STATE)),
        verifier=Secret(_letters(random_bytes(_BYTES_OF_VERIFIER))),
    )


def answers(redirect: str, request: ConsentRequest) -> bool:
    """Whether the redirect has the state of this request, which nobody else knows."""
    _, _, query = redirect.partition("?")
    try:
        pairs = parse_qsl(query, max_num_fields=_MOST_PARAMETERS) if len(redirect) <= _LONGEST_REDIRECT else []
    except ValueError:
        return False
    return any(name == "state" and _is_state(value, request) for name, value in pairs)


def grant_code(redirect: str, request: ConsentRequest, servers: AccountsServers) -> GrantCode:
    """Return the code in the redirect, to be exchanged where the user lives.

    The accounts server that the redirect names is the user's, and not always the one that was asked; without one it
    is (https://zoho.com/accounts/protocol/oauth/multi-dc/client-authorization.html).

    Args:
        redirect: the whole address, or its query alone.

    Raises:
        WrongState: it answers another request.
        ConsentRefused, ScopeRejected, RedirectUriRejected: it says so.
        RedirectUnreadable: it contains no code.
        ServerNotAllowed: it names an accounts server that may not have the code.
    """
    parameters = _parameters(redirect)
    # Whether a refusal brings the state back is not documented. One that a person pasted without it ends their run.
    if "state" in parameters or "error" not in parameters:
        _check_state(parameters.get("state", ""), request)
    if "error" in parameters:
        raise _refusal(parameters["error"])
    try:
        code = token(parameters.get("code"))
    except ValueError:
        raise RedirectUnreadable from None
    server = _accounts_server(parameters.get("accounts-server"), servers) or request.accounts_server
    return GrantCode(
        code=code,
        accounts_server=server,
        redirect_uri=request.redirect_uri,
        verifier=request.verifier,
        moved_from=None if server == request.accounts_server else request.accounts_server,
        location=location(parameters.get("location")),
    )


def _parameters(redirect: str) -> Mapping[str, str]:
    if len(redirect) > _LONGEST_REDIRECT:
        raise RedirectUnreadable
    address, _, _fragment = redirect.strip().partition("#")
    path, mark, query = address.partition("?")
    try:
        pairs = parse_qsl(query if mark else path, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise RedirectUnreadable from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs) or not parameters.keys() & {"code", "error"}:
        raise RedirectUnreadable
    return parameters


def _check_state(state: str, request: ConsentRequest) -> None:
    if not _is_state(state, request):
        raise WrongState


def _is_state(state: str, request: ConsentRequest) -> bool:
    return hmac.compare_digest(state.encode(errors="replace"), request.state.encode())


def _refusal(error: str) -> ConsentFailed:
    if error in _REFUSALS:
        return _REFUSALS[error]()
    return ConsentFailed("Zoho ended the consent with an unknown error: begin again")


def _accounts_server(text: str | None, servers: AccountsServers) -> Origin | None:
    if not text:
        return None
    try:
        server = parse_origin(text.removesuffix("/"))
    except ValueError:
        raise ServerNotAllowed(
            "the redirect names an invalid accounts server, so the code was not sent: begin again"
        ) from None
    if not servers.allows(server):
        raise ServerNotAllowed(
            f"the redirect names the accounts server {server}, which is neither Zoho's own nor allowed, so the code "
            "was not sent: if it is a new data centre of Zoho's, add the origin to ALLOWED_ACCOUNTS_SERVERS"
        )
    return server


def _challenge(verifier: Secret) -> str:
    return _letters(hashlib.sha256(verifier.reveal().encode()).digest())


def _letters(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
