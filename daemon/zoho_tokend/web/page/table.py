"""The table of connections.

Its elements carry the roles that they have anyway: on a narrow screen each row is laid out as a card, and some browsers
take a table that is laid out otherwise for no table.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from xml.etree.ElementTree import Element

from zoho_tokend.core.facts import ConnectionFacts, DaemonFacts, Limit
from zoho_tokend.web.durations import span
from zoho_tokend.web.html import Node, tag
from zoho_tokend.web.page.bar import bar
from zoho_tokend.web.page.command import command
from zoho_tokend.web.page.finding import extent, words
from zoho_tokend.web.page.remedy import remedy
from zoho_tokend.web.page.times import moment
from zoho_tokend.web.page.view import View

_HEADINGS: Final = ("Connection", "State", "Life left", "Next refresh", "Last refresh")


def table(view: View) -> Element:
    """A row for each connection that is shown."""
    heads = (tag("th", heading, scope="col", role="columnheader") for heading in _HEADINGS)
    return tag(
        "table",
        tag("caption", extent(view.listing)),
        tag("thead", tag("tr", *heads, role="row"), role="rowgroup"),
        tag("tbody", *(_row(row, view.daemon) for row in view.listing.rows), role="rowgroup"),
        role="table",
    )


def _row(row: ConnectionFacts, daemon: DaemonFacts) -> Element:
    _, state, life, following, last = _HEADINGS
    return tag(
        "tr",
        tag("th", row.name, *_place(row), scope="row", role="rowheader"),
        _cell(state, tag("span", words(row.state), class_=f"chip {row.state}")),
        _cell(life, *_life(row, daemon)),
        _cell(following, moment(row.next_refresh_at, daemon.now) if row.next_refresh_at else "under way", *_wait(row)),
        _cell(last, *_last(row, daemon), class_="told" if row.error else "brief"),
        role="row",
        data_key=row.name,
    )


def _cell(heading: str, *content: Node, **attributes: str) -> Element:
    return tag("td", *content, role="cell", data_label=heading, **attributes)


def _place(row: ConnectionFacts) -> Iterator[Node]:
    if row.data_center:
        yield " "
        yield tag("small", row.data_center)


def _wait(row: ConnectionFacts) -> Iterator[Node]:
    """What a refresh that is due waits for."""
    if row.deferred_by is not None:
        whose = "the budget of its refresh token" if row.deferred_by is Limit.BUDGET else "the limit of its client"
        yield tag("small", f" It is due, and waits for {whose}.")


def _life(row: ConnectionFacts, daemon: DaemonFacts) -> Iterator[Node]:
    if row.expires_at is None:
        yield tag("span", "no token", class_="soft")
        return
    left = row.expires_at - daemon.now
    yield bar(row, daemon.now)
    yield span(left) if left > timedelta() else f"ended {span(-left)} ago"
    if row.floor != daemon.floor:
        yield tag("small", f" floor {span(row.floor)}")


def _last(row: ConnectionFacts, daemon: DaemonFacts) -> Iterator[Node]:
    """When a refresh last brought a token; and where none does any more, why, and what helps."""
    if row.error:
        yield tag("p", f"{row.error}.")
    yield tag("p", *_success(row, daemon), class_="soft")
    if help_ := remedy(row, credentials=daemon.credentials):
        yield tag("p", help_.advice, class_="advice")
        yield command(help_.command)


def _success(row: ConnectionFacts, daemon: DaemonFacts) -> Iterator[Node]:
    if row.last_success_at is None:
        never = "No success" if row.error else "None"
        yield f"{never} since the daemon started." if row.version else f"{never} yet."
        return
    if row.error:
        yield "Last success "
    yield moment(row.last_success_at, daemon.now)
    if row.error:
        yield f", {row.failures} failures since." if row.failures > 1 else "."
