"""Publish targets in Vault: whole records, with CAS, in exactly the fields that each tool takes.

Which records are ours stands in their custom metadata, where no other tool takes it for a field of its own.
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

# As many as KV remembers unless it is told otherwise.
_REMEMBERED: Final = 10


class VaultTargets:
    """The records of these targets. One that is not of our making is never written over, nor withdrawn."""

    def __init__(self, session: Session, layout: Layout, targets: Sequence[Target]) -> None:
        self._kv = Kv(session, layout)
        self._layout = layout
        self._targets = targets

    async def target_record(self, target: Target, connection: ConnectionName) -> TargetRecord:
        return _record_at(target, connection, await self._standing(target, connection))

    async def write_target(self, target: Target, record: TokenRecord, *, after_version: int) -> int:
        place = self._layout.target(target, record.connection)
        return await self._kv.write(place, target_fields(target.shape, record), after_version=after_version)

    async def was_published(self, connection: ConnectionName, fingerprint: str) -> bool:
        place = self._layout.token(connection)
        for version in reversed((await self._kv.versions(place))[-_REMEMBERED:]):
            token = (await self._kv.ask(place.read_version(version.number))).at("data", "data", "access_token")
            if isinstance(token, str) and Secret(token).fingerprint() == fingerprint:
                return True
        return False

    async def mark(self, target: Target, connection: ConnectionName) -> None:
        standing = await self._standing(target, connection)
        if not _record_at(target, connection, standing).marked:
            await self._kv.ask(standing.place.say({**standing.custom_metadata, **mark_of(connection)}))

    async def withdraw(self, connection: ConnectionName) -> None:
        """Delete what tells a token of the connection, in a way that can be undone.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        for target in self._targets:
            standing = await self._standing(target, connection)
            with suppress(TargetTaken):
                found = _record_at(target, connection, standing)
                if found.marked and found.fingerprint is not None:
                    await self._kv.ask(standing.place.delete())

    async def _standing(self, target: Target, connection: ConnectionName) -> KvRecord:
        return await self._kv.read(self._layout.target(target, connection))


def _record_at(target: Target, connection: ConnectionName, standing: KvRecord) -> TargetRecord:
    return target_record(
        target,
        connection,
        where=str(standing.place),
        version=standing.version,
        fields=standing.fields,
        custom_metadata=standing.custom_metadata,
    )


def target_fields(shape: Shape, record: TokenRecord) -> dict[str, object]:
    """The record of a token in the shape of another tool."""
    match shape:
        case Shape.AIRFLOW_CONNECTION:
            return {"conn_type": "http", "host": record.api_domain, "password": record.access_token.reveal()}
        case Shape.AIRFLOW_VARIABLE:
            return {"value": record.access_token.reveal()}
