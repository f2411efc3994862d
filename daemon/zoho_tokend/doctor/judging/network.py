"""DNS, proxy, TLS and reach of the servers in use."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Final

from zoho_tokend.core.origin import Origin
from zoho_tokend.doctor.finding import Area, Finding
from zoho_tokend.doctor.reach import Obstacle, Reach, Step
from zoho_tokend.doctor.servers import Role, Server
from zoho_tokend.doctor.wording import some

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
