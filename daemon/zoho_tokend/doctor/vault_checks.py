"""What is right and wrong with the settings, Vault, its mounts and our policy; pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from zoho_tokend.core.instants import span
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import ZOHO_LIFETIME, Policy
from zoho_tokend.core.targets import Target
from zoho_tokend.doctor.finding import Area, Finding, some
from zoho_tokend.settings import Settings
from zoho_tokend.vault.inspection import Health, Identity, KeyHistory, Rules
from zoho_tokend.vault.layout import Layout


def unusable(problems: str) -> Iterator[Finding]:
    """Those that keep every command from its work; ``problems`` has a line for each."""
    for problem in problems.splitlines():
        yield Area.SETTINGS.wrong("settings", problem, fix="correct it; `zoho-tokend settings` lists what can be set")


def usable(settings: Settings, policy: Policy) -> Iterator[Finding]:
    """What is in force, and what had better not be."""
    for sentence in settings.warnings:
        yield Area.SETTINGS.warning("VAULT_ADDR", sentence.removeprefix("VAULT_ADDR is "), fix="give an https address")
    records = f"{settings.mount}/{settings.prefix}"
    tokens = f", tokens in {settings.tokens_mount}" if settings.tokens_mount else ""
    yield Area.SETTINGS.ok("records", f"clients and credentials under {records}{tokens}")
    yield Area.SETTINGS.ok(
        "floor", f"REFRESH_AT {settings.refresh_at} promises every job {span(policy.floor)} of a token's hour at least"
    )


_SHORT = timedelta(hours=1)


def unreachable(address: str, why: str) -> Finding:
    """There was no usable answer."""
    return Area.VAULT.wrong(
        address, why, fix="see that Vault runs, that VAULT_ADDR names it and VAULT_CACERT vouches for it"
    )


def reached(address: str, health: Health) -> Finding:
    """It answers; whether it can work is another matter."""
    if not health.initialised:
        return Area.VAULT.wrong(address, "is not initialised", fix="initialise it: vault operator init")
    if health.sealed:
        return Area.VAULT.wrong(address, "is sealed", fix="unseal it: vault operator unseal")
    kind = "a standby that forwards" if health.standby else "active"
    return Area.VAULT.ok(address, f"answers, unsealed, {kind}, version {health.version}")


def refused(method: str, why: str) -> Finding:
    """There is no login."""
    return Area.VAULT.wrong("login", why, fix=f"correct what VAULT_AUTH={method} logs in with")


def logged_in(method: str, identity: Identity | None) -> Iterator[Finding]:
    """Who we are at Vault, and for how long."""
    if identity is None:
        yield Area.VAULT.warning(
            "login",
            "works, but the policy denies auth/token/lookup-self, so nobody knows when the token ends",
            fix="load what `zoho-tokend policy daemon` prints",
        )
        return
    names = ", ".join(identity.policies)
    if "root" in identity.policies:
        yield Area.VAULT.warning(
            "login",
            "the token is a root token: who steals it has all of Vault",
            fix="zoho-tokend policy daemon | vault policy write zoho-tokend -, and give the daemon a token with it",
        )
    elif not identity.renewable and method == "token" and identity.lasts is not None:
        yield _ends(identity.lasts)
    else:
        life = "without an end" if identity.lasts is None else f"{span(identity.lasts)} left"
        yield Area.VAULT.ok("login", f"VAULT_AUTH={method} works; policies {names}; {life}")


def _ends(left: timedelta) -> Finding:
    """A token from the settings that nobody can renew or replace."""
    finding, fix = (
        f"the token ends in {span(left)} and cannot be renewed",
        "use a periodic token, or another VAULT_AUTH",
    )
    short = left < _SHORT
    return Area.VAULT.wrong("login", finding, fix=fix) if short else Area.VAULT.warning("login", finding, fix=fix)


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


ROOT: Final = "root"

_ANY: Final = ConnectionName("*")
_LOAD: Final = "load what `zoho-tokend policy daemon` prints"
_LESS: Final = "take it out of the daemon's policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What the daemon must be able to do on some paths that are alike, and nothing else.

    Attributes:
        subject: the paths, as a policy names them.
        paths: each by what stands for it in a sentence.
    """

    subject: str
    paths: Mapping[str, str]
    capabilities: frozenset[str]


def needs(
    layout: Layout,
    connections: Collection[ConnectionName],
    clients: Collection[str],
    *,
    reports: bool = False,
    targets: Collection[Target] = (),
) -> tuple[Need, ...]:
    """For these connections and the clients that they name; where there is none, for a name that stands for all.

    Args:
        reports: whether readers' reports are heeded.
        targets: where second records of the tokens go.
    """
    names, of_clients = sorted(connections) or [_ANY], sorted(clients) or [_ANY]
    return (
        _one(layout.credentials().metadata, "list"),
        _one(layout.clients().metadata),
        _one(layout.tokens().metadata, "list"),
        _one(layout.budgets().metadata, "list"),
        _one(layout.budget("*").data, "create", "update", "read"),
        _each(layout.client(_ANY).data, {layout.client(name).data: name for name in of_clients}, "read"),
        _each(layout.credential(_ANY).data, {layout.credential(name).data: name for name in names}, "read", "update"),
        _each(layout.credential(_ANY).metadata, {layout.credential(name).metadata: name for name in names}),
        _each(layout.token(_ANY).data, {layout.token(n).data: n for n in names}, "create", "update", "read"),
        _each(layout.token(_ANY).metadata, {layout.token(name).metadata: name for name in names}, "read"),
        *(_to_process_reports(layout, names) if reports else ()),
        *(need for target in targets for need in _to_tell(layout, target, names)),
        _one("auth/token/lookup-self", "read"),
        *(
            _one(path, "update")
            for path in ("auth/token/renew-self", "auth/token/revoke-self", "sys/capabilities-self")
        ),
    )


def _to_process_reports(layout: Layout, names: Collection[ConnectionName]) -> tuple[Need, ...]:
    return (
        _one(layout.reports().metadata, "list"),
        _each(layout.report(_ANY).data, {layout.report(name).data: name for name in names}, "read"),
        _each(layout.report(_ANY).metadata, {layout.report(name).metadata: name for name in names}, "delete"),
    )


def _to_tell(layout: Layout, target: Target, names: Collection[ConnectionName]) -> tuple[Need, ...]:
    places, every = {layout.target(target, name): name for name in names}, layout.target(target, _ANY)
    return (
        _each(every.data, {place.data: name for place, name in places.items()}, "create", "update", "read"),
        _each(every.metadata, {place.metadata: name for place, name in places.items()}, "update"),
    )


def policy(needed: Collection[Need], granted: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    """What is lacking is wrong; what is too much is a warning, and of root there is no more to say."""
    if any(ROOT in found for found in granted.values()):
        yield Area.POLICY.warning("all paths", "root may do everything", fix=_LOAD)
        return
    for need in needed:
        yield from _need(need, granted)


def _need(need: Need, granted: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    lacking = {path: need.capabilities - granted[path] for path in need.paths}
    excess = {path: granted[path] - need.capabilities for path in need.paths}
    if any(lacking.values()):
        yield Area.POLICY.wrong(need.subject, f"lacks {_told(need, lacking)}", fix=_LOAD)
    elif need.capabilities:
        yield Area.POLICY.ok(need.subject, f"may {_words(need.capabilities)}")
    if any(excess.values()):
        yield Area.POLICY.warning(need.subject, f"may {_told(need, excess)} needlessly", fix=_LESS)


def _told(need: Need, found: Mapping[str, frozenset[str]]) -> str:
    """The capabilities, and for which names, unless it is so for all of them."""
    concerned = [need.paths[path] for path, capabilities in found.items() if capabilities]
    words = _words(frozenset().union(*found.values()))
    return words if len(concerned) == len(found) else f"{words} for {some(concerned)}"


def _words(capabilities: frozenset[str]) -> str:
    return ", ".join(sorted(capabilities))


def _one(path: str, *capabilities: str) -> Need:
    return Need(subject=path, paths={path: path}, capabilities=frozenset(capabilities))


def _each(subject: str, paths: Mapping[str, str], *capabilities: str) -> Need:
    return Need(subject=subject, paths=paths, capabilities=frozenset(capabilities))
