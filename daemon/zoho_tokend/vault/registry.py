"""What a person keeps in Vault: applications and credentials, written with CAS and never over something unseen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from zoho_tokend.core.errors import Conflict, NoClient, RecordUnreadable, VaultForbidden, VaultUnavailable
from zoho_tokend.core.events import VaultOutcome
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.registration import Registration
from zoho_tokend.vault import registration_codec
from zoho_tokend.vault.answer import Answer
from zoho_tokend.vault.document import Document
from zoho_tokend.vault.layout import Layout, Place
from zoho_tokend.vault.request import Request, capabilities
from zoho_tokend.vault.session import Session

# A version that no record ever reaches: a write after it is refused, and proves all the same that writing is allowed.
_NEVER: Final = 2**31 - 1
_NEEDED: Final = frozenset({"create", "update"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands under a path.

    Attributes:
        version: to be named in the next write; 0 when there never was one.
        fields: None when there is none, or it is deleted.
    """

    version: int
    fields: Mapping[str, object] | None = field(repr=False)


class Registry:
    """Applications and credentials, as a person with an operator's policy reads and writes them."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._session = session
        self._layout = layout

    async def clients(self) -> tuple[Registration | RecordUnreadable, ...]:
        """Every application, by name; in the place of one that cannot be read, why."""
        listing = (await self._ask(self._layout.clients().names())).at("data", "keys")
        names = sorted(str(name) for name in listing) if isinstance(listing, list) else []
        found: list[Registration | RecordUnreadable] = []
        for name in names:
            try:
                found.append(await self.client(name))
            except NoClient:
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
        place = self._layout.client(name)
        standing = await self._standing(place)
        if standing.fields is None:
            raise NoClient(f"there is no client {name} at {place}: add it with `zoho-tokend client add {name}`")
        document = Document(where=str(place), version=standing.version, fields=standing.fields)
        return registration_codec.registration(name, document)

    async def client_version(self, name: str) -> Standing:
        """What stands under the application's path."""
        return await self._standing(self._layout.client(name))

    async def record_client(self, registration: Registration) -> str:
        """The application stands in Vault, as the version after its own; answers where.

        Raises:
            Conflict: another version was written meanwhile.
        """
        place = self._layout.client(registration.name)
        await self._write(place, registration_codec.fields(registration), after_version=registration.version)
        return str(place)

    async def credential(self, connection: ConnectionName) -> Standing:
        """What stands under the credential's path."""
        return await self._standing(self._layout.credential(connection))

    async def record_credential(
        self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int
    ) -> int:
        """The credential stands in Vault, whole; answers its version.

        Raises:
            Conflict: another version was written meanwhile; nothing was changed.
        """
        return await self._write(self._layout.credential(connection), dict(fields), after_version=after_version)

    async def prove_writable(self, connection: ConnectionName) -> None:
        """The credential may be written, and Vault takes writes there; nothing was changed.

        Raises:
            VaultForbidden: the policy denies it; the text says what it lacks.
            VaultUnavailable: Vault gave no usable answer.
        """
        place = self._layout.credential(connection)
        granted = (await self._ask(capabilities([place.data]))).at("data", place.data)
        if not isinstance(granted, list) or not ("root" in granted or set(granted) >= _NEEDED):
            raise VaultForbidden(
                f"Vault's policy lets you not create and update {place}: load what `zoho-tokend policy operator` prints"
            )
        try:
            await self._write(place, {}, after_version=_NEVER)
        except Conflict:
            return
        raise VaultUnavailable(f"Vault took a write of {place} that it had to refuse: is it a KV v2 mount?")

    async def remove(self, connection: ConnectionName) -> None:
        """The credential's latest version is deleted; it can be had back."""
        await self._ask(self._layout.credential(connection).delete())

    async def withdraw_token(self, connection: ConnectionName) -> None:
        """The token record's latest version is deleted, for a token that is dead at Zoho; it can be had back."""
        await self._ask(self._layout.token(connection).delete())

    def where(self, connection: ConnectionName) -> str:
        """The credential's path, as a person types it."""
        return str(self._layout.credential(connection))

    async def _standing(self, place: Place) -> Standing:
        answer = await self._ask(place.read())
        version, fields = answer.at("data", "metadata", "version"), answer.at("data", "data")
        return Standing(
            version=version if isinstance(version, int) else 0, fields=fields if isinstance(fields, Mapping) else None
        )

    async def _write(self, place: Place, fields: dict[str, object], *, after_version: int) -> int:
        version = (await self._ask(place.write(fields, after_version=after_version))).at("data", "version")
        if not isinstance(version, int):
            raise VaultUnavailable(f"Vault's answer to the write of {place} names no version: is it a KV v2 mount?")
        return version

    async def _ask(self, request: Request) -> Answer:
        answer = await self._session.ask(request)
        if answer.outcome is VaultOutcome.CONFLICT:
            raise Conflict(f"{request.path} was changed by somebody else meanwhile")
        if answer.outcome is VaultOutcome.REFUSED or answer.unmounted:
            raise VaultUnavailable(f"Vault refuses to {request.capability} {request.path}: check MOUNT and PREFIX")
        return answer
