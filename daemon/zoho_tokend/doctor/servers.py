"""Which servers a set-up talks to, and on whose behalf; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.zoho.datacenters import DATA_CENTERS
from zoho_tokend.zoho.serverinfo import SERVERINFO_PATH

# The API answers 401 to whoever shows no token, and any answer will do.
_API_PATH: Final = "/"


class Role(StrEnum):
    """What a server is asked for."""

    ACCOUNTS = "accounts server"
    API = "API domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server of Zoho's.

    Attributes:
        connections: those that need it; none for one of Zoho's table that nobody uses yet.
    """

    origin: Origin
    role: Role
    connections: frozenset[ConnectionName] = frozenset()

    @property
    def path(self) -> str:
        """What anybody may ask it for."""
        return SERVERINFO_PATH if self.role is Role.ACCOUNTS else _API_PATH


def in_use(uses: Mapping[tuple[Origin, Role], frozenset[ConnectionName]]) -> tuple[Server, ...]:
    """The servers that connections use, or all of Zoho's own where there is no connection; accounts servers first."""
    servers = [Server(origin=origin, role=role, connections=names) for (origin, role), names in uses.items()]
    return tuple(sorted(servers or _zohos_own(), key=lambda server: (server.role is Role.API, server.origin)))


def _zohos_own() -> list[Server]:
    accounts = [Server(origin=center.accounts_server, role=Role.ACCOUNTS) for center in DATA_CENTERS]
    return accounts + [Server(origin=parse_origin(center.api_domain), role=Role.API) for center in DATA_CENTERS]
