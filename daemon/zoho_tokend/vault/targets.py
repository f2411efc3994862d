"""Publish targets in Vault: whole records, written with CAS, with exactly the fields that each tool reads.

Custom metadata marks the records that we own; no other tool takes it for a field.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from zoho_tokend.core.errors import TargetTaken
from zoho_tokend.core.model import ConnectionName, Secret, TokenRecord
from zoho_tokend.core.targets import Shape, Target, TargetRecord, mark_of, target_record
from zoho_tokend.vault.kv import Kv, KvRecord
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.session import Session

# KV's default for max_versions.
_KEPT_VERSIONS: Final = 10


class VaultTargets:
    """Writes the records of these targets. A record that somebody else made is never overwritten or withdrawn."""

    def __init__(self, session: Session, layout: Layout, targets: Sequence[Target]) -> None:
        self._kv = Kv(session, layout)
        self._layout = layout
        self._targets = targets

    async def target_record(self, target: Target, connection: ConnectionName) -> TargetRecord:
        return _record_at(target, connection, await self._read(target, connection))

    async def write_target(self, target: Target, record: TokenRecord, *, after_version: int) -> int:
        path = self._layout.target(target, record.connection)
        return await self._kv.write(path, target_fields(target.shape, record), after_version=after_version)

    async def was_published(self, connection: ConnectionName, fingerprint: str) -> bool:
        path = self._layout.token(connection)
        for version in reversed((await self._kv.versions(path))[-_KEPT_VERSIONS:]):
            token = (await self._kv.ask(path.read_version(version.number))).at("data", "data", "access_token")
            if isinstance(token, str) and Secret(token).fingerprint() == fingerprint:
                return True
        return False

    async def mark(self, target: Target, connection: ConnectionName) -> None:
        record = await self._read(target, connection)
        if not _record_at(target, connection, record).marked:
            await self._kv.ask(record.path.write_custom_metadata({**record.custom_metadata, **mark_of(connection)}))

    async def withdraw(self, connection: ConnectionName) -> None:
        """Delete the second records of the connection's token, in a way that can be undone.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        for target in self._targets:
            record = await self._read(target, connection)
            with suppress(TargetTaken):
                found = _record_at(target, connection, record)
                if found.marked and found.fingerprint is not None:
                    await self._kv.ask(record.path.delete())

    async def _read(self, target: Target, connection: ConnectionName) -> KvRecord:
        return await self._kv.read(self._layout.target(target, connection))


def _record_at(target: Target, connection: ConnectionName, record: KvRecord) -> TargetRecord:
    return target_record(
        target,
        connection,
        where=str(record.path),
        version=record.version,
        fields=record.fields,
        custom_metadata=record.custom_metadata,
    )


def target_fields(shape: Shape, record: TokenRecord) -> dict[str, object]:
    """Return the fields of a token's record in the shape of another tool."""
    match shape:
        case Shape.AIRFLOW_CONNECTION:
            return {"conn_type": "http", "host": record.api_domain, "password": record.access_token.reveal()}
        case Shape.AIRFLOW_VARIABLE:
            return {"value": record.access_token.reveal()}
