"""The status page: one look says whether every job finds a good token. No script, no style but ``style.css``."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from zoho_tokend.core.facts import HEALTHY, ConnectionFacts, DaemonFacts, State
from zoho_tokend.web.durations import relative, span
from zoho_tokend.web.html import Node, document, tag
from zoho_tokend.web.listing import Listing, Selection

_RELOAD: Final = timedelta(seconds=30)
_HEADINGS: Final = ("Connection", "State", "Life left", "Next refresh", "Last success", "Last error")
_LINKS: Final = (
    ("status", "Status as JSON"),
    ("metrics", "Metrics"),
    ("readyz?verbose", "Readiness"),
    ("livez?verbose", "Liveness"),
)
_NO_VALUE: Final = "\N{EN DASH}"


def page(daemon: DaemonFacts, listing: Listing, selection: Selection) -> str:
    """The page as HTML; times are told from ``daemon.now``."""
    return document(
        tag(
            "html",
            tag(
                "head",
                tag("meta", charset="utf-8"),
                tag("title", _title(listing)),
                tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
                tag("meta", name="color-scheme", content="light dark"),
                tag("meta", http_equiv="refresh", content=f"{_RELOAD.total_seconds():.0f}"),
                tag("link", rel="stylesheet", href="style.css"),
            ),
            tag("body", _header(daemon, listing), _main(daemon, listing, selection), _footer(daemon)),
            lang="en",
        )
    )


def _title(listing: Listing) -> str:
    troubled = _troubled(listing)
    return f"({troubled}) zoho-tokend" if troubled else "zoho-tokend"


def _troubled(listing: Listing) -> int:
    return sum(number for state, number in listing.counts.items() if state not in HEALTHY)


def _header(daemon: DaemonFacts, listing: Listing) -> Element:
    troubled, total = _troubled(listing), sum(listing.counts.values())
    return tag(
        "header",
        tag("h1", "zoho-tokend"),
        tag("p", _verdict(troubled, total), class_="verdict troubled" if troubled else "verdict"),
        tag(
            "p",
            "The promise: a job that reads a token from Vault, at any moment, finds one with at least ",
            tag("strong", span(daemon.floor)),
            " left to live.",
            class_="promise",
        ),
    )


def _verdict(troubled: int, total: int) -> str:
    if not total:
        return "There are no connections yet."
    if not troubled:
        return "The one connection is well." if total == 1 else f"All {total} connections are well."
    return f"{troubled} of {total} connections {'needs' if troubled == 1 else 'need'} a look."


def _main(daemon: DaemonFacts, listing: Listing, selection: Selection) -> Element:
    rows = [_row(row, daemon) for row in listing.rows]
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", heading, scope="col") for heading in _HEADINGS))),
        tag("tbody", *rows),
    )
    shown: Node = tag("div", table, class_="scroll") if rows else tag("p", "Nothing to show.", class_="none")
    return tag("main", _states(listing, selection), shown, *_pages(listing, selection))


def _states(listing: Listing, selection: Selection) -> Element:
    links = [_state_link("all", sum(listing.counts.values()), None, selection)]
    links += [
        _state_link(_words(state), number, state, selection) for state, number in listing.counts.items() if number
    ]
    return tag("nav", *links, aria_label="Connections by state")


def _state_link(label: str, number: int, state: State | None, selection: Selection) -> Element:
    link = tag("a", f"{label} ", tag("b", str(number)), href=_link(state=state), class_=f"chip {state or 'all'}")
    if state is selection.state:
        link.set("aria-current", "page")
    return link


def _pages(listing: Listing, selection: Selection) -> Iterator[Element]:
    if listing.after is not None:
        yield tag("p", tag("a", "Next page", href=_link(state=selection.state, after=listing.after)), class_="pages")


def _link(*, state: State | None, after: str | None = None) -> str:
    parameters = {"state": state, "after": after}
    return "?" + urlencode({name: value for name, value in parameters.items() if value is not None})


def _row(row: ConnectionFacts, daemon: DaemonFacts) -> Element:
    return tag(
        "tr",
        tag("th", row.name, tag("small", row.data_center or ""), scope="row"),
        tag("td", tag("span", _words(row.state), class_=f"chip {row.state}")),
        tag("td", *_life(row, daemon)),
        tag("td", _moment(row.next_refresh_at, daemon.now, none="under way")),
        tag("td", _moment(row.last_success_at, daemon.now, none=_NO_VALUE)),
        tag("td", row.error or _NO_VALUE, class_="error" if row.error else "none"),
    )


def _life(row: ConnectionFacts, daemon: DaemonFacts) -> Iterator[Node]:
    if row.expires_at is None:
        yield tag("span", "no token", class_="none")
        return
    left = row.expires_at - daemon.now
    whole = row.expires_at - row.issued_at if row.issued_at else max(left, 2 * row.floor)
    yield _bar(left=left / whole, floor=row.floor / whole) if whole else ""
    yield tag("span", span(left) if left > timedelta() else f"ended {span(-left)} ago", class_="left")


def _bar(*, left: float, floor: float) -> Element:
    health = "gone" if left <= 0 else "low" if left < floor else "good"
    return tag(
        "svg",
        tag("rect", width="100%", height="100%", rx="3", class_="track"),
        tag("rect", width=_share(left), height="100%", rx="3", class_="life"),
        tag("line", x1=_share(floor), x2=_share(floor), y1="0", y2="100%", class_="floor"),
        tag("title", f"{_share(left)} of its life left; the line is the floor"),
        class_=f"bar {health}",
        role="img",
    )


def _share(fraction: float) -> str:
    return f"{100 * min(max(fraction, 0.0), 1.0):.0f}%"


def _footer(daemon: DaemonFacts) -> Element:
    session = "alive" if daemon.vault_alive else "lost"
    if daemon.vault_alive and daemon.vault_expires_at:
        session += f", ends {relative(daemon.vault_expires_at - daemon.now)}"
    facts = (
        ("Version", daemon.version),
        ("Running for", span(daemon.now - daemon.started_at)),
        ("Role", "leader" if daemon.leader else "standby"),
        ("Vault session", session),
        ("Unsaved tokens", str(daemon.unsaved)),
    )
    return tag(
        "footer",
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts)),
        tag("p", *(tag("a", text, href=href) for href, text in _LINKS)),
    )


def _moment(moment: datetime | None, now: datetime, *, none: str) -> Element:
    if moment is None:
        return tag("span", none, class_="none")
    exact = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return tag("time", relative(moment - now), datetime=exact, title=exact)


def _words(state: State) -> str:
    return state.replace("_", " ")
