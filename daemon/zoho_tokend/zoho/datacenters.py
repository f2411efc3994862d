"""Zoho's data centres, and the accounts servers that a credential may be sent to. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from zoho_tokend.core.errors import ServerNotAllowed
from zoho_tokend.core.origin import Origin, parse_origin

ELSEWHERE: Final = "other"
"""The location of an accounts server that is allowed but is not one of Zoho's own."""


@dataclass(frozen=True, slots=True)
class DataCenter:
    """One of Zoho's data centres.

    Attributes:
        location: Zoho's name of it, as in the ``location`` of a consent's redirect.
        api_domain: where its tokens are used. The ``api_domain`` in a token answer takes precedence.
    """

    location: str
    accounts_server: Origin
    api_domain: str


def _data_center(location: str, accounts_host: str, api_host: str) -> DataCenter:
    return DataCenter(location, parse_origin(f"https://{accounts_host}"), f"https://{api_host}")


DATA_CENTERS: Final = (
    # https://zoho.com/accounts/protocol/oauth/multi-dc.html and https://www.bigin.com/developer/docs/apis/multi-dc.html
    _data_center("us", "accounts.zoho.com", "www.zohoapis.com"),
    _data_center("eu", "accounts.zoho.eu", "www.zohoapis.eu"),
    _data_center("in", "accounts.zoho.in", "www.zohoapis.in"),
    _data_center("au", "accounts.zoho.com.au", "www.zohoapis.com.au"),
    _data_center("jp", "accounts.zoho.jp", "www.zohoapis.jp"),
    # Canada's two names differ, on purpose: https://www.zoho.com/crm/developer/docs/api/v8/multi-dc.html
    _data_center("ca", "accounts.zohocloud.ca", "www.zohoapis.ca"),
    _data_center("sa", "accounts.zoho.sa", "www.zohoapis.sa"),
    # The page names the accounts server alone; the API host is what public clients use.
    _data_center("uk", "accounts.zoho.uk", "www.zohoapis.uk"),
    # https://www.zoho.com/crm/developer/docs/api/v8/multi-dc.html
    _data_center("cn", "accounts.zoho.com.cn", "www.zohoapis.com.cn"),
    # https://www.zoho.com/workdrive/developer/docs/api/v1/getting-started-multi-dc-support.html
    _data_center("ae", "accounts.zoho.ae", "www.zohoapis.ae"),
    # In the API console's list (https://api-console.zoho.com) and in public clients; on none of the pages above.
    _data_center("sg", "accounts.zoho.sg", "www.zohoapis.sg"),
)

_BY_ACCOUNTS_SERVER: Final = {center.accounts_server: center for center in DATA_CENTERS}
_BY_LOCATION: Final = {center.location: center for center in DATA_CENTERS}
# Production, and the two other environments: https://github.com/zoho/zohocrm-python-sdk-8.0
_APIS: Final = frozenset(
    parse_origin(center.api_domain.replace("www", environment, 1))
    for center in DATA_CENTERS
    for environment in ("www", "sandbox", "developer")
)


class AccountsServers:
    """The accounts servers that a credential may be sent to: Zoho's own, and those that the operator adds."""

    __slots__ = ("_added",)

    def __init__(self, added: Iterable[Origin] = ()) -> None:
        self._added = frozenset(added)

    def allows(self, origin: Origin) -> bool:
        """Whether a credential may be sent there."""
        return origin in _BY_ACCOUNTS_SERVER or origin in self._added

    def is_zohos(self, origin: Origin) -> bool:
        """Whether it is one of Zoho's own."""
        return origin in _BY_ACCOUNTS_SERVER

    def check(self, origin: Origin) -> None:
        """Check that a credential may be sent there.

        Raises:
            ServerNotAllowed: it may not.
        """
        if not self.allows(origin):
            raise ServerNotAllowed(
                f"the accounts server {origin} is neither Zoho's own nor allowed: correct the field "
                "accounts_server in Vault, or add the origin to ALLOWED_ACCOUNTS_SERVERS"
            )

    def location(self, origin: Origin) -> str:
        """Return Zoho's name of the data centre (``eu``); ``other`` for any origin that is not Zoho's own."""
        center = _BY_ACCOUNTS_SERVER.get(origin)
        return center.location if center else ELSEWHERE

    def api_domain(self, origin: Origin) -> str | None:
        """Return where tokens of one of Zoho's own data centres are used; None for any other."""
        center = _BY_ACCOUNTS_SERVER.get(origin)
        return center.api_domain if center else None

    def at(self, location: str) -> Origin | None:
        """Return the accounts server of one of Zoho's own data centres, by Zoho's name of it; None for any other."""
        center = _BY_LOCATION.get(location)
        return center.accounts_server if center else None

    def allows_api(self, api: Origin) -> bool:
        """Whether an access token may be sent there.

        It may be sent to Zoho's own API hosts, in each of their environments, and to an origin to which we would send
        the refresh token itself. An API domain in a record or an answer is not trusted by itself: whoever could
        write it there would receive a working token.
        """
        return api in _APIS or api in self._added
