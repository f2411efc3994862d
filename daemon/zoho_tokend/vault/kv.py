"""KV v2, asked through a session: records read and written with CAS, and refusals told in the words of our settings."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from zoho_tokend.core.errors import Conflict, RecordUnreadable, VaultForbidden, VaultUnavailable
from zoho_tokend.core.events import VaultOutcome
from zoho_tokend.vault.document import Document
from zoho_tokend.vault.layout import KvPath, Layout
from zoho_tokend.vault.request import Request, capabilities, describe_mount
from zoho_tokend.vault.response import VaultResponse
from zoho_tokend.vault.session import Session

_NEEDED: Final = frozenset({"create", "update"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KvRecord:
    """What stands under a path.

    Attributes:
        version: to be named in the next write; 0 when there never was one.
        fields: None when there is none, or the latest version is deleted.
        created: when this version was written, in Vault's own words.
        custom_metadata: what people and programs say of the record.
    """

    place: KvPath
    version: int
    fields: Mapping[str, object] | None = field(repr=False)
    created: str = ""
    custom_metadata: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def document(self) -> Document | None:
        """The record; None when there is none."""
        return (
            None
            if self.fields is None
            else Document(where=str(self.place), version=self.version, fields=self.fields, created=self.created)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One of the versions that a record has had.

    Attributes:
        deleted: it cannot be read; ``vault kv undelete`` brings it back, unless it was destroyed.
    """

    number: int
    written_at: datetime
    deleted: bool


class Kv:
    """The records of a layout."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._session = session
        self._layout = layout
        self._mounts_seen = False

    async def read(self, place: KvPath) -> KvRecord:
        """What stands there now: one request.

        Raises:
            RecordUnreadable: it is larger than any of ours, or is no JSON that can be parsed; its version is not known.
        """
        answer = await self.ask(place.read())
        if answer.unreadable:
            raise RecordUnreadable(f"{place} {answer.unreadable}: write it anew", stamp=answer.unreadable)
        version, fields = answer.at("data", "metadata", "version"), answer.at("data", "data")
        created = answer.at("data", "metadata", "created_time")
        said = answer.at("data", "metadata", "custom_metadata")
        return KvRecord(
            place=place,
            version=version if isinstance(version, int) else 0,
            fields=fields if isinstance(fields, Mapping) else None,
            created=created if isinstance(created, str) else "",
            custom_metadata=said if isinstance(said, Mapping) else {},
        )

    async def write(self, place: KvPath, fields: Mapping[str, object], *, after_version: int) -> int:
        """The record stands there, whole; answers its version.

        Raises:
            Conflict: the current version is another one; nothing was written.
        """
        answer = await self.ask(place.write(dict(fields), after_version=after_version))
        version = answer.at("data", "version")
        if not isinstance(version, int):
            raise VaultUnavailable(f"Vault's answer to the write of {place} names no version: is it a KV v2 mount?")
        return version

    async def versions(self, place: KvPath) -> tuple[Version, ...]:
        """Every version that Vault still remembers, oldest first."""
        return versions_in(await self.ask(place.versions()))

    async def names(self, folder: KvPath) -> list[str]:
        """The names of all records there, deleted ones too; a folder's ends in a slash.

        Raises:
            VaultUnavailable: a mount is missing, or of KV version 1, where records would simply seem absent.
        """
        await self._see_mounts()
        keys = (await self.ask(folder.names())).at("data", "keys")
        return [str(key) for key in keys] if isinstance(keys, list) else []

    async def unwritable(self, places: Collection[KvPath]) -> frozenset[KvPath]:
        """Those that the policy does not let us create and update."""
        allowed = await granted([place.data for place in places], self.ask)
        return frozenset(place for place in places if not _may_write(allowed[place.data]))

    async def ask(self, request: Request) -> VaultResponse:
        """An answer that is ok, or says that nothing is there.

        Raises:
            Conflict, VaultForbidden, VaultUnavailable.
        """
        answer = await self._session.ask(request)
        if answer.outcome is VaultOutcome.CONFLICT:
            raise Conflict(f"{request.path} has another current version than the one that we knew")
        if answer.outcome is VaultOutcome.REFUSED:
            raise VaultUnavailable(f"Vault refuses to {request.capability} {request.path} (status {answer.status})")
        if answer.unmounted:
            raise VaultUnavailable(f"Vault has no engine mounted at {request.path}: check {self._setting(request)}")
        return answer

    async def _see_mounts(self) -> None:
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


def _may_write(allowed: frozenset[str]) -> bool:
    return "root" in allowed or allowed >= _NEEDED


def versions_in(answer: VaultResponse) -> tuple[Version, ...]:
    """Every version that a record's metadata tells of, oldest first."""
    found = answer.at("data", "versions")
    known = found.items() if isinstance(found, Mapping) else ()
    versions = (_version(str(number), facts) for number, facts in known)
    return tuple(sorted(filter(None, versions), key=lambda version: version.number))


def _version(number: str, facts: object) -> Version | None:
    """https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-metadata."""
    written_at = facts.get("created_time") if isinstance(facts, Mapping) else None
    if not isinstance(facts, Mapping) or not isinstance(written_at, str) or not number.isdecimal():
        return None
    deleted = bool(facts.get("deletion_time")) or facts.get("destroyed") is True
    return Version(number=int(number), written_at=datetime.fromisoformat(written_at), deleted=deleted)


PATHS_PER_REQUEST: Final = 256


async def granted(
    paths: Sequence[str], ask: Callable[[Request], Awaitable[VaultResponse]]
) -> Mapping[str, frozenset[str]]:
    """What we may do on each path, in a policy's words; ``root`` alone for a root token, nothing where it is denied.

    One request for each 256 paths. Raises what ``ask`` raises.
    """
    found: dict[str, frozenset[str]] = {}
    for start in range(0, len(paths), PATHS_PER_REQUEST):
        part = paths[start : start + PATHS_PER_REQUEST]
        answer = await ask(capabilities(part))
        for path in part:
            words = answer.at("data", path)
            found[path] = frozenset(map(str, words)) - {"deny"} if isinstance(words, list) else frozenset()
    return found
