"""Connections in Vault: credentials that all point at one accounts server, and token records where they are wanted."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from tests.support.samples.builders import a_record, secret
from tests.support.servers.openbao import Server
from zoho_tokend.core.model import ConnectionName, TokenRecord
from zoho_tokend.vault import codec
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.request import Request

_AT_ONCE = 16
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


def names(count: int) -> list[ConnectionName]:
    """So many names of connections."""
    return [ConnectionName(f"connection-{number:06}") for number in range(count)]


async def fill(
    vault: Server,
    layout: Layout,
    connections: Sequence[ConnectionName],
    *,
    accounts_server: str,
    tokens_from: datetime | None = None,
) -> None:
    """Each connection has a credential of its own, and a token record that was issued then (None: it has none)."""
    await ask_all(vault, _credentials(layout, connections, accounts_server))
    if tokens_from is not None:
        await publish(vault, layout, (a_record(name, issued_at=tokens_from) for name in connections))


async def publish(vault: Server, layout: Layout, records: Iterable[TokenRecord]) -> None:
    """Each of these connections, which had no token record, has this one."""
    places = ((layout.token(record.connection), record) for record in records)
    await ask_all(vault, (place.write(codec.token_fields(record), after_version=0) for place, record in places))


def credential_fields(name: ConnectionName, accounts_server: str) -> dict[str, object]:
    """A credential as a person stores it."""
    return {
        "client_id": "1000.BENCHMARK",
        "client_secret": "invented-client-secret",
        "refresh_token": secret(name).reveal(),
        "accounts_server": accounts_server,
        "scope": "ZohoCRM.modules.ALL",
    }


def _credentials(layout: Layout, connections: Iterable[ConnectionName], accounts_server: str) -> Iterator[Request]:
    for name in connections:
        yield layout.credential(name).write(credential_fields(name, accounts_server), after_version=0)


async def ask_all(vault: Server, requests: Iterator[Request]) -> None:
    """Each request by plain HTTP over a few connections, which is the quickest way; each must be a success."""
    address = urlsplit(vault.address)

    async def work() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for request in requests:
            body = json.dumps(request.body).encode()
            head = (
                f"{request.method} /v1/{request.path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"X-Vault-Token: {vault.root_token.reveal()}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answered = await reader.readuntil(b"\r\n\r\n")
            assert answered.startswith(b"HTTP/1.1 200 "), answered.partition(b"\r\n")[0]
            await reader.readexactly(int(_LENGTH.findall(answered)[0]))
        writer.close()
        await writer.wait_closed()

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(work())
