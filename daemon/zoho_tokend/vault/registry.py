"""What a person keeps in Vault: applications and credentials, written with CAS so as to overwrite nothing unseen."""

from collections.abc import Mapping
from typing import Final

from zoho_tokend.core.errors import Conflict, NoClient, RecordUnreadable, VaultForbidden, VaultUnavailable
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.registration import Registration
from zoho_tokend.vault import registration_codec
from zoho_tokend.vault.kv import Kv, KvRecord, Version
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.session import Session

# A version that no record ever reaches: a write after it is refused, and proves that writing is allowed.
_NEVER: Final = 2**31 - 1


class Registry:
    """Reads and writes applications and credentials, with an operator's policy."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._kv = Kv(session, layout)
        self._advice = session.advice
        self._layout = layout

    async def clients(self) -> tuple[Registration | RecordUnreadable, ...]:
        """Return every application, by name; for one that cannot be read, the error."""
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
        """Return the application of this name.

        Raises:
            NoClient: there is none.
            RecordUnreadable: a field is missing or ill-shaped.
        """
        fields = (await self.client_record(name)).content
        if fields is None:
            raise NoClient(f"there is no client {name} in Vault: add it with `zoho-tokend client add {name}`")
        return registration_codec.registration(name, fields)

    async def client_record(self, name: str) -> KvRecord:
        """Read the application's record."""
        return await self._kv.read(self._layout.client(name))

    async def record_client(self, registration: Registration) -> str:
        """Write the application as the version after its own, and return its path.

        Raises:
            Conflict: another version was written meanwhile.
        """
        path = self._layout.client(registration.name)
        await self._kv.write(
            path, registration_codec.registration_fields(registration), after_version=registration.version
        )
        return str(path)

    async def credential(self, connection: ConnectionName) -> KvRecord:
        """Read the credential's record."""
        return await self._kv.read(self._layout.credential(connection))

    async def credential_versions(self, connection: ConnectionName) -> tuple[Version, ...]:
        """Return every version of the credential that Vault still keeps, oldest first."""
        return await self._kv.versions(self._layout.credential(connection))

    async def token_versions(self, connection: ConnectionName) -> tuple[Version, ...]:
        """Return every version of the token record that Vault still keeps, oldest first; each is one issue."""
        return await self._kv.versions(self._layout.token(connection))

    async def record_credential(
        self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int
    ) -> int:
        """Write the whole credential, and return its new version.

        Raises:
            Conflict: another version was written meanwhile; nothing was changed.
        """
        return await self._kv.write(self._layout.credential(connection), fields, after_version=after_version)

    async def prove_writable(self, connection: ConnectionName) -> None:
        """Check that the credential may be written and that Vault accepts writes there, without changing anything.

        Raises:
            VaultForbidden: the policy denies it; the text says what is missing.
            VaultUnavailable: Vault gave no usable answer.
        """
        path = self._layout.credential(connection)
        if await self._kv.unwritable([path]):
            raise VaultForbidden(f"Vault's policy denies create and update on {path}: {self._advice}")
        try:
            await self._kv.write(path, {}, after_version=_NEVER)
        except Conflict:
            return
        raise VaultUnavailable(f"Vault accepted a write of {path} that it had to refuse: is it a KV v2 mount?")

    async def remove(self, connection: ConnectionName) -> None:
        """Delete the credential's latest version, which can be restored."""
        await self._kv.ask(self._layout.credential(connection).delete())

    async def withdraw_token(self, connection: ConnectionName) -> None:
        """Erase the token record of a token that is dead at Zoho: a write that is under way then conflicts.

        Where an older policy denies that, delete the latest version; a write that is under way then still succeeds.
        """
        try:
            await self._kv.ask(self._layout.token(connection).erase())
        except VaultForbidden:
            await self._kv.ask(self._layout.token(connection).delete())
