"""KV v2 through a session: records are read, and written with CAS; a refusal names the setting to check."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from zoho_tokend.core.errors import Conflict, RecordUnreadable, VaultForbidden, VaultUnavailable
from zoho_tokend.core.events import VaultOutcome
from zoho_tokend.vault.layout import KvPath, Layout
from zoho_tokend.vault.record_fields import RecordFields
from zoho_tokend.vault.request import Request, capabilities, describe_mount
from zoho_tokend.vault.response import VaultResponse
from zoho_tokend.vault.session import Session

_NEEDED: Final = frozenset({"create", "update"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KvRecord:
    """The latest version of the record at a path, which may not exist.

    Attributes:
        version: what the next write must name; 0 where there has never been one.
        fields: None where there is no record, or its latest version is deleted.
        created: when this version was written, in Vault's own words.
        custom_metadata: what people and programs have noted about the record.
    """

    path: KvPath
    version: int
    fields: Mapping[str, object] | None = field(repr=False)
    created: str = ""
    custom_metadata: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def content(self) -> RecordFields | None:
        """The fields, to be read strictly; None where there is no record."""
        return (
            None
            if self.fields is None
            else RecordFields(where=str(self.path), version=self.version, values=self.fields, created=self.created)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a record.

    Attributes:
        deleted: it cannot be read; ``vault kv undelete`` restores it, unless it was destroyed.
    """

    number: int
    written_at: datetime
    deleted: bool


class Kv:
    """Reads and writes the records of a layout."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._session = session
        self._layout = layout
        self._mounts_seen = False

    async def read(self, path: KvPath) -> KvRecord:
        """Read the latest version, in one request.

        Raises:
            RecordUnreadable: it is larger than any of our records, or not JSON; its version is not known.
        """
        response = await self.ask(path.read())
        if response.unreadable:
            raise RecordUnreadable(f"{path} {response.unreadable}: write it again", stamp=response.unreadable)
        version, fields = response.at("data", "metadata", "version"), response.at("data", "data")
        created = response.at("data", "metadata", "created_time")
        custom_metadata = response.at("data", "metadata", "custom_metadata")
        return KvRecord(
            path=path,
            version=version if isinstance(version, int) else 0,
            fields=fields if isinstance(fields, Mapping) else None,
            created=created if isinstance(created, str) else "",
            custom_metadata=custom_metadata if isinstance(custom_metadata, Mapping) else {},
        )

    async def write(self, path: KvPath, fields: Mapping[str, object], *, after_version: int) -> int:
        """Write the whole record, and return its new version.

        Raises:
            Conflict: the current version is not ``after_version``; nothing was written.
        """
        response = await self.ask(path.write(dict(fields), after_version=after_version))
        version = response.at("data", "version")
        if not isinstance(version, int):
            raise VaultUnavailable(f"Vault's answer to the write of {path} names no version: is it a KV v2 mount?")
        return version

    async def versions(self, path: KvPath) -> tuple[Version, ...]:
        """Return every version that Vault still keeps, oldest first."""
        return versions_in(await self.ask(path.versions()))

    async def names(self, folder: KvPath) -> list[str]:
        """Return the names of all records in the folder, deleted ones too; the name of a folder ends in a slash.

        Raises:
            VaultUnavailable: a mount is missing, or of KV version 1, where records would simply seem absent.
        """
        await self._see_mounts()
        keys = (await self.ask(folder.names())).at("data", "keys")
        return [str(key) for key in keys] if isinstance(keys, list) else []

    async def unwritable(self, paths: Collection[KvPath]) -> frozenset[KvPath]:
        """Return those paths that the policy does not let us create and update."""
        allowed = await granted([path.data for path in paths], self.ask)
        return frozenset(path for path in paths if not _may_write(allowed[path.data]))

    async def ask(self, request: Request) -> VaultResponse:
        """Return Vault's response, which is ok or says that nothing is there.

        Raises:
            Conflict, VaultForbidden, VaultUnavailable.
        """
        response = await self._session.ask(request)
        if response.outcome is VaultOutcome.CONFLICT:
            raise Conflict(f"{request.path} was changed by another writer: its version is not the one last read")
        if response.outcome is VaultOutcome.REFUSED:
            raise VaultUnavailable(f"Vault refuses to {request.capability} {request.path} (status {response.status})")
        if response.unmounted:
            raise VaultUnavailable(f"Vault has no engine mounted at {request.path}: check {self._setting(request)}")
        return response

    async def _see_mounts(self) -> None:
        if self._mounts_seen:
            return
        for mount, setting in self._layout.mounts().items():
            try:
                response = await self._session.ask(describe_mount(mount))
            except VaultForbidden:
                continue
            if response.at("data", "options", "version") != "2":
                raise VaultUnavailable(f"the mount {mount} is not KV version 2: check {setting}, or upgrade the mount")
        self._mounts_seen = True

    def _setting(self, request: Request) -> str:
        mounts = self._layout.mounts()
        return next((setting for mount, setting in mounts.items() if request.path.startswith(f"{mount}/")), "MOUNT")


def _may_write(allowed: frozenset[str]) -> bool:
    return "root" in allowed or allowed >= _NEEDED


def versions_in(response: VaultResponse) -> tuple[Version, ...]:
    """Return every version in a record's metadata, oldest first."""
    found = response.at("data", "versions")
    known = found.items() if isinstance(found, Mapping) else ()
    versions = (_version(str(number), facts) for number, facts in known)
    return tuple(sorted(filter(None, versions), key=lambda version: version.number))


def _version(number: str, facts: object) -> Version | None:
    """Parse a version (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-metadata)."""
    written_at = facts.get("created_time") if isinstance(facts, Mapping) else None
    if not isinstance(facts, Mapping) or not isinstance(written_at, str) or not number.isdecimal():
        return None
    deleted = bool(facts.get("deletion_time")) or facts.get("destroyed") is True
    return Version(number=int(number), written_at=datetime.fromisoformat(written_at), deleted=deleted)


PATHS_PER_REQUEST: Final = 256


async def granted(
    paths: Sequence[str], ask: Callable[[Request], Awaitable[VaultResponse]]
) -> Mapping[str, frozenset[str]]:
    """Return our capabilities on each path: ``root`` alone for a root token, none where access is denied.

    One request for each 256 paths. Raises what ``ask`` raises.
    """
    found: dict[str, frozenset[str]] = {}
    for start in range(0, len(paths), PATHS_PER_REQUEST):
        part = paths[start : start + PATHS_PER_REQUEST]
        response = await ask(capabilities(part))
        for path in part:
            words = response.at("data", path)
            found[path] = frozenset(map(str, words)) - {"deny"} if isinstance(words, list) else frozenset()
    return found
