"""Zoho's data centres, as any accounts server lists them without a login. Pure.

https://zoho.com/accounts/protocol/oauth/multi-dc/client-authorization.html
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

from zoho_tokend.core.errors import ZohoUnavailable
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.zoho.response import ZohoResponse, location

SERVERINFO_PATH: Final = "/oauth/serverinfo"


def accounts_servers(answer: ZohoResponse) -> Mapping[str, Origin]:
    """Return the accounts servers by Zoho's names of their data centres (``eu``), without unreadable ones.

    A server in this list is not thereby allowed: nothing may be sent to it.

    Raises:
        ZohoUnavailable: the answer is not such a list.
    """
    locations = (answer.document or {}).get("locations")
    if not isinstance(locations, dict):
        raise ZohoUnavailable(
            f"Zoho answers HTTP {answer.status} in place of the list of its data centres",
            retry_after=answer.retry_after,
        )
    return dict(_readable(locations))


def _readable(locations: Mapping[object, object]) -> Iterator[tuple[str, Origin]]:
    for key, value in locations.items():
        name = location(key)
        if name is None or not isinstance(value, str):
            continue
        with suppress(ValueError):
            yield name, parse_origin(value.removesuffix("/"))
