"""The exchange of a grant code, and its refusals. Pure.

https://zoho.com/accounts/protocol/oauth/web-apps/access-token.html
https://zoho.com/accounts/protocol/oauth/self-client/authorization-code-flow.html
"""

from collections.abc import Mapping
from typing import Final

from zoho_tokend.core.consent import GrantCode, Granted
from zoho_tokend.core.errors import (
    ClientRejected,
    CodeRejected,
    ConsentRefused,
    GrantRejected,
    NoRefreshToken,
    OrganisationRejected,
    RedirectUriRejected,
    RefreshError,
    ScopeRejected,
    Throttled,
    TokendError,
    ZohoUnavailable,
)
from zoho_tokend.core.model import Client, Issued
from zoho_tokend.zoho.response import ZohoResponse
from zoho_tokend.zoho.wire import client_fields, issued

# A refresh treats these errors as temporary, as it must not park a connection by mistake. Here a person waits for an
# answer, and each of them names what the person can correct.
_VERDICTS: Final[Mapping[str, type[TokendError]]] = {
    "access_denied": ConsentRefused,
    "invalid_redirect_uri": RedirectUriRejected,
    "invalid_scope": ScopeRejected,
    "missing_org_info": OrganisationRejected,
}
_THROTTLED: Final = "Zoho says that too many tokens were asked for: wait ten minutes, and begin again"
_WRONG_TYPE: Final = (
    "Zoho does not let this client consent in this way: look at its type in Zoho's API console, and use the command "
    "for that type"
)


def exchange_form(code: GrantCode, client: Client) -> dict[str, str]:
    """Return the form fields that exchange the code.

    The console shows a secret for each type of client; whether a mobile one must send it is not documented, so it is
    always sent.
    """
    fields = {"grant_type": "authorization_code", **client_fields(client), "code": code.code.reveal()}
    if code.redirect_uri is not None:
        fields["redirect_uri"] = code.redirect_uri
    if code.verifier is not None:
        fields["code_verifier"] = code.verifier.reveal()
    return fields


def granted(answer: ZohoResponse) -> Granted:
    """Return what the consent brought.

    Raises:
        NoRefreshToken: an access token alone.
        CodeRejected, RedirectUriRejected, ScopeRejected, OrganisationRejected, ConsentRefused, ClientRejected,
        Throttled, ZohoUnavailable.
    """
    issue = issued_by_consent(answer)
    if issue.refresh_token is None:
        raise NoRefreshToken
    return Granted(
        refresh_token=issue.refresh_token,
        access_token=issue.access_token,
        api_domain=issue.api_domain,
        scope=issue.scope,
        lifetime=issue.lifetime,
    )


def issued_by_consent(answer: ZohoResponse) -> Issued:
    """Return the access token, with each refusal named for the person who waits for it.

    Raises:
        CodeRejected, RedirectUriRejected, ScopeRejected, OrganisationRejected, ConsentRefused, ClientRejected,
        Throttled, ZohoUnavailable.
    """
    try:
        return issued(answer)
    except RefreshError as error:
        raise for_a_person(error, answer) from None


def for_a_person(error: RefreshError, answer: ZohoResponse) -> TokendError:
    """Return the error of a refresh, named for the person who waits if it says what the person can correct."""
    match error:
        case GrantRejected():
            return CodeRejected()
        case ZohoUnavailable() if answer.error == "unauthorized_client":
            return ClientRejected(_WRONG_TYPE)
        case ZohoUnavailable() if answer.error in _VERDICTS:
            return _VERDICTS[answer.error]()
        case Throttled():
            return Throttled(_THROTTLED, retry_after=error.retry_after)
        case _:
            return error
