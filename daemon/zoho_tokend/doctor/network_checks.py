"""What is right and wrong with servers, proxies, egress and clocks; pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from zoho_tokend.core.instants import span
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.doctor.finding import Area, Finding, some
from zoho_tokend.doctor.probe import Obstacle, Proxy, Reach, Step
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


_WHAT_FAILED: Final = {
    Step.NAME: "its name is not found",
    Step.CONNECTION: "no connection",
    Step.PROXY: "the way through the proxy ends",
    Step.TLS: "no TLS",
    Step.ANSWER: "no answer",
}


def network(servers: Iterable[Server], reached: Iterable[Reach]) -> Iterator[Finding]:
    """A finding for each server, with how far we got to it.

    One that no connection uses, or that only jobs talk to, is worth a warning.
    """
    for server, reach in zip(servers, reached, strict=True):
        yield _server(server, reach)


def _server(server: Server, reach: Reach) -> Finding:
    subject, obstacle = str(server.origin), reach.obstacle
    if obstacle is None:
        return _answered(server, reach)
    what = f"{_WHAT_FAILED[obstacle.step]}: {obstacle.why}" + _for_whom(server)
    fix = _fix(server.origin, obstacle, reach)
    needed = server.role is Role.ACCOUNTS and bool(server.connections)
    return Area.NETWORK.wrong(subject, what, fix=fix) if needed else Area.NETWORK.warning(subject, what, fix=fix)


def _answered(server: Server, reach: Reach) -> Finding:
    way = f"through the proxy {reach.proxy}" if reach.proxy else f"at {some(reach.addresses)}"
    seen = f"answers {way}, {reach.tls or 'without TLS'}"
    if server.role is Role.ACCOUNTS and reach.status != HTTPStatus.OK:
        return Area.NETWORK.warning(
            str(server.origin),
            f"{seen}, but with HTTP {reach.status} in place of the list of Zoho's data centres",
            fix="see whether a firewall or proxy answers in Zoho's stead, or try again later",
        )
    return Area.NETWORK.ok(str(server.origin), seen)


def _for_whom(server: Server) -> str:
    if not server.connections:
        return " (no connection uses it yet)"
    return f" (used by {some(server.connections)})"


def _fix(origin: Origin, obstacle: Obstacle, reach: Reach) -> str:
    where = f"{origin.host}:{origin.port}"
    match obstacle.step:
        case Step.NAME:
            return "let this machine's DNS resolve it, or set HTTPS_PROXY where a proxy is the only way out"
        case Step.PROXY:
            return f"let the proxy pass CONNECT {where}, or except the host in NO_PROXY"
        case Step.TLS:
            return "where a proxy inspects TLS, name its authority in SSL_CERT_FILE; else look who answers there"
        case Step.CONNECTION if reach.proxy:
            return f"check HTTPS_PROXY, and whether {reach.proxy} runs"
        case Step.CONNECTION | Step.ANSWER:
            return f"let the firewall (or a NetworkPolicy) pass TCP to {where}"


_WHO: Final = {
    Role.ACCOUNTS: "the daemon must get out to it",
    Role.API: "every job must get out to it, and `authorize` once",
}
_PORTS: Final = {"http": 80, "https": 443}


def egress(
    servers: Iterable[Server], *, vault_address: str, proxies: Iterable[Proxy], reports: bool = False
) -> Iterator[Finding]:
    """One line a host, and a word on Zoho's Allowed IPs.

    https://help.zoho.com/portal/en/kb/accounts/manage-your-zoho-account/articles/ip-restrictions

    Args:
        reports: whether the daemon heeds readers that report a dead token.
    """
    vault = urlsplit(vault_address)
    port = vault.port or _PORTS[vault.scheme]
    yield Area.EGRESS.ok(f"{vault.hostname}:{port}", "Vault: the daemon and the jobs must get out to it")
    for proxy in dict.fromkeys(proxies):
        yield Area.EGRESS.ok(f"{proxy.host}:{proxy.port}", "proxy: all that follows goes through it")
    for server in servers:
        where = f"{server.origin.host}:{server.origin.port}"
        also = ", and the daemon, to see whether a reported token lives" if reports and server.role is Role.API else ""
        yield Area.EGRESS.ok(where, f"{server.role}: {_WHO[server.role]}{also}")
    yield Area.EGRESS.ok(
        "Zoho's Allowed IPs",
        "where Zoho restricts addresses, it must allow the public ones of this daemon and of every job",
    )


NOTABLE: Final = timedelta(seconds=30)
HARMFUL: Final = timedelta(minutes=5)

_FIX: Final = "let this machine's clock (or theirs) follow a time server"


def clocks(skews: Mapping[str, timedelta]) -> Iterator[Finding]:
    """A finding for each peer; a skew is its clock minus ours."""
    for peer, skew in skews.items():
        seen = "agrees with ours, to within 2 s"
        if abs(skew) > timedelta(seconds=2):
            seen = f"is {span(abs(skew))} {'ahead of' if skew > timedelta() else 'behind'} ours"
        if abs(skew) > HARMFUL:
            harm = "tokens seem to live so much longer or shorter than they do"
            yield Area.CLOCKS.wrong(peer, f"its clock {seen}: {harm}", fix=_FIX)
        elif abs(skew) > NOTABLE:
            yield Area.CLOCKS.warning(peer, f"its clock {seen}", fix=_FIX)
        else:
            yield Area.CLOCKS.ok(peer, f"its clock {seen}")
