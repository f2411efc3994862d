"""Which requests a token belongs to, and which answers mean that it is dead; pure."""

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from zoho_tokend.reader.errors import UnknownSchema, WrongHost
from zoho_tokend.reader.record import Token

# Zoho spells it in several ways. A missing scope is none of them: no other token would help.
# https://github.com/zoho/crm-oas and https://help.zoho.com/portal/en/community/topic/kaizen-25-authentication
_DEAD: Final = frozenset({"INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE", "AUTHENTICATION_FAILED"})

# Production, sandbox, developer edition and uploads are siblings: www., sandbox., developer., content.zohoapis.eu.
_SIBLINGS: Final = re.compile(r"[a-z]+\.(zohoapis\.[a-z.]+)")
# But for two data centres, as Zoho's SDK knows them: https://github.com/zoho/zohocrm-python-sdk-8.0
_UPLOADS: Final = {"zohoapis.ca": "upload.zohocloud.ca", "zohoapis.sa": "files.zoho.sa"}
_PORTS: Final = {"http": 80, "https": 443}


def base_url(token: Token) -> str:
    """Return the origin to call with this token, without a final slash.

    Raises:
        UnknownSchema: the record names none.
    """
    if not token.api_domain:
        raise UnknownSchema(
            f"the token record of {token.connection} names no api_domain: the daemon was never told one"
        )
    return token.api_domain


def upload_url(token: Token) -> str:
    """Return the origin to upload files to with this token.

    For the data centres that Zoho's SDK does not know (uk, ae, sg) it is named after the pattern of the others.
    """
    domain = _zoho_domain(urlsplit(base_url(token)))
    return f"https://{_UPLOADS.get(domain, f'content.{domain}')}" if domain else token.api_domain


def check_host(token: Token, url: str) -> None:
    """Check that this token may be sent to the URL.

    Raises:
        WrongHost: it is not.
    """
    if not belongs(token, url):
        asked = urlsplit(url)
        raise WrongHost(
            f"the token of {token.connection} is for {token.api_domain or 'no API that is known'} "
            f"and is not sent to {asked.scheme}://{asked.hostname}: take the base URL from the reader"
        )


def belongs(token: Token, url: str) -> bool:
    """Whether this token may be sent there: to its API domain, and to that one's siblings within Zoho."""
    home, asked = urlsplit(token.api_domain), urlsplit(url)
    if (asked.scheme, _port(asked)) != (home.scheme, _port(home)):
        return False
    domain = _zoho_domain(home)
    if domain and _zoho_domain(asked) == domain:
        return True
    return asked.hostname is not None and asked.hostname in {home.hostname, _UPLOADS.get(domain)}


def means_dead(refusal: bytes) -> bool:
    """Whether the body of a 401 of Zoho's API says that it does not know the token, or not any more."""
    try:
        answer = json.loads(refusal)
    except ValueError:
        return False
    return isinstance(answer, Mapping) and answer.get("code") in _DEAD


def _zoho_domain(url: SplitResult) -> str:
    match = _SIBLINGS.fullmatch(url.hostname or "")
    return match[1] if match and url.scheme == "https" else ""


def _port(url: SplitResult) -> int | None:
    return url.port or _PORTS.get(url.scheme)
