"""Checks across settings: whether those that belong together agree, and whether their files can be read."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zoho_tokend.core.instants import compact
from zoho_tokend.settings.kinds import VAULT_ADDRESS
from zoho_tokend.settings.model import Settings, VaultAuth


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """What an auth method needs.

    Attributes:
        given: groups of settings; exactly one of each group must be given.
        files: settings that name a file which the method reads.
    """

    given: tuple[tuple[str, ...], ...]
    files: tuple[str, ...] = ()


def _needs(method: VaultAuth) -> _Needs:
    match method:
        case "token":
            return _Needs(given=(("VAULT_TOKEN",),))
        case "token-file":
            return _Needs(given=(("VAULT_TOKEN_FILE",),), files=("VAULT_TOKEN_FILE",))
        case "approle":
            return _Needs(
                given=(("VAULT_ROLE_ID", "VAULT_ROLE_ID_FILE"), ("VAULT_SECRET_ID", "VAULT_SECRET_ID_FILE")),
                files=("VAULT_ROLE_ID_FILE", "VAULT_SECRET_ID_FILE"),
            )
        case "kubernetes" | "jwt":
            return _Needs(given=(("VAULT_ROLE",),), files=("VAULT_JWT_FILE",))
        case "cert":
            return _Needs(given=(("VAULT_CLIENT_CERT",),))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Settings that do not go together; ``sentence`` says what to do."""

    names: tuple[str, ...]
    sentence: str


def contradictions(settings: Settings) -> Iterator[Contradiction]:
    """Yield every contradiction that would prevent the daemon from running with these settings."""
    if not settings.vault_addr:
        yield Contradiction(("VAULT_ADDR",), f"VAULT_ADDR is missing: give {VAULT_ADDRESS.words}")
    for names in _needs(settings.vault_auth).given:
        yield from _exactly_one(settings, *names)
    if (settings.vault_client_cert is None) != (settings.vault_client_key is None):
        pair = ("VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY")
        yield Contradiction(pair, f"{' and '.join(pair)} go together: give both or neither")
    yield from _targets(settings)
    yield from _election(settings)
    for name, path in _files(settings):
        if not _readable(path):
            place = settings.source(name)
            yield Contradiction((name,), f"{name} ({place}): {path} is not a file that can be read")


def _readable(path: Path) -> bool:
    try:
        return path.is_file() and os.access(path, os.R_OK)
    except PermissionError:  # a folder on the way there is closed to us
        return False


def _targets(settings: Settings) -> Iterator[Contradiction]:
    """Check that a second record never has the path of one of our records, or of another second record."""
    names, targets = ("PUBLISH_TARGETS", "PREFIX"), settings.publish_targets
    for target in targets:
        if f"{target.folder}/".startswith(f"{settings.prefix}/"):
            yield Contradiction(
                names, f"PUBLISH_TARGETS: {target} lies under PREFIX ({settings.prefix}): choose a folder outside of it"
            )
    folders = Counter(target.folder for target in targets)
    for folder in (folder for folder, count in folders.items() if count > 1):
        yield Contradiction(
            names[:1], f"PUBLISH_TARGETS: two targets have the folder {folder}: give each its own folder"
        )


def _election(settings: Settings) -> Iterator[Contradiction]:
    """Check that a leader can renew its lease in time, that no two hold it at once, and that no two share a shard."""
    lease, deadline, retry = settings.lease_duration, settings.renew_deadline, settings.retry_period
    if deadline <= retry:
        pair = ("RENEW_DEADLINE", "RETRY_PERIOD")
        yield Contradiction(
            pair, f"RENEW_DEADLINE ({compact(deadline)}) must be longer than RETRY_PERIOD ({compact(retry)})"
        )
    if deadline + retry >= lease:
        yield Contradiction(
            ("LEASE_DURATION", "RENEW_DEADLINE", "RETRY_PERIOD"),
            f"LEASE_DURATION ({compact(lease)}) must be longer than RENEW_DEADLINE ({compact(deadline)}) and "
            f"RETRY_PERIOD ({compact(retry)}) together: a leader must have stopped before another begins",
        )
    if settings.shard >= settings.shards and settings.leader_election == "none":
        yield Contradiction(
            ("SHARD", "SHARDS", "LEADER_ELECTION"),
            f"SHARD is {settings.shard} of {settings.shards} SHARDS, counted from 0: with LEADER_ELECTION=kubernetes "
            "it would be a standby; without, give a smaller SHARD",
        )


def _exactly_one(settings: Settings, *names: str) -> Iterator[Contradiction]:
    given = [name for name in names if getattr(settings, name.lower()) is not None]
    if not given:
        needed = f"VAULT_AUTH is {settings.vault_auth}, which needs {' or '.join(names)}, and none is given"
        yield Contradiction(("VAULT_AUTH", *names), needed)
    elif len(given) > 1:
        yield Contradiction(names, f"{' and '.join(given)} are both given: keep one of them")


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Yield the files that these settings use, with the name of the setting."""
    for name in (*_needs(settings.vault_auth).files, "VAULT_CACERT", "VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"):
        path = getattr(settings, name.lower())
        if path is not None:
            yield name, path
