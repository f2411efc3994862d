"""``POST /oauth/v2/token``: grant codes, refresh tokens and client credentials become access tokens."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from zoho_simulator.rules import clients, shapes
from zoho_simulator.rules.errors import (
    INVALID_CODE,
    INVALID_REDIRECT_URI,
    INVALID_SCOPE,
    MISSING_ORG_INFO,
    UNSUPPORTED_GRANT_TYPE,
    RefusedError,
    ThrottledError,
)
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.limits import CountedBy
from zoho_simulator.rules.messages import Answer
from zoho_simulator.rules.records import Consent, Grant, GrantCode

_SOID: Final = re.compile(r"ZohoCRM\.[0-9]+")


def token(ledger: Ledger, form: Mapping[str, str], now: datetime) -> Answer:
    """The answer to a form.

    Raises:
        RefusedError: as each grant says; *assumed* for a grant type that Zoho does not have: RFC 6749's
            ``unsupported_grant_type``.
    """
    match form.get("grant_type"):
        case "refresh_token":
            return _refresh(ledger, form, now)
        case "authorization_code":
            return _exchange(ledger, form, now)
        case "client_credentials":
            return _client_credentials(ledger, form, now)
        case _:
            raise RefusedError(UNSUPPORTED_GRANT_TYPE)


def issued(ledger: Ledger, grant: Grant, now: datetime) -> Answer:
    """A new access token in the four documented fields; the refresh token is not repeated.

    https://zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html
    """
    access = ledger.issue(grant, now)
    return Answer(
        content={
            "access_token": access.text,
            "api_domain": ledger.origin,
            "token_type": "Bearer",
            "expires_in": int(ledger.limits.token_lifetime.total_seconds()),
        }
    )


def granted(ledger: Ledger, consent: Consent, now: datetime, *, family: str = shapes.ORDINARY) -> Answer:
    """The first access token of a consent, and its refresh token if it brings one: offline, and first or prompted.

    Refresh tokens, too, are handed out only so many in a window
    (https://help.zoho.com/portal/en/community/topic/kaizen-43-tokens-and-limitations).

    Raises:
        ThrottledError.
    """
    if not consent.offline or (ledger.has_granted(consent) and not consent.prompt):
        return issued(ledger, passing(consent, family=family), now)
    if not ledger.mints.admit(f"{consent.client_id} {consent.user.email}", now):
        raise ThrottledError
    refresh_token = shapes.new_token(family)
    _count(ledger, refresh_token=refresh_token, client_id=consent.client_id, now=now)
    grant = ledger.grant(consent, refresh_token=refresh_token, family=family)
    return issued(ledger, grant, now).with_fields(refresh_token=refresh_token)


def passing(consent: Consent, *, family: str = shapes.ORDINARY) -> Grant:
    """The grant behind an access token that no refresh token stands behind."""
    return Grant(client_id=consent.client_id, user=consent.user, scope=consent.scope, family=family, refresh_token=None)


def _refresh(ledger: Ledger, form: Mapping[str, str], now: datetime) -> Answer:
    """An access token for a refresh token.

    The throttle comes before everything else: it was met while sending invalid credentials, so failures count.
    A refresh token that is wrong, revoked, evicted, another client's, or in truth a grant code is ``invalid_code``
    (https://www.zoho.com/crm/developer/docs/api/v2.1/access-refresh.html).
    """
    refresh_token = form.get("refresh_token", "")
    _count(ledger, refresh_token=refresh_token, client_id=form.get("client_id", ""), now=now)
    client = clients.authenticated(ledger, form)
    grant = ledger.by_refresh_token(refresh_token)
    if grant is None or grant.client_id != client.client_id:
        raise RefusedError(INVALID_CODE)
    return issued(ledger, grant, now)


def _exchange(ledger: Ledger, form: Mapping[str, str], now: datetime) -> Answer:
    """An access token, and mostly a refresh token, for a grant code.

    A code that is unknown, expired, used, another client's, or whose PKCE verifier does not fit is ``invalid_code``; a
    try with the right client spends it (*assumed*), whatever the answer.
    https://zoho.com/accounts/protocol/oauth/web-apps/access-token.html
    """
    client = clients.authenticated(ledger, form)
    text = form.get("code", "")
    code = ledger.codes.get(text)
    if code is None or code.consent.client_id != client.client_id:
        raise RefusedError(INVALID_CODE)
    del ledger.codes[text]
    if code.expires_at <= now or not _verifies(code, form.get("code_verifier", "")):
        raise RefusedError(INVALID_CODE)
    if code.redirect_uri is not None and form.get("redirect_uri") != code.redirect_uri:
        raise RefusedError(INVALID_REDIRECT_URI)
    return granted(ledger, code.consent, now)


def _client_credentials(ledger: Ledger, form: Mapping[str, str], now: datetime) -> Answer:
    """An access token for the client itself; never a refresh token, so each costs an issue.

    For want of a refresh token the issues of the whole client are added up (*assumed*).
    https://zoho.com/accounts/protocol/oauth/self-client/client-credentials-flow.html
    """
    client_id = form.get("client_id", "")
    _count(ledger, refresh_token=client_id, client_id=client_id, now=now)
    client = clients.authenticated(ledger, form)
    soid, scope = form.get("soid", ""), form.get("scope", "")
    if not _SOID.fullmatch(soid):
        raise RefusedError(MISSING_ORG_INFO)
    if not shapes.is_scope(scope):
        raise RefusedError(INVALID_SCOPE)
    return issued(ledger, ledger.own_grant(client_id=client.client_id, soid=soid, scope=scope), now)


def _count(ledger: Ledger, *, refresh_token: str, client_id: str, now: datetime) -> None:
    key = client_id if ledger.limits.counted_by is CountedBy.CLIENT else refresh_token
    if not ledger.issues.admit(key, now):
        raise ThrottledError


def _verifies(code: GrantCode, verifier: str) -> bool:
    if code.challenge is None:
        return True
    shown = verifier
    if code.challenge_method == "S256":
        shown = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(shown.encode(), code.challenge.encode())
