"""The core's ports of records over KV v2.

A refresh costs two requests: one read and one write, and one more where its client was not read in the last minute.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime
from itertools import islice
from typing import Final

from zoho_tokend.concurrency import cooperatively
from zoho_tokend.core.budget import BudgetRecord
from zoho_tokend.core.errors import Conflict, NoCredential, RecordUnreadable
from zoho_tokend.core.model import ConnectionName, Credential, Published, Secret, TokenRecord, connection_name
from zoho_tokend.core.ports import Clock, Listing
from zoho_tokend.vault import codec
from zoho_tokend.vault.kv import PATHS_PER_REQUEST, Kv
from zoho_tokend.vault.layout import KvPath, Layout
from zoho_tokend.vault.record_fields import RecordFields
from zoho_tokend.vault.session import Session

CLIENT_SECONDS: Final = 60.0


class VaultStore:
    """Reads and writes credentials and token records; only a named client may be cached, for a minute."""

    def __init__(self, session: Session, layout: Layout, *, clock: Clock, location_of: codec.LocationOf) -> None:
        self._kv = Kv(session, layout)
        self._layout = layout
        self._clock = clock
        self._location_of = location_of
        self._clients: dict[str, tuple[float, RecordFields]] = {}

    async def names(self) -> Listing:
        return await self._names(self._layout.credentials())

    async def _names(self, folder: KvPath) -> Listing:
        names, ill_named = set(), set()
        async for key in cooperatively(await self._kv.names(folder)):
            try:
                names.add(connection_name(key))
            except ValueError:
                ill_named.add(key)
        return Listing(names=frozenset(names), ill_named=frozenset(ill_named))

    async def credential(self, connection: ConnectionName, *, fresh: bool = False) -> Credential:
        return await self.credential_of(connection, await self._credential_record(connection), fresh=fresh)

    async def credential_of(
        self, connection: ConnectionName, record: RecordFields, *, fresh: bool = False
    ) -> Credential:
        """Return the credential of a record that was read already; ``fresh`` reads its client anew.

        Raises:
            RecordUnreadable: a field of it or of the named client is missing or ill-shaped; the text names it.
            NotAllowed, VaultUnavailable: the named client could not be read.
        """
        name = codec.client_name(record)
        client = None if name is None else await self._client(name, record, fresh=fresh)
        return codec.credential(connection, record, client, location_of=self._location_of)

    async def rotate(self, credential: Credential, refresh_token: Secret) -> None:
        record = await self._credential_record(credential.connection)
        if record.version != credential.version:
            raise Conflict(f"{record.where} was changed meanwhile")
        path = self._layout.credential(credential.connection)
        await self._kv.write(path, codec.rotated(record, refresh_token), after_version=record.version)

    async def published(self, connection: ConnectionName) -> Published:
        path = self._layout.token(connection)
        try:
            found = await self._kv.read(path)
        except RecordUnreadable:  # like a missing record, except that the next write must name its version
            versions = await self._kv.versions(path)
            return Published(version=versions[-1].number if versions else 0, record=None)
        record = codec.token_record(connection, found.fields or {}, now=self._clock.now())
        return Published(version=found.version, record=record)

    async def history(self, connection: ConnectionName) -> tuple[datetime, ...]:
        return tuple(version.written_at for version in await self._kv.versions(self._layout.token(connection)))

    async def recorded(self) -> frozenset[ConnectionName]:
        return (await self._names(self._layout.tokens())).names

    async def budgets(self) -> frozenset[str]:
        return frozenset(await self._kv.names(self._layout.budgets()))

    async def budget(self, grant: str) -> BudgetRecord:
        try:
            record = await self._kv.read(self._layout.budget(grant))
        except RecordUnreadable:
            return BudgetRecord()
        return codec.budget_record(record.version, record.fields or {})

    async def remember_budget(self, grant: str, record: BudgetRecord) -> int:
        path = self._layout.budget(grant)
        return await self._kv.write(path, codec.budget_fields(record), after_version=record.version)

    async def publish(self, record: TokenRecord, *, after_version: int) -> int:
        path = self._layout.token(record.connection)
        return await self._kv.write(path, codec.token_fields(record), after_version=after_version)

    async def unwritable(self, connections: Collection[ConnectionName]) -> frozenset[ConnectionName]:
        found: set[ConnectionName] = set()
        waiting = iter(connections)
        # One request's worth at a time: the event loop runs other tasks while Vault answers.
        while some := list(islice(waiting, PATHS_PER_REQUEST)):
            paths = {self._layout.token(connection): connection for connection in some}
            found.update(paths[path] for path in await self._kv.unwritable(paths))
        return frozenset(found)

    async def _credential_record(self, connection: ConnectionName) -> RecordFields:
        path = self._layout.credential(connection)
        record = (await self._kv.read(path)).content
        if record is None:
            raise NoCredential(f"there is no credential at {path}")
        return record

    async def _client(self, name: str, record: RecordFields, *, fresh: bool) -> RecordFields:
        """Return the named client; its secrets are held for a minute at most, whoever asks next."""
        now = self._clock.monotonic()
        self._clients = {name: held for name, held in self._clients.items() if now - held[0] < CLIENT_SECONDS}
        if name in self._clients and not fresh:
            return self._clients[name][1]
        path = self._layout.client(name)
        client = (await self._kv.read(path)).content
        if client is None:
            raise codec.client_missing(record, str(path))
        self._clients[name] = (now, client)
        asyncio.get_running_loop().call_later(CLIENT_SECONDS, self._forget, name, now)
        return client

    def _forget(self, name: str, read_at: float) -> None:
        """Drop the client, unless it was read again meanwhile."""
        if name in self._clients and self._clients[name][0] == read_at:
            del self._clients[name]
