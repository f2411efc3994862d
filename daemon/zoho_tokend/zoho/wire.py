"""The requests to Zoho's token endpoint, and what its answers mean. Pure.

The body decides, not the status. Zoho answers most errors with HTTP 200, its throttle with 400,
and its own SDK never reads the status (https://github.com/zoho/zohocrm-python-sdk-8.0). A verdict that only a person
can lift comes from four exact codes and from nothing else: an HTML page, a 401 or a firewall's refusal says nothing
about a grant.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from zoho_tokend.core.errors import ClientRejected, GrantRejected, RefreshError, Throttled, ZohoUnavailable
from zoho_tokend.core.model import Client, ClientCredentialsGrant, Grant, Issued, RefreshTokenGrant
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.core.policy import LONGEST_LIFE
from zoho_tokend.zoho.response import ZohoResponse, number, token, words

TOKEN_PATH: Final = "/oauth/v2/token"  # noqa: S105 - a path, not a password

_SEPARATORS: Final = re.compile(r"[\s,]+")
_DEFAULT_LIFETIME: Final = timedelta(hours=1)
_TOO_MANY_REQUESTS: Final = 429

_GRANT_REJECTED: Final = (
    "Zoho does not accept the refresh token: it was revoked, pushed out by a 21st one of the same user and client, or "
    "is a grant code pasted as a refresh token, which is a usual cause; store a new refresh token"
)
_CLIENT_REJECTED: Final = (
    "Zoho does not accept the client: its id or secret is wrong, the accounts server is of another data centre than "
    "the client, or the secret is another data centre's; correct the client or the accounts server"
)
_VERDICTS: Final[Mapping[str, tuple[type[GrantRejected | ClientRejected], str]]] = {
    "invalid_code": (GrantRejected, _GRANT_REJECTED),
    "invalid_grant": (GrantRejected, _GRANT_REJECTED),
    "invalid_client": (ClientRejected, _CLIENT_REJECTED),
    "invalid_client_secret": (ClientRejected, _CLIENT_REJECTED),
}
# Probably set-up mistakes, but it is not documented what Zoho means by them at a refresh. Retrying slowly costs less
# than parking a connection because of a misread code.
_HINTS: Final = {
    "access_denied": "the user or Zoho refused the consent; authorize the connection again if this lasts",
    "general_error": "Zoho gives no reason",
    "invalid_redirect_uri": "the redirect URI is not the client's; compare it with Zoho's API console",
    "invalid_scope": "the credential's scope names one that does not exist; correct its field scope",
    "missing_org_info": "Zoho does not know the organisation; correct the credential's field soid",
    "unauthorized_client": "the client may not use this grant; look at its type in Zoho's API console",
}


def token_form(client: Client, grant: Grant) -> dict[str, str]:
    """Return the form fields that request an access token.

    They are sent in the body: a query string would be in every proxy's log.
    https://zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html
    https://zoho.com/accounts/protocol/oauth/self-client/client-credentials-flow.html
    """
    named = client_fields(client)
    match grant:
        case RefreshTokenGrant(refresh_token=refresh_token):
            return {"grant_type": "refresh_token", **named, "refresh_token": refresh_token.reveal()}
        case ClientCredentialsGrant(soid=soid, scope=scope):
            return {"grant_type": "client_credentials", **named, "scope": comma_separated(scope), "soid": soid}


def client_fields(client: Client) -> dict[str, str]:
    """Return the form fields that identify a client."""
    return {"client_id": client.client_id, "client_secret": client.client_secret.reveal()}


def issued(answer: ZohoResponse) -> Issued:
    """Return the token that Zoho issued.

    Raises:
        Throttled, ZohoUnavailable, GrantRejected, ClientRejected.
    """
    fields = answer.document or {}
    access_token = fields.get("access_token")
    if not isinstance(access_token, str) or not access_token:
        raise refusal(answer)
    try:
        return Issued(
            access_token=token(access_token),
            token_type=words(fields.get("token_type")) or "Bearer",
            lifetime=_lifetime(fields),
            api_domain=_api_domain(fields.get("api_domain")),
            scope=words(fields.get("scope")),
            refresh_token=token(fields["refresh_token"]) if fields.get("refresh_token") else None,
        )
    except ValueError as error:
        raise ZohoUnavailable(str(error), retry_after=answer.retry_after) from None


def unusable(answer: ZohoResponse) -> ZohoUnavailable:
    """Return the error for an answer with an unknown meaning; its text quotes nothing of the answer."""
    if answer.error in _HINTS:
        sentence = f"Zoho answers {answer.error}: {_HINTS[answer.error]}"
    else:
        what = "an unknown error" if answer.error else "nothing that can be read"
        sentence = f"Zoho answers HTTP {answer.status} with {what}"
    return ZohoUnavailable(sentence, retry_after=answer.retry_after)


def comma_separated(scope: str) -> str:
    """Return the scopes separated by commas, as in requests; answers separate them by spaces.

    https://zoho.com/crm/developer/docs/api/v4/client-credentials.html
    """
    return ",".join(part for part in _SEPARATORS.split(scope) if part)


def refusal(answer: ZohoResponse) -> RefreshError:
    """Return the error that an answer without a token means."""
    if answer.is_throttle:
        return Throttled("Zoho says that too many tokens were asked for", retry_after=answer.retry_after)
    if answer.error in _VERDICTS:
        verdict, sentence = _VERDICTS[answer.error]
        return verdict(sentence)
    if answer.status == _TOO_MANY_REQUESTS:
        return Throttled(f"Zoho answers HTTP {answer.status}", retry_after=answer.retry_after)
    return unusable(answer)


def _lifetime(fields: Mapping[str, object]) -> timedelta:
    """Return how long the token lives; an hour, which is Zoho's rule, where the answer has no usable value.

    Beside ``expires_in_sec``, ``expires_in`` is in milliseconds (https://github.com/Weble/ZohoClient/issues/11); alone
    it is in seconds, unless that were more than a day.
    """
    seconds = number(fields.get("expires_in_sec"))
    if seconds is None:
        seconds = number(fields.get("expires_in"))
        if seconds is not None and seconds > LONGEST_LIFE.total_seconds():
            seconds /= 1000
    if seconds is None or not 1 <= seconds <= LONGEST_LIFE.total_seconds():
        return _DEFAULT_LIFETIME
    return timedelta(seconds=int(seconds))


def _api_domain(value: object) -> str | None:
    try:
        return str(parse_origin(value)) if isinstance(value, str) else None
    except ValueError:
        return None
