"""What must be let out, and in: the hosts for a firewall, and the addresses for Zoho's own allow-list."""

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

from zoho_tokend.doctor.finding import Area, Finding
from zoho_tokend.doctor.reach import Proxy
from zoho_tokend.doctor.servers import Role, Server

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
