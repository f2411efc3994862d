"""Publish targets in Vault: whole records, with CAS, in exactly the fields that each tool takes."""

from collections.abc import Mapping, Sequence

from zoho_tokend.core.errors import TargetTaken
from zoho_tokend.core.model import ConnectionName, Secret, TokenRecord
from zoho_tokend.core.targets import Shape, Target, Told
from zoho_tokend.vault.kv import Kv, Standing
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.session import Session


class VaultTargets:
    """The records of these targets. One that is not of our making is never written over, nor withdrawn."""

    def __init__(self, session: Session, layout: Layout, targets: Sequence[Target]) -> None:
        self._kv = Kv(session, layout)
        self._layout = layout
        self._targets = targets

    async def told(self, target: Target, connection: ConnectionName) -> Told:
        standing = await self._kv.read(self._layout.target(target, connection))
        if standing.fields is None:
            return Told(version=standing.version, fingerprint=None)
        token = told_by(target.shape, standing.fields)
        if token is None:
            raise TargetTaken(
                f"{standing.place} holds a record that zoho-tokend did not write, which stays: "
                "move it, or choose another path in PUBLISH_TARGETS"
            )
        return Told(version=standing.version, fingerprint=token.fingerprint())

    async def tell(self, target: Target, record: TokenRecord, *, after_version: int) -> int:
        place = self._layout.target(target, record.connection)
        return await self._kv.write(place, target_fields(target.shape, record), after_version=after_version)

    async def withdraw(self, connection: ConnectionName) -> None:
        """No target tells a token of the connection any more; the deletion can be undone.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        for target in self._targets:
            standing = await self._kv.read(self._layout.target(target, connection))
            if _is_ours(target.shape, standing):
                await self._kv.ask(standing.place.delete())


def target_fields(shape: Shape, record: TokenRecord) -> dict[str, object]:
    """The record of a token in the shape of another tool."""
    match shape:
        case Shape.AIRFLOW_CONNECTION:
            return {"conn_type": "http", "host": record.api_domain, "password": record.access_token.reveal()}
        case Shape.AIRFLOW_VARIABLE:
            return {"value": record.access_token.reveal()}


def told_by(shape: Shape, fields: Mapping[str, object]) -> Secret | None:
    """The token in these fields; None where they are not of our making: other fields, or other values."""
    match shape, dict(fields):
        case Shape.AIRFLOW_CONNECTION, {"conn_type": "http", "host": str(), "password": str(token), **others}:
            pass
        case Shape.AIRFLOW_VARIABLE, {"value": str(token), **others}:
            pass
        case _:
            return None
    return None if others else Secret(token)


def _is_ours(shape: Shape, standing: Standing) -> bool:
    return standing.fields is not None and told_by(shape, standing.fields) is not None
