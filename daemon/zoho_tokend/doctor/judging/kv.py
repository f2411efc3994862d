"""The mounts: their engine, and how they keep versions. A token record's versions are the memory of issues."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from zoho_tokend.core.instants import span
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import ZOHO_LIFETIME
from zoho_tokend.doctor.finding import Area, Finding
from zoho_tokend.doctor.wording import some
from zoho_tokend.vault.inspection import KeyHistory, Rules

# Zoho allows ten issues in ten minutes, and each is one version.
VERSIONS_NEEDED: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A mount of ours.

    Attributes:
        setting: the setting that names it.
        engine: ``kv 2``; None where the policy does not let us see it, or there is none.
        rules: None where they cannot be seen.
        of_credentials, of_tokens: what lies there.
    """

    name: str
    setting: str
    engine: str | None
    rules: Rules | None
    of_credentials: bool
    of_tokens: bool


def kv(mount: Mount, keys: Mapping[ConnectionName, KeyHistory]) -> Iterator[Finding]:
    """What there is to say of a mount.

    Args:
        keys: the token records, as far as their metadata can be seen.
    """
    if mount.engine != "kv 2":
        yield _no_kv(mount)
        return
    yield Area.KV.ok(mount.name, f"is KV version 2{_about_cas(mount)}")
    if mount.of_credentials:
        yield from _forgets(mount)
    if mount.of_tokens:
        yield _versions(mount, keys)
        yield from _expires(mount, keys)


def _no_kv(mount: Mount) -> Finding:
    if mount.engine is None:
        return Area.KV.wrong(
            mount.name,
            f"is not there, or the policy reaches nothing in it ({mount.setting})",
            fix=f"correct {mount.setting}, or: vault secrets enable -path={mount.name} -version=2 kv",
        )
    if mount.engine == "kv 1":
        fix = f"vault kv enable-versioning {mount.name}"
        return Area.KV.wrong(mount.name, "is KV version 1, without versions and CAS", fix=fix)
    return Area.KV.wrong(mount.name, f"holds the engine {mount.engine}", fix=f"name a KV v2 mount in {mount.setting}")


def _about_cas(mount: Mount) -> str:
    if mount.rules is None:
        return ""
    if not mount.rules.cas_required:
        return "; cas_required is off (the daemon always writes with CAS)"
    by_hand = ", so `vault kv put` needs -cas=<version>" if mount.of_credentials else ""
    return f"; cas_required is on{by_hand}"


def _forgets(mount: Mount) -> Iterator[Finding]:
    if mount.rules and mount.rules.delete_version_after:
        after = span(mount.rules.delete_version_after)
        yield Area.KV.wrong(
            mount.name,
            f"delete_version_after is {after}: credentials vanish by then",
            fix=f"vault write {mount.name}/config delete_version_after=0s, with TOKENS_MOUNT for short-lived records",
        )


def _versions(mount: Mount, keys: Mapping[ConnectionName, KeyHistory]) -> Finding:
    """Whether Vault remembers enough versions; where the rules cannot be seen, full histories show it."""
    kept = {name: _kept(mount.rules, key) for name, key in keys.items()}
    few = {name: number for name, number in kept.items() if number is not None and number < VERSIONS_NEEDED}
    fix = f"vault write {mount.name}/config max_versions={VERSIONS_NEEDED}"
    if few:
        return _too_few(mount, min(few.values()), some(few), fix)
    if mount.rules and mount.rules.versions_kept() < VERSIONS_NEEDED:
        return _too_few(mount, mount.rules.versions_kept(), "every new token record", fix)
    if mount.rules is None and (not kept or None in kept.values()):
        return Area.KV.warning(
            mount.name,
            f"max_versions cannot be seen, for the policy denies read on {mount.name}/config",
            fix=f"run doctor once with a token that may, or: vault read {mount.name}/config ({VERSIONS_NEEDED} needed)",
        )
    least = min([number for number in kept.values() if number] or [mount.rules.versions_kept() if mount.rules else 0])
    return Area.KV.ok(mount.name, f"keeps {least} versions of a token record, {VERSIONS_NEEDED} needed")


def _kept(rules: Rules | None, key: KeyHistory) -> int | None:
    if rules is not None:
        return rules.versions_kept(key.rules)
    if key.has_forgotten:
        return len(key.written)
    raised = key.rules.max_versions >= VERSIONS_NEEDED
    return max(key.rules.max_versions, len(key.written)) if raised or len(key.written) >= VERSIONS_NEEDED else None


def _too_few(mount: Mount, number: int, whose: str, fix: str) -> Finding:
    return Area.KV.wrong(
        mount.name,
        f"max_versions is {number} for {whose}, {VERSIONS_NEEDED} are needed: a restarted daemon forgets what it spent",
        fix=fix,
    )


def _expires(mount: Mount, keys: Mapping[ConnectionName, KeyHistory]) -> Iterator[Finding]:
    """A token record that Vault deletes before the token dies is taken away from its jobs."""
    spans = [key.rules.delete_version_after for key in keys.values()]
    spans += [mount.rules.delete_version_after] if mount.rules else []
    shortest = min((length for length in spans if timedelta() < length), default=ZOHO_LIFETIME)
    if shortest < ZOHO_LIFETIME:
        yield Area.KV.wrong(
            mount.name,
            f"delete_version_after is {span(shortest)}: token records vanish before their tokens end",
            fix=f"vault write {mount.name}/config delete_version_after=2h",
        )
