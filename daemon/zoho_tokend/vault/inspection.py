"""Facts about Vault itself: its health, our login, its mounts and keys, and our capabilities.

Nothing is changed. ``None`` in place of a fact means that the policy denies reading it.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from zoho_tokend.core.errors import VaultForbidden, VaultUnavailable
from zoho_tokend.core.events import VaultOperation
from zoho_tokend.core.ports import Clock
from zoho_tokend.vault.client import VaultClient, VaultConfig
from zoho_tokend.vault.kv import granted, versions_in
from zoho_tokend.vault.layout import KvPath
from zoho_tokend.vault.request import Request, describe_mount, lookup_self, server_health
from zoho_tokend.vault.response import VaultResponse
from zoho_tokend.vault.session import Session

# KV's own default: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#max_versions
_USUAL_VERSIONS: Final = 10
_DURATION: Final = re.compile(r"(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)(?:\.[0-9]+)?s)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a server reports about itself without a login.

    Attributes:
        skew: its clock minus ours, accurate to a second.
    """

    initialised: bool
    sealed: bool
    standby: bool
    version: str
    skew: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Our token.

    Attributes:
        lasts: its remaining life; None for a token that never ends.
    """

    policies: tuple[str, ...]
    renewable: bool
    lasts: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How KV v2 keeps versions: the configuration of a mount or of a single key.

    Attributes:
        max_versions: 0 where nothing is set there.
        delete_version_after: zero for never.
    """

    max_versions: int
    cas_required: bool
    delete_version_after: timedelta

    def versions_kept(self, key: "Rules | None" = None) -> int:
        """Return how many versions of a key a mount with these rules keeps: the key can raise the number, not lower it.

        https://github.com/hashicorp/vault-plugin-secrets-kv/blob/main/path_metadata.go
        """
        return max(self.max_versions, key.max_versions if key else 0) or _USUAL_VERSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHistory:
    """The metadata of a key.

    Attributes:
        written: when each version that Vault keeps was written, in any order.
    """

    rules: Rules
    current_version: int
    written: tuple[datetime, ...]

    @property
    def has_forgotten(self) -> bool:
        """Whether old versions were dropped, so that the remaining ones are as many as Vault keeps."""
        return self.current_version > len(self.written)


async def health(config: VaultConfig, clock: Clock) -> Health:
    """Return the health of the server; the request needs no login.

    Raises:
        VaultUnavailable: there was no usable response; the text says why.
    """
    response = await asyncio.to_thread(_ask_as_nobody, config, clock)
    seconds = response.at("server_time_utc")
    theirs = datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
    if theirs is None or response.at("sealed") not in {True, False}:
        raise VaultUnavailable(f"{config.address} does not report its health as Vault does: check VAULT_ADDR")
    now = clock.now().replace(microsecond=0)
    return Health(
        initialised=response.at("initialized") is True,
        sealed=response.at("sealed") is True,
        standby=response.at("standby") is True,
        version=str(response.at("version")),
        skew=theirs - now,
    )


class Inspection:
    """Reads facts through an open session.

    Every method raises:
        VaultUnavailable: Vault gave no usable response.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def identity(self) -> Identity | None:
        """Return facts about our token."""
        response = await self._ask(lookup_self())
        if response is None:
            return None
        policies, seconds = response.at("data", "policies"), response.at("data", "ttl")
        return Identity(
            policies=tuple(str(policy) for policy in policies) if isinstance(policies, list) else (),
            renewable=response.at("data", "renewable") is True,
            lasts=timedelta(seconds=seconds) if isinstance(seconds, int) and seconds else None,
        )

    async def engine(self, mount: str) -> str | None:
        """Return the engine mounted there, and its version (``kv 2``); None also where nothing is mounted."""
        response = await self._ask(describe_mount(mount))
        if response is None:
            return None
        version = response.at("data", "options", "version")
        return f"{response.at('data', 'type')} {version or 1}"

    async def mount_rules(self, mount: str) -> Rules | None:
        """Return how a KV v2 mount keeps versions (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-kv-engine-configuration)."""
        response = await self._ask(Request(operation=VaultOperation.METADATA, method="GET", path=f"{mount}/config"))
        return _rules(response) if response else None

    async def key_history(self, path: KvPath) -> KeyHistory | None:
        """Return how a key's versions are kept, and when they were written; version 0 for a key that does not exist."""
        response = await self._ask(path.versions())
        if response is None:
            return None
        version = response.at("data", "current_version")
        return KeyHistory(
            rules=_rules(response),
            current_version=version if isinstance(version, int) else 0,
            written=tuple(version.written_at for version in versions_in(response)),
        )

    async def granted(self, paths: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return our capabilities on each path; ``root`` alone for a root token."""
        return await granted(paths, self._session.ask)

    async def _ask(self, request: Request) -> VaultResponse | None:
        try:
            return await self._session.ask(request)
        except VaultForbidden:
            return None


def _ask_as_nobody(config: VaultConfig, clock: Clock) -> VaultResponse:
    client = VaultClient(config, monotonic=clock.monotonic, emit=lambda _answered, _date: None)
    try:
        return client.ask(server_health())
    finally:
        client.close()


def _rules(response: VaultResponse) -> Rules:
    most = response.at("data", "max_versions")
    return Rules(
        max_versions=most if isinstance(most, int) else 0,
        cas_required=response.at("data", "cas_required") is True,
        delete_version_after=_duration(response.at("data", "delete_version_after")),
    )


def _duration(text: object) -> timedelta:
    """Parse a duration as Go writes it (``2h0m0s``); anything else is zero."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return timedelta()
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
