"""The status page: it shows at a glance whether every job finds a good token. Pure: facts in, template values out.

It works without a script, and better with one. Each cause is shown once, below all connections that it affects.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from zoho_tokend.core.backoff import PROBE_INTERVAL
from zoho_tokend.core.facts import HEALTHY, WAITING_FOR_A_PERSON, ConnectionFacts, DaemonFacts, Limit, State
from zoho_tokend.core.health import Check
from zoho_tokend.core.instants import relative, span
from zoho_tokend.core.model import NAME_RULE
from zoho_tokend.web.assets import render, words
from zoho_tokend.web.listing import Listing, Promise, Selection
from zoho_tokend.web.remedy import remedy

_REFRESH: Final = timedelta(seconds=10)
_RELOAD: Final = timedelta(seconds=30)
# More healthy connections than this are folded where others need a look.
_FEW: Final = 12
# A probe that is farther away than this is not worth counting down to.
_SOON: Final = timedelta(hours=1)
# Not a valid name of a connection, as the keys of the other groups are such names.
_WELL: Final = "all that are well"
_NAME: Final = "\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the page is made of: facts of one moment, and what the reader asked to see.

    Attributes:
        promise: of the whole fleet, whatever part of it is shown.
        ready: the checks of ``/readyz``.
    """

    daemon: DaemonFacts
    ready: Sequence[Check]
    promise: Promise
    listing: Listing
    selection: Selection

    @property
    def is_ready(self) -> bool:
        """Whether no check of ``/readyz`` fails."""
        return all(check.ok for check in self.ready)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A token's life: what is left and where its floor is, as fractions of the whole life, and its health."""

    health: str
    life: str
    floor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Least:
    """The token that is nearest to its floor, or farthest below."""

    name: str
    left: str
    floor: str
    bar: Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a person should know at once, and the command that says more; alarming where jobs are affected."""

    text: str
    command: str = ""
    alarming: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A link to the connections in one state, or to all."""

    label: str
    kind: str
    number: int
    link: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A connection.

    Attributes:
        bar: None where it has no token.
        floor: empty where it is the daemon's default.
        next_refresh_at: None where ``next_refresh`` says it in words.
        waits_for: what a refresh that is due waits for; empty where it does not wait.
        never: in words, where there is no ``last_success_at``.
    """

    name: str
    data_center: str
    state: State
    bar: Bar | None
    life: str
    floor: str
    next_refresh_at: datetime | None
    next_refresh: str
    waits_for: str
    last_success_at: datetime | None
    never: str
    failures: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Connections with the same cause and remedy; both empty where they are healthy.

    Attributes:
        key: the first one's name; the page's script finds the group by it again.
        noticed: how soon a correction is.
        commands: those that help, each once.
    """

    key: str
    rows: Sequence[Row]
    cause: str = ""
    advice: str = ""
    noticed: str = ""
    commands: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The values that the templates show.

    Attributes:
        groups: the rows that are shown, those that need a look first.
        many_well: healthy rows, which may be ``folded`` under a ``summary``; none where they are few.
        not_found: why nothing is shown, where the selection matches nothing.
    """

    now: datetime
    title: str
    verdict: str
    tone: str
    role: str
    floor: str
    least: Least | None
    notes: Sequence[Note]
    chips: Sequence[Chip]
    search: str
    state: str
    extent: str
    groups: Sequence[Group]
    many_well: Sequence[Group]
    summary: str
    folded: bool
    not_found: str
    is_ready: bool
    credentials: str
    previous: str
    next: str
    facts: Sequence[tuple[str, str]]
    refresh_seconds: int = int(_REFRESH.total_seconds())
    reload_seconds: int = int(_RELOAD.total_seconds())


def page(view: View) -> str:
    """Return the page as HTML; times are relative to ``view.daemon.now``."""
    return render("page.html.j2", page=_page(view))


def _page(view: View) -> Page:
    daemon, listing, selection = view.daemon, view.listing, view.selection
    troubled = [row for row in listing.rows if _is_troubled(row)]
    well = [row for row in listing.rows if not _is_troubled(row)]
    others = [Group(key=_WELL, rows=[_row(row, daemon) for row in well])] if well else []
    many = len(well) > _FEW
    to_look_at = view.promise.broken + view.promise.stuck + view.promise.troubled
    return Page(
        now=daemon.now,
        title=f"({to_look_at:,}) zoho-tokend" if to_look_at else "zoho-tokend",
        verdict=_verdict(view),
        tone=_tone(view.promise),
        role=_role(daemon),
        floor=span(daemon.floor),
        least=_least(view.promise, daemon),
        notes=tuple(_notes(view)),
        chips=tuple(_chips(listing, selection)) if view.promise.connections else (),
        search=selection.search,
        state=selection.state or "",
        extent=_extent(listing),
        groups=[*_groups(troubled, daemon), *([] if many else others)],
        many_well=others if many else [],
        summary=f"{len(well):,} more connections, all well" if troubled else _extent(listing),
        folded=bool(troubled) and not selection.search and not selection.state,
        not_found=_not_found(selection) if view.promise.connections and not listing.rows else "",
        is_ready=view.is_ready,
        credentials=daemon.credentials,
        previous=_link(selection, after=listing.before) if listing.before is not None else "",
        next=_link(selection, after=listing.after) if listing.after is not None else "",
        facts=tuple(_facts(daemon)),
    )


# --- the top ------------------------------------------------------------------------------------------------------


def _tone(promise: Promise) -> str:
    """Return how the verdict looks: ``broken``, ``troubled``, ``waiting`` or ``kept``."""
    if promise.broken:
        return "broken"
    if promise.stuck or promise.troubled:
        return "troubled"
    return "waiting" if promise.awaited == promise.connections else "kept"


def _verdict(view: View) -> str:
    """Return whether the promise is kept, in one sentence."""
    promise = view.promise
    if promise.broken:
        return f"The promise is broken for {promise.broken:,} of {_connections(promise.connections)}."
    if not promise.connections:
        return "There are no connections yet." if view.is_ready else "The fleet is not known yet."
    if promise.stuck == promise.connections:
        return "No connection has a good token."
    if promise.stuck:
        has = "has" if promise.stuck == 1 else "have"
        return f"The promise is kept, but {promise.stuck:,} of {_connections(promise.connections)} {has} no good token."
    if promise.awaited == promise.connections:
        return "The first tokens are being asked for."
    return "The promise is kept."


def _least(promise: Promise, daemon: DaemonFacts) -> Least | None:
    row = promise.tightest
    if row is None or row.expires_at is None:
        return None
    left = row.expires_at - daemon.now
    return Least(name=row.name, left=span(left), floor=span(row.floor), bar=_bar(row, row.expires_at, daemon.now))


def _notes(view: View) -> Iterator[Note]:
    daemon = view.daemon
    if daemon.vault_error:
        since = f" since {relative(daemon.vault_since - daemon.now)}" if daemon.vault_since else ""
        since = since.removesuffix(" ago").replace(" since ", " for ").replace(" for now", "")
        text = f"Vault takes no writes{since}: {_sentence(daemon.vault_error)}"
        yield Note(text=text, command="zoho-tokend doctor", alarming=True)
    for text, alarming in _sentences(view.promise):
        yield Note(text=text, alarming=alarming)
    if not daemon.leader:
        yield Note(text="This process stands by: another one refreshes, and it takes over when that one ends.")
    if unready := "; ".join(check.reason for check in view.ready if not check.ok):
        yield Note(text=f"The daemon is not ready: {_sentence(unready)}", command="zoho-tokend doctor", alarming=True)
    if daemon.discovery_error and daemon.discovered and daemon.discovery_error != daemon.vault_error:
        yield Note(
            text=f"Changes in Vault are not seen: {_sentence(daemon.discovery_error)}", command="zoho-tokend doctor"
        )
    for name, error in daemon.undiscovered.items():
        yield Note(text=f"{name} is not known yet: {_sentence(error)}")
    if daemon.ill_named:
        subject, is_ = (
            ("One record", "is") if len(daemon.ill_named) == 1 else (f"{len(daemon.ill_named):,} records", "are")
        )
        names = ", ".join(
            f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}" for name in daemon.ill_named
        )
        yield Note(text=f"{subject} under {daemon.credentials}/ {is_} passed over: {names}. Rename: {NAME_RULE}.")


def _sentences(promise: Promise) -> Iterator[tuple[str, bool]]:
    """Yield the reasons for the verdict, and whether jobs are affected."""
    if promise.lapsed:
        whose = "its jobs fail" if promise.lapsed == 1 else "their jobs fail"
        yield f"{_has(promise.lapsed)} no living token in Vault: {whose} now.", True
    if promise.short:
        yield f"{_has(promise.short)} a token with less life left than the floor.", True
    if promise.waiting:
        waits, whose = ("waits", "its jobs have") if promise.waiting == 1 else ("wait", "their jobs have")
        yield f"{_connections(promise.waiting)} {waits} for a person: {whose} no good token until then.", True
    if promise.unproven:
        yield f"{_has(promise.unproven)} never had a token, and {_is(promise.unproven)} still refused one.", True
    if promise.troubled:
        needs = "needs" if promise.troubled == 1 else "need"
        good = "its token is" if promise.troubled == 1 else "their tokens are"
        other = " other" if promise.broken or promise.stuck else ""
        connections = _connections(promise.troubled).replace(" ", f"{other} ", 1)
        yield f"{connections} {needs} a look, though {good} good.", False
    if promise.awaited and promise.awaited < promise.connections:
        yield f"{_has(promise.awaited)} no token yet: the first one is being asked for.", False
    if promise.revoked:
        yield f"{_connections(promise.revoked)} {_was(promise.revoked)} revoked on purpose: nothing is promised.", False


def _has(number: int) -> str:
    return f"{_connections(number)} {'has' if number == 1 else 'have'}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _connections(number: int) -> str:
    return f"{number:,} connection{'' if number == 1 else 's'}"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


# --- finding a connection -----------------------------------------------------------------------------------------


def _chips(listing: Listing, selection: Selection) -> Iterator[Chip]:
    """Yield a link for each state that some connection is in, with how many there are in the whole fleet."""
    yield _chip("all", sum(listing.counts.values()), None, selection)
    for state, number in listing.counts.items():
        if number or state is selection.state:
            yield _chip(words(state), number, state, selection)


def _chip(label: str, number: int, state: State | None, selection: Selection) -> Chip:
    link = _query(state=state or "", search=selection.search)
    return Chip(label=label, kind=state or "all", number=number, link=link, chosen=state is selection.state)


def _link(selection: Selection, *, after: str) -> str:
    return _query(state=selection.state or "", search=selection.search, after=after)


def _query(**parameters: str) -> str:
    return "?" + urlencode({name: value for name, value in parameters.items() if value})


def _extent(listing: Listing) -> str:
    """Return the sentence that says which of how many are shown."""
    last = listing.first + len(listing.rows) - 1
    shown = f"{listing.first:,} to {last:,} of {listing.matching:,}" if len(listing.rows) > 1 else f"{listing.first:,}"
    if len(listing.rows) == listing.matching:
        shown = f"{listing.matching:,}"
    elif len(listing.rows) == 1:
        shown = f"{listing.first:,} of {listing.matching:,}"
    return f"Connections: {shown}, trouble first. The line in each bar is the floor."


def _not_found(selection: Selection) -> str:
    search, state = selection.search, selection.state
    named = f" whose name contains \N{LEFT DOUBLE QUOTATION MARK}{search}\N{RIGHT DOUBLE QUOTATION MARK}"
    kind = f" that is {words(state)}" if state else ""
    return f"There is no connection{kind}{' and' if kind and search else ''}{named if search else ''} here."


# --- the connections ----------------------------------------------------------------------------------------------


def _is_troubled(row: ConnectionFacts) -> bool:
    return row.state not in HEALTHY and (row.state is not State.PENDING or row.error is not None)


def _groups(rows: Iterable[ConnectionFacts], daemon: DaemonFacts) -> Sequence[Group]:
    """Return the rows by cause and remedy, in the order of the first of each."""
    groups: dict[tuple[object, ...], list[ConnectionFacts]] = {}
    for row in rows:
        help_ = remedy(row, credentials=daemon.credentials)
        cause = _without_name(row)
        groups.setdefault((cause, help_.advice if help_ else "", _noticed(row, daemon)), []).append(row)
    return [_group(alike, daemon) for alike in groups.values()]


def _group(rows: Sequence[ConnectionFacts], daemon: DaemonFacts) -> Group:
    first = rows[0]
    cause = first.error or ""
    helps = [help_ for row in rows if (help_ := remedy(row, credentials=daemon.credentials))]
    return Group(
        key=first.name,
        rows=[_row(row, daemon) for row in rows],
        cause=_sentence(cause if len(rows) == 1 else _without_name(first)) if cause else "",
        advice=helps[0].advice if helps else "",
        noticed=_noticed(first, daemon),
        commands=list(dict.fromkeys(help_.command for help_ in helps)),
    )


def _without_name(row: ConnectionFacts) -> str:
    """Return the error as it would be for any other connection."""
    return re.sub(rf"(?<![\w.-]){re.escape(row.name)}(?![\w-])", _NAME, row.error or "")


def _noticed(row: ConnectionFacts, daemon: DaemonFacts) -> str:
    """Return how soon what a person does is noticed; empty where it is tried again by itself."""
    if row.state not in WAITING_FOR_A_PERSON:
        return ""
    noticed = f"A correction is noticed within {span(daemon.noticed_within)}"
    return f"{noticed}; probed every {span(PROBE_INTERVAL)}." if _is_probed(row, daemon.now) else f"{noticed}."


def _is_probed(row: ConnectionFacts, now: datetime) -> bool:
    """Whether the next attempt is only a slow probe."""
    waits = row.state in WAITING_FOR_A_PERSON and row.next_refresh_at is not None
    return waits and row.next_refresh_at is not None and row.next_refresh_at - now > _SOON


def _row(row: ConnectionFacts, daemon: DaemonFacts) -> Row:
    left = row.expires_at - daemon.now if row.expires_at else timedelta()
    never = "none since the start" if row.version else "never" if row.error else "none yet"
    probed = _is_probed(row, daemon.now)
    return Row(
        name=row.name,
        data_center=row.data_center or "",
        state=row.state,
        bar=_bar(row, row.expires_at, daemon.now) if row.expires_at else None,
        life=span(left) if left > timedelta() else f"ended {span(-left)} ago",
        floor=span(row.floor) if row.floor != daemon.floor else "",
        next_refresh_at=None if probed else row.next_refresh_at,
        next_refresh="once corrected" if probed else "under way",
        waits_for=_waits_for(row),
        last_success_at=row.last_success_at,
        never=never,
        failures=f"{row.failures} failure{'' if row.failures == 1 else 's'}" if row.failures else "",
    )


def _waits_for(row: ConnectionFacts) -> str:
    match row.deferred_by:
        case Limit.BUDGET:
            return "the budget of its refresh token"
        case Limit.CLIENT_LIMIT:
            return "the limit of its client"
        case None:
            return ""


def _bar(row: ConnectionFacts, expires_at: datetime, now: datetime) -> Bar:
    left = expires_at - now
    whole = expires_at - row.issued_at if row.issued_at else timedelta()
    whole = max(whole, left, row.floor, timedelta(seconds=1))
    health = "gone" if left <= timedelta() else "low" if left < row.floor else "good"
    return Bar(health=health, life=_share(left / whole), floor=_share(row.floor / whole))


def _share(fraction: float) -> str:
    return f"{100 * min(max(fraction, 0.0), 1.0):.1f}%"


# --- the foot -----------------------------------------------------------------------------------------------------


def _role(daemon: DaemonFacts) -> str:
    return "leader" if daemon.leader else "standby"


def _facts(daemon: DaemonFacts) -> Iterator[tuple[str, str]]:
    leader = "" if daemon.leader else f"{daemon.holder or 'nobody'} leads"
    shard = "" if daemon.shard.of == 1 else f"shard {daemon.shard.number} of {daemon.shard.of}, counted from 0"
    session = "alive" if daemon.vault_alive else "lost"
    if daemon.vault_alive and daemon.vault_expires_at:
        session += f", ends {relative(daemon.vault_expires_at - daemon.now)}"
    yield "Version", daemon.version
    yield "Running for", span(daemon.now - daemon.started_at)
    yield "Role", _role(daemon)
    yield "Election", "; ".join(filter(None, (leader, shard)))
    yield "Vault session", session
    yield "Unsaved tokens", str(daemon.unsaved)
