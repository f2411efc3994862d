"""What the policy lets us do, against what the daemon needs: all of that, and nothing else.

The needs are those of `zoho_tokend.vault.policy.daemon_policy`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.targets import Target
from zoho_tokend.doctor.finding import Area, Finding
from zoho_tokend.doctor.wording import some
from zoho_tokend.vault.layout import Layout

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
        *(_to_heed_reports(layout, names) if reports else ()),
        *(need for target in targets for need in _to_tell(layout, target, names)),
        _one("auth/token/lookup-self", "read"),
        *(
            _one(path, "update")
            for path in ("auth/token/renew-self", "auth/token/revoke-self", "sys/capabilities-self")
        ),
    )


def _to_heed_reports(layout: Layout, names: Collection[ConnectionName]) -> tuple[Need, ...]:
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
