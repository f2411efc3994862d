"""Which method and path is what."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Endpoint(StrEnum):
    """The places where a request can arrive; ``revoke`` is the newer contract."""

    TOKEN = "token"
    DEVICE_CODE = "device_code"
    DEVICE_TOKEN = "device_token"
    REVOKE = "revoke"
    REVOKE_OLD = "revoke_old"
    SERVERINFO = "serverinfo"
    API = "api"


ACCOUNTS: Final[Mapping[str, tuple[str, Endpoint]]] = {
    "/oauth/v2/token": ("POST", Endpoint.TOKEN),
    "/oauth/v3/device/code": ("POST", Endpoint.DEVICE_CODE),
    "/oauth/v3/device/token": ("POST", Endpoint.DEVICE_TOKEN),
    "/oauth/v2/revoke/token": ("POST", Endpoint.REVOKE),
    "/oauth/v2/token/revoke": ("POST", Endpoint.REVOKE_OLD),
    "/oauth/serverinfo": ("GET", Endpoint.SERVERINFO),
}

_BULK_READ: Final = re.compile(r"/crm/bulk/v[0-9.]+/read")


def endpoint(path: str) -> tuple[str, Endpoint] | None:
    """The one method that a path takes, and what it is; None where there is nothing.

    The token URL takes no ``GET``: https://www.zoho.com/projects/help/rest-api/faq/oauth.html.
    """
    if path.startswith("/crm/"):
        return ("POST" if _BULK_READ.fullmatch(path) else "GET"), Endpoint.API
    return ACCOUNTS.get(path)
