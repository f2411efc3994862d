"""The core's two ports, carried out over KV v2.

A refresh costs two requests here: one read and one write, or one more when its client is named and not read lately.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from zoho_tokend.core.errors import Conflict, NoCredential, VaultForbidden, VaultUnavailable
from zoho_tokend.core.events import VaultOutcome
from zoho_tokend.core.model import ConnectionName, Credential, Published, Secret, TokenRecord, connection_name
from zoho_tokend.core.ports import Clock, Listing
from zoho_tokend.vault import codec
from zoho_tokend.vault.answer import Answer
from zoho_tokend.vault.document import Document
from zoho_tokend.vault.layout import Layout, Place
from zoho_tokend.vault.request import Request, capabilities, describe_mount
from zoho_tokend.vault.session import Session

CLIENT_SECONDS: Final = 60.0
PATHS_PER_REQUEST: Final = 256
_NEEDED: Final = frozenset({"create", "update"})


class VaultStore:
    """Credentials and token records as they stand in Vault now; only a named client may be a minute old."""

    def __init__(self, session: Session, layout: Layout, *, clock: Clock, location_of: codec.LocationOf) -> None:
        self._session = session
        self._layout = layout
        self._clock = clock
        self._location_of = location_of
        self._clients: dict[str, tuple[float, Document]] = {}
        self._mounts_seen = False

    async def names(self) -> Listing:
        await self._see_mounts()
        answer = await self._ask(self._layout.credentials().names())
        names, ill_named = set(), set()
        for key in _names(answer.at("data", "keys")):
            try:
                names.add(connection_name(key))
            except ValueError:
                ill_named.add(key)
        return Listing(names=frozenset(names), ill_named=frozenset(ill_named))

    async def credential(self, connection: ConnectionName, *, fresh: bool = False) -> Credential:
        record = await self._credential_record(connection)
        name = codec.client_name(record)
        client = None if name is None else await self._client(name, record, fresh=fresh)
        return codec.credential(connection, record, client, location_of=self._location_of)

    async def rotate(self, credential: Credential, refresh_token: Secret) -> None:
        record = await self._credential_record(credential.connection)
        if record.version != credential.version:
            raise Conflict(f"{record.where} was changed meanwhile")
        place = self._layout.credential(credential.connection)
        await self._write(place, codec.rotated(record, refresh_token), after_version=record.version)

    async def published(self, connection: ConnectionName) -> Published:
        answer = await self._ask(self._layout.token(connection).read())
        version = answer.at("data", "metadata", "version")
        fields = answer.at("data", "data")
        return Published(
            version=version if isinstance(version, int) else 0,
            record=codec.token_record(connection, fields) if isinstance(fields, Mapping) else None,
        )

    async def history(self, connection: ConnectionName) -> tuple[datetime, ...]:
        answer = await self._ask(self._layout.token(connection).versions())
        versions = answer.at("data", "versions")
        written = [answer.at("data", "versions", number, "created_time") for number in _names(versions)]
        return tuple(datetime.fromisoformat(instant) for instant in written if isinstance(instant, str))

    async def publish(self, record: TokenRecord, *, after_version: int) -> int:
        place = self._layout.token(record.connection)
        return await self._write(place, codec.token_fields(record), after_version=after_version)

    async def unwritable(self, connections: Collection[ConnectionName]) -> frozenset[ConnectionName]:
        names = list(connections)
        parts = [names[start : start + PATHS_PER_REQUEST] for start in range(0, len(names), PATHS_PER_REQUEST)]
        return frozenset().union(*[await self._unwritable(part) for part in parts])

    async def _unwritable(self, connections: Collection[ConnectionName]) -> frozenset[ConnectionName]:
        paths = {connection: self._layout.token(connection).data for connection in connections}
        answer = await self._ask(capabilities(list(paths.values())))
        return frozenset(connection for connection, path in paths.items() if not _may_write(answer.at("data", path)))

    async def _credential_record(self, connection: ConnectionName) -> Document:
        place = self._layout.credential(connection)
        record = _document(place, await self._ask(place.read()))
        if record is None:
            raise NoCredential(f"there is no credential at {place}")
        return record

    async def _client(self, name: str, record: Document, *, fresh: bool) -> Document:
        """The named client; secrets are held no longer than the minute, whoever asks next."""
        now = self._clock.monotonic()
        self._clients = {name: held for name, held in self._clients.items() if now - held[0] < CLIENT_SECONDS}
        if name in self._clients and not fresh:
            return self._clients[name][1]
        place = self._layout.client(name)
        client = _document(place, await self._ask(place.read()))
        if client is None:
            raise codec.client_missing(record, str(place))
        self._clients[name] = (now, client)
        return client

    async def _write(self, place: Place, fields: dict[str, object], *, after_version: int) -> int:
        answer = await self._ask(place.write(fields, after_version=after_version))
        version = answer.at("data", "version")
        if not isinstance(version, int):
            raise VaultUnavailable(f"Vault's answer to the write of {place} names no version: is it a KV v2 mount?")
        return version

    async def _ask(self, request: Request) -> Answer:
        """An answer that is ok, or says that nothing is there."""
        answer = await self._session.ask(request)
        if answer.outcome is VaultOutcome.CONFLICT:
            raise Conflict(f"{request.path} has another current version than the one that we knew")
        if answer.outcome is VaultOutcome.REFUSED:
            raise VaultUnavailable(f"Vault refuses to {request.capability} {request.path} (status {answer.status})")
        if answer.unmounted:
            raise VaultUnavailable(f"Vault has no engine mounted at {request.path}: check {self._setting(request)}")
        return answer

    async def _see_mounts(self) -> None:
        """Both mounts are of KV v2, as far as we may see: on another engine the records would simply seem absent."""
        if self._mounts_seen:
            return
        for mount, setting in self._layout.mounts().items():
            try:
                answer = await self._session.ask(describe_mount(mount))
            except VaultForbidden:
                continue
            if answer.at("data", "options", "version") != "2":
                raise VaultUnavailable(
                    f"the mount {mount} is not of KV version 2: check {setting}, or upgrade the mount"
                )
        self._mounts_seen = True

    def _setting(self, request: Request) -> str:
        mounts = self._layout.mounts()
        return next((setting for mount, setting in mounts.items() if request.path.startswith(f"{mount}/")), "MOUNT")


def _names(found: object) -> list[str]:
    return [str(name) for name in found] if isinstance(found, list | Mapping) else []


def _document(place: Place, answer: Answer) -> Document | None:
    """What was read; None where there is nothing, or the latest version is deleted."""
    fields, version = answer.at("data", "data"), answer.at("data", "metadata", "version")
    if not isinstance(fields, Mapping) or not isinstance(version, int):
        return None
    return Document(where=str(place), version=version, fields=fields)


def _may_write(granted: object) -> bool:
    """Root may do all (https://developer.hashicorp.com/vault/api-docs/system/capabilities-self)."""
    return isinstance(granted, list) and ("root" in granted or set(granted) >= _NEEDED)
