"""Connections in Vault: credentials that all point at one accounts server, and token records where they are wanted."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from tests.builders import a_record, secret
from tests.wall_clock import WallClock
from zoho_tokend.core.model import ConnectionName, TokenRecord
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault import codec
from zoho_tokend.vault.auth import Token
from zoho_tokend.vault.config import VaultConfig
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.request import Request
from zoho_tokend.vault.secret_file import Given
from zoho_tokend.vault.session import Session

_AT_ONCE = 16


def names(count: int) -> list[ConnectionName]:
    """So many names of connections."""
    return [ConnectionName(f"connection-{number:06}") for number in range(count)]


async def fill(
    vault: OpenBao,
    layout: Layout,
    connections: Sequence[ConnectionName],
    *,
    accounts_server: str,
    tokens_from: datetime | None = None,
) -> None:
    """Each connection has a credential of its own, and a token record that was issued then (None: it has none)."""
    await _ask_all(vault, _credentials(layout, connections, accounts_server))
    if tokens_from is not None:
        await publish(vault, layout, (a_record(name, issued_at=tokens_from) for name in connections))


async def publish(vault: OpenBao, layout: Layout, records: Iterable[TokenRecord]) -> None:
    """Each of these connections, which had no token record, has this one."""
    places = ((layout.token(record.connection), record) for record in records)
    await _ask_all(vault, (place.write(codec.token_fields(record), after_version=0) for place, record in places))


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


async def _ask_all(vault: OpenBao, requests: Iterator[Request]) -> None:
    async with _root(vault) as session:

        async def work() -> None:
            for request in requests:
                await session.ask(request)

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())


@asynccontextmanager
async def _root(vault: OpenBao) -> AsyncIterator[Session]:
    auth = Token(token=Given(vault.root_token, "the root token"))
    config = VaultConfig(address=vault.address, concurrency=_AT_ONCE)
    session = Session(config, auth, clock=WallClock(), sink=lambda _event: None)
    try:
        await session.open()
        yield session
    finally:
        await session.close()
