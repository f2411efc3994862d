"""Stand-ins with behaviour for what lies outside; ``tests/contract`` holds them to what the real ones do."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from tests.support.clocks.wall_clock import WallClock
from zoho_tokend.core.budget import BudgetRecord
from zoho_tokend.core.errors import Conflict, NoCredential, VaultForbidden, VaultUnavailable
from zoho_tokend.core.model import ConnectionName, Credential, Published, Secret, TokenRecord, connection_name
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.ports import Clock, Listing
from zoho_tokend.core.targets import Target, TargetRecord, mark_of, target_record
from zoho_tokend.vault import codec
from zoho_tokend.vault.record_fields import RecordFields
from zoho_tokend.vault.targets import target_fields

T = TypeVar("T")

_MAX_VERSIONS: Final = 10
_MOUNT: Final = "secret/zoho"


def zoho_location(origin: Origin) -> str:
    """The data centre that a Zoho accounts server's name ends in."""
    endings = {"accounts.zoho.com": "us", "accounts.zoho.eu": "eu", "accounts.zoho.in": "in"}
    return endings.get(origin.host, "other")


@dataclass(frozen=True)
class _Version:
    number: int
    fields: dict[str, object] | None
    written_at: datetime


class FakeVault:
    """Vault's KV v2 in memory, and the ports upon it: versions, CAS, deletion, policy, outages.

    Paths are below the prefix: ``credentials/crm-prod``, ``clients/my-app``, ``tokens/crm-prod``; those of publish
    targets are not.

    Attributes:
        sealed: every request fails as long as it is true.
        latency: how long each request takes.
        requests: the path of every request so far.
        custom_metadata: what people and programs say of records, by path.
    """

    def __init__(self, *, clock: Clock | None = None, location_of: Callable[[Origin], str] = zoho_location) -> None:
        self.sealed = False
        self.latency = timedelta()
        self.requests: list[str] = []
        self.custom_metadata: dict[str, dict[str, str]] = {}
        self._clock = clock or WallClock()
        self._location_of = location_of
        self._records: dict[str, list[_Version]] = {}
        self._forbidden: set[str] = set()
        self._down = False
        self._losing = False

    # What a person does to Vault

    def put(self, path: str, **fields: object) -> int:
        """As ``vault kv put``: a new version; answers its number."""
        return self._append(path, dict(fields))

    def fields(self, path: str) -> dict[str, object]:
        """As ``vault kv get``: the latest version."""
        fields = self._records[path][-1].fields
        assert fields is not None
        return fields

    def delete(self, path: str) -> None:
        """As ``vault kv delete``: the latest version is gone, its number stays the current one."""
        latest = self._records[path][-1]
        self._records[path][-1] = _Version(latest.number, None, latest.written_at)

    def erase(self, path: str) -> None:
        """As ``vault kv metadata delete``: as if it had never been."""
        del self._records[path]
        self.custom_metadata.pop(path, None)

    def forbid(self, path: str) -> None:
        """The policy denies the record from now on."""
        self._forbidden.add(path)

    def allow(self, path: str) -> None:
        """The policy no longer denies the record."""
        self._forbidden.discard(path)

    # What fate does to Vault

    def down(self) -> None:
        """No request is answered until ``up``."""
        self._down = True

    def up(self) -> None:
        """Requests are answered again."""
        self._down = False

    def lose_next_answer(self) -> None:
        """The next write lands, and seems to fail."""
        self._losing = True

    # The ports

    async def names(self) -> Listing:
        await self._request("credentials")
        found = {path.removeprefix("credentials/") for path in self._records if path.startswith("credentials/")}
        shown = {name.partition("/")[0] + "/" if "/" in name else name for name in found}
        good = frozenset(name for name in shown if _is_name(name))
        return Listing(names=frozenset(map(ConnectionName, good)), ill_named=frozenset(shown - good))

    async def credential(self, connection: ConnectionName, *, fresh: bool = False) -> Credential:
        del fresh  # nothing is cached here, so that every read is a fresh one
        record = await self._read_credential(connection)
        name = codec.client_name(record)
        if name is None:
            return codec.credential(connection, record, None, location_of=self._location_of)
        client = await self._read(f"clients/{name}")
        if client is None:
            raise codec.client_missing(record, f"{_MOUNT}/clients/{name}")
        return codec.credential(connection, record, client, location_of=self._location_of)

    async def rotate(self, credential: Credential, refresh_token: Secret) -> None:
        record = await self._read_credential(credential.connection)
        if record.version != credential.version:
            raise Conflict
        path = f"credentials/{credential.connection}"
        await self._write(path, codec.rotated(record, refresh_token), after_version=record.version)

    async def published(self, connection: ConnectionName) -> Published:
        path = f"tokens/{connection}"
        record = await self._read(path)
        return Published(
            version=self._current(path),
            record=codec.token_record(connection, record.values, now=self._clock.now()) if record else None,
        )

    async def history(self, connection: ConnectionName) -> tuple[datetime, ...]:
        path = f"tokens/{connection}"
        await self._request(path)
        return tuple(version.written_at for version in self._records.get(path, ()))

    async def recorded(self) -> frozenset[ConnectionName]:
        await self._request("tokens")
        names = (path.removeprefix("tokens/") for path in self._records if path.startswith("tokens/"))
        return frozenset(map(ConnectionName, names))

    async def budgets(self) -> frozenset[str]:
        await self._request("budgets")
        return frozenset(path.removeprefix("budgets/") for path in self._records if path.startswith("budgets/"))

    async def budget(self, grant: str) -> BudgetRecord:
        path = f"budgets/{grant}"
        record = await self._read(path)
        return codec.budget_record(self._current(path), record.values if record else {})

    async def remember_budget(self, grant: str, record: BudgetRecord) -> int:
        return await self._write(f"budgets/{grant}", codec.budget_fields(record), after_version=record.version)

    async def publish(self, record: TokenRecord, *, after_version: int) -> int:
        fields = codec.token_fields(record)
        return await self._write(f"tokens/{record.connection}", fields, after_version=after_version)

    async def unwritable(self, connections: Collection[ConnectionName]) -> frozenset[ConnectionName]:
        await self._request("sys/capabilities-self")
        return frozenset(connection for connection in connections if f"tokens/{connection}" in self._forbidden)

    async def reported(self) -> frozenset[ConnectionName]:
        await self._request("reports")
        names = (path.removeprefix("reports/") for path in self._records if path.startswith("reports/"))
        return frozenset(map(ConnectionName, names))

    async def report(self, connection: ConnectionName) -> str | None:
        record = await self._read(f"reports/{connection}")
        fingerprint = record.values.get("fingerprint") if record else None
        return fingerprint if isinstance(fingerprint, str) else None

    async def dismiss(self, connection: ConnectionName) -> None:
        await self._request(f"reports/{connection}")
        self._records.pop(f"reports/{connection}", None)

    async def target_record(self, target: Target, connection: ConnectionName) -> TargetRecord:
        path = target.path_of(connection)
        record = await self._read(path)
        return target_record(
            target,
            connection,
            where=path,
            version=self._current(path),
            fields=record.values if record else None,
            custom_metadata=self.custom_metadata.get(path, {}),
        )

    async def write_target(self, target: Target, record: TokenRecord, *, after_version: int) -> int:
        path = target.path_of(record.connection)
        return await self._write(path, target_fields(target.shape, record), after_version=after_version)

    async def was_published(self, connection: ConnectionName, fingerprint: str) -> bool:
        await self._request(f"tokens/{connection}")
        tokens = [
            (version.fields or {}).get("access_token") for version in self._records.get(f"tokens/{connection}", ())
        ]
        return any(isinstance(token, str) and Secret(token).fingerprint() == fingerprint for token in tokens)

    async def mark(self, target: Target, connection: ConnectionName) -> None:
        path = target.path_of(connection)
        if not (await self.target_record(target, connection)).marked:
            await self._request(f"metadata/{path}")
            self.custom_metadata[path] = {**self.custom_metadata.get(path, {}), **mark_of(connection)}

    # Inside

    async def _request(self, path: str) -> None:
        self.requests.append(path)
        await asyncio.sleep(self.latency.total_seconds())
        if self._down or self.sealed:
            raise VaultUnavailable("Vault is sealed" if self.sealed else "no connection to Vault")
        if path in self._forbidden:
            raise VaultForbidden(f"Vault's policy denies {path}")

    async def _read(self, path: str) -> RecordFields | None:
        await self._request(path)
        versions = self._records.get(path)
        if not versions or versions[-1].fields is None:
            return None
        number, fields, written = versions[-1].number, versions[-1].fields, versions[-1].written_at.isoformat()
        return RecordFields(where=f"{_MOUNT}/{path}", version=number, values=fields, created=written)

    async def _read_credential(self, connection: ConnectionName) -> RecordFields:
        record = await self._read(f"credentials/{connection}")
        if record is None:
            raise NoCredential
        return record

    async def _write(self, path: str, fields: dict[str, object], *, after_version: int) -> int:
        await self._request(path)
        if self._current(path) != after_version:
            raise Conflict
        version = self._append(path, fields)
        if self._losing:
            self._losing = False
            raise VaultUnavailable("the answer was lost")
        return version

    def _current(self, path: str) -> int:
        versions = self._records.get(path)
        return versions[-1].number if versions else 0

    def _append(self, path: str, fields: dict[str, object]) -> int:
        number = self._current(path) + 1
        kept = [*self._records.get(path, ()), _Version(number, fields, self._clock.now())]
        self._records[path] = kept[-_MAX_VERSIONS:]
        return number


def _is_name(name: str) -> bool:
    try:
        connection_name(name)
    except ValueError:
        return False
    return True
