"""What a person keeps in Vault: applications and credentials, written with CAS and never over something unseen."""

from collections.abc import Mapping
from typing import Final

from zoho_tokend.core.errors import Conflict, NoClient, RecordUnreadable, VaultForbidden, VaultUnavailable
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.registration import Registration
from zoho_tokend.vault import registration_codec
from zoho_tokend.vault.kv import Kv, KvRecord, Version
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.session import Session

# A version that no record ever reaches: a write after it is refused, and proves all the same that writing is allowed.
_NEVER: Final = 2**31 - 1


class Registry:
    """Applications and credentials, as a person with an operator's policy reads and writes them."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._kv = Kv(session, layout)
        self._layout = layout

    async def clients(self) -> tuple[Registration | RecordUnreadable, ...]:
        """Every application, by name; in the place of one that cannot be read, why."""
        found: list[Registration | RecordUnreadable] = []
        for name in sorted(await self._kv.names(self._layout.clients())):
            try:
                found.append(await self.client(name))
            except NoClient:  # deleted: its name is still listed
                continue
            except RecordUnreadable as error:
                found.append(error)
        return tuple(found)

    async def client(self, name: str) -> Registration:
        """The application of this name.

        Raises:
            NoClient: there is none.
            RecordUnreadable: a field is missing or ill-shaped.
        """
        document = (await self.client_standing(name)).document
        if document is None:
            raise NoClient(f"there is no client {name} in Vault: add it with `zoho-tokend client add {name}`")
        return registration_codec.registration(name, document)

    async def client_standing(self, name: str) -> KvRecord:
        """What stands under the application's path."""
        return await self._kv.read(self._layout.client(name))

    async def record_client(self, registration: Registration) -> str:
        """The application stands in Vault, as the version after its own; answers where.

        Raises:
            Conflict: another version was written meanwhile.
        """
        place = self._layout.client(registration.name)
        await self._kv.write(place, registration_codec.fields(registration), after_version=registration.version)
        return str(place)

    async def credential(self, connection: ConnectionName) -> KvRecord:
        """What stands under the credential's path."""
        return await self._kv.read(self._layout.credential(connection))

    async def credential_versions(self, connection: ConnectionName) -> tuple[Version, ...]:
        """Every version of the credential that Vault still remembers, oldest first."""
        return await self._kv.versions(self._layout.credential(connection))

    async def token_versions(self, connection: ConnectionName) -> tuple[Version, ...]:
        """The same of the token record: each is one issue."""
        return await self._kv.versions(self._layout.token(connection))

    async def record_credential(
        self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int
    ) -> int:
        """The credential stands in Vault, whole; answers its version.

        Raises:
            Conflict: another version was written meanwhile; nothing was changed.
        """
        return await self._kv.write(self._layout.credential(connection), fields, after_version=after_version)

    async def prove_writable(self, connection: ConnectionName) -> None:
        """The credential may be written, and Vault takes writes there; nothing was changed.

        Raises:
            VaultForbidden: the policy denies it; the text says what it lacks.
            VaultUnavailable: Vault gave no usable answer.
        """
        place = self._layout.credential(connection)
        if await self._kv.unwritable([place]):
            raise VaultForbidden(
                f"Vault's policy does not let you create and update {place}: "
                "load what `zoho-tokend policy operator` prints"
            )
        try:
            await self._kv.write(place, {}, after_version=_NEVER)
        except Conflict:
            return
        raise VaultUnavailable(f"Vault took a write of {place} that it had to refuse: is it a KV v2 mount?")

    async def remove(self, connection: ConnectionName) -> None:
        """The credential's latest version is deleted; it can be had back."""
        await self._kv.ask(self._layout.credential(connection).delete())

    async def withdraw_token(self, connection: ConnectionName) -> None:
        """The token record of a token that is dead at Zoho is erased: a write that is under way then conflicts.

        Where the policy is of before, its latest version is deleted, which leaves such a write its version to name.
        """
        try:
            await self._kv.ask(self._layout.token(connection).erase())
        except VaultForbidden:
            await self._kv.ask(self._layout.token(connection).delete())
