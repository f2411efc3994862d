"""The top of the page: is the promise kept right now, and by how much."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from zoho_tokend.core.facts import DaemonFacts
from zoho_tokend.core.instants import rfc3339
from zoho_tokend.web.durations import span
from zoho_tokend.web.html import Node, tag
from zoho_tokend.web.page.bar import bar
from zoho_tokend.web.page.command import command
from zoho_tokend.web.page.promise import Promise
from zoho_tokend.web.page.role import role
from zoho_tokend.web.page.view import View


def heading(view: View) -> Element:
    """The verdict, the promise, the tightest token, and what else a person should know at once."""
    daemon = view.daemon
    return tag(
        "header",
        tag("p", tag("b", "zoho-tokend"), tag("span", *_as_of(daemon), class_="as-of"), class_="brand"),
        tag("h1", verdict(view), class_=f"verdict {tone(view.promise)}", aria_live="polite"),
        tag(
            "p",
            "The promise: a job that reads a token from Vault, at any moment, finds one with at least ",
            tag("strong", span(daemon.floor)),
            " left to live.",
            class_="promise",
        ),
        *_tightest(view.promise, daemon),
        *_notes(view),
    )


def tone(promise: Promise) -> str:
    """How the verdict looks: ``broken``, ``troubled``, ``waiting`` or ``kept``."""
    if promise.broken:
        return "broken"
    if promise.troubled:
        return "troubled"
    return "waiting" if promise.awaited == promise.connections else "kept"


def verdict(view: View) -> str:
    """Whether the promise is kept, in one sentence."""
    promise = view.promise
    if promise.broken:
        return f"The promise is broken for {promise.broken:,} of {_connections(promise.connections)}."
    if not promise.connections:
        return "There are no connections yet." if view.is_ready else "The fleet is not known yet."
    if promise.awaited == promise.connections:
        return "The first tokens are being asked for."
    return "The promise is kept."


def _as_of(daemon: DaemonFacts) -> Iterator[Node]:
    yield "as of "
    yield tag("time", f"{daemon.now:%H:%M:%S} UTC", datetime=rfc3339(daemon.now), id="now")
    yield f" \N{MIDDLE DOT} {role(daemon)}"


def _tightest(promise: Promise, daemon: DaemonFacts) -> Iterator[Element]:
    row = promise.tightest
    if row is not None and row.expires_at is not None:
        yield tag(
            "div",
            tag("p", "Least life of any token now: ", tag("strong", span(row.expires_at - daemon.now))),
            bar(row, daemon.now),
            tag("p", f"{row.name}; its floor, the line, is {span(row.floor)}", class_="soft"),
            class_="least",
        )


def _notes(view: View) -> Iterator[Element]:
    notes = [tag("li", text) for text in _sentences(view.promise)]
    if not view.daemon.leader:
        notes.append(tag("li", "This process stands by: another one refreshes, and it takes over when that one ends."))
    if unready := "; ".join(check.reason for check in view.ready if not check.ok):
        notes.append(tag("li", f"The daemon is not ready: {unready}.", command("zoho-tokend doctor")))
    if notes:
        yield tag("ul", *notes, class_="notes")


def _sentences(promise: Promise) -> Iterator[str]:
    if promise.lapsed:
        whose = "its jobs fail" if promise.lapsed == 1 else "their jobs fail"
        yield f"{_has(promise.lapsed)} no living token in Vault: {whose} now."
    if promise.short:
        yield f"{_has(promise.short)} a token with less life left than the floor."
    if promise.troubled:
        needs = "needs" if promise.troubled == 1 else "need"
        good = "its token is" if promise.troubled == 1 else "their tokens are"
        other = " other" if promise.broken else ""
        connections = _connections(promise.troubled).replace(" ", f"{other} ", 1)
        yield f"{connections} {needs} a look, though {good} good."
    if promise.awaited and promise.awaited < promise.connections:
        yield f"{_has(promise.awaited)} no token yet: the first one is being asked for."


def _has(number: int) -> str:
    return f"{_connections(number)} {'has' if number == 1 else 'have'}"


def _connections(number: int) -> str:
    return f"{number:,} connection{'' if number == 1 else 's'}"
