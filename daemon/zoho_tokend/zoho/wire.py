"""What is said to Zoho's token endpoint, and what its answers mean. Pure.

The one idea to know: the body decides, not the status. Zoho answers most errors with HTTP 200, its throttle with 400,
and its own SDK never reads the status (https://github.com/zoho/zohocrm-python-sdk-8.0). A verdict that only a person
can lift comes from four exact codes and from nothing else: an HTML page, a 401 or a firewall's refusal says nothing
about a grant.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core.errors import ClientRejected, GrantRejected, RefreshError, Throttled, ZohoUnavailable
from zoho_tokend.core.model import ClientCredentialsGrant, Credential, Issued, RefreshTokenGrant, Secret
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.zoho.http_dates import http_date

TOKEN_PATH: Final = "/oauth/v2/token"  # noqa: S105 - a path, not a password

_TOKEN: Final = re.compile(r"[!-~]+")
_WORDS: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_SEPARATORS: Final = re.compile(r"[\s,]+")
_WHOLE_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_DEFAULT_LIFETIME: Final = timedelta(hours=1)
_LONGEST_LIFETIME: Final = timedelta(hours=24)
_LONGEST_RETRY_AFTER: Final = timedelta(minutes=30)
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
# Most likely mistakes of a set-up, yet nobody has captured what Zoho means by them at a refresh. Trying again slowly
# costs less than parking a connection for a misread word.
_HINTS: Final = {
    "access_denied": "the user or Zoho refused the consent; authorize the connection again if this lasts",
    "general_error": "Zoho gives no reason",
    "invalid_redirect_uri": "the redirect URI is not the client's; compare it with Zoho's API console",
    "invalid_scope": "the credential's scope names one that does not exist; correct its field scope",
    "missing_org_info": "Zoho does not know the organisation; correct the credential's field soid",
    "unauthorized_client": "the client may not use this grant; look at its type in Zoho's API console",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read whole.

    Attributes:
        headers: by lower-case name.
        received_at: our own time when its head had arrived.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


def token_form(credential: Credential) -> dict[str, str]:
    """The form fields that ask for an access token.

    They go into the body: a query string would stand in every proxy's log.
    https://zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html
    https://zoho.com/accounts/protocol/oauth/self-client/client-credentials-flow.html
    """
    client = {"client_id": credential.client.client_id, "client_secret": credential.client.client_secret.reveal()}
    match credential.grant:
        case RefreshTokenGrant(refresh_token=refresh_token):
            return {"grant_type": "refresh_token", **client, "refresh_token": refresh_token.reveal()}
        case ClientCredentialsGrant(soid=soid, scope=scope):
            return {"grant_type": "client_credentials", **client, "scope": _comma_separated(scope), "soid": soid}


def issued(answer: Answer) -> Issued:
    """What Zoho handed out.

    Raises:
        Throttled, ZohoUnavailable, GrantRejected, ClientRejected.
    """
    fields = _fields(answer.body)
    access_token = fields.get("access_token")
    if not isinstance(access_token, str) or not access_token:
        raise _refusal(answer, fields)
    try:
        return Issued(
            access_token=_token(access_token),
            token_type=_words(fields.get("token_type")) or "Bearer",
            lifetime=_lifetime(fields),
            api_domain=_api_domain(fields.get("api_domain")),
            scope=_words(fields.get("scope")),
            refresh_token=_token(fields["refresh_token"]) if fields.get("refresh_token") else None,
        )
    except ValueError as error:
        raise ZohoUnavailable(str(error), retry_after=_retry_after(answer)) from None


def clock_skew(answer: Answer) -> timedelta | None:
    """How far Zoho's clock is ahead of ours, good to a second; None where the answer does not tell its time."""
    told = http_date(answer.headers.get("date", ""))
    return None if told is None else told - answer.received_at


def _comma_separated(scope: str) -> str:
    # Commas in requests, spaces in answers: https://zoho.com/crm/developer/docs/api/v4/client-credentials.html
    return ",".join(part for part in _SEPARATORS.split(scope) if part)


def _fields(body: bytes) -> Mapping[str, object]:
    """The object in the body; an empty one where there is none."""
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _refusal(answer: Answer, fields: Mapping[str, object]) -> RefreshError:
    code = fields.get("error")
    error = code if isinstance(code, str) else ""
    retry_after = _retry_after(answer)
    if _is_throttle(answer.body, error):
        return Throttled("Zoho says that too many tokens were asked for", retry_after=retry_after)
    if error in _VERDICTS:
        verdict, sentence = _VERDICTS[error]
        return verdict(sentence)
    if answer.status == _TOO_MANY_REQUESTS:
        return Throttled(f"Zoho answers HTTP {answer.status}", retry_after=retry_after)
    return ZohoUnavailable(_unusable(answer.status, error), retry_after=retry_after)


def _is_throttle(body: bytes, error: str) -> bool:
    # {"error": "Access Denied", "error_description": "You have made too many requests continuously. …"}: seen with 400
    # and with 200, https://help.zoho.com/portal/en/community/topic/kaizen-43-tokens-and-limitations. The words alone
    # are not enough in a page: a firewall's page says "Access Denied" too.
    return error.strip().casefold() == "access denied" or b"too many requests" in body.lower()


def _unusable(status: int, error: str) -> str:
    if error in _HINTS:
        return f"Zoho answers {error}: {_HINTS[error]}"
    return f"Zoho answers HTTP {status} with " + ("an unknown error" if error else "nothing that can be read")


def _lifetime(fields: Mapping[str, object]) -> timedelta:
    """How long the token lives; an hour, which is Zoho's rule, where the answer does not say it usably.

    Beside ``expires_in_sec``, ``expires_in`` is in milliseconds (https://github.com/Weble/ZohoClient/issues/11); alone
    it is in seconds, unless that were more than a day.
    """
    seconds = _number(fields.get("expires_in_sec"))
    if seconds is None:
        seconds = _number(fields.get("expires_in"))
        if seconds is not None and seconds > _LONGEST_LIFETIME.total_seconds():
            seconds /= 1000
    if seconds is None or not 1 <= seconds <= _LONGEST_LIFETIME.total_seconds():
        return _DEFAULT_LIFETIME
    return timedelta(seconds=int(seconds))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _token(value: object) -> Secret:
    # A line break inside would add headers of its own choice to every request of every job.
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("Zoho's answer holds a token with characters that no token has")
    return Secret(value)


def _words(value: object) -> str | None:
    return value if isinstance(value, str) and _WORDS.fullmatch(value) else None


def _api_domain(value: object) -> str | None:
    try:
        return str(parse_origin(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _retry_after(answer: Answer) -> timedelta | None:
    """The least time to wait, at most half an hour (https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    if _WHOLE_SECONDS.fullmatch(text):
        wait = timedelta(seconds=int(text))
    elif (until := http_date(text)) is not None:
        wait = until - (http_date(answer.headers.get("date", "")) or answer.received_at)
    else:
        return None
    return min(wait, _LONGEST_RETRY_AFTER) if wait > timedelta() else None
