"""Finding a connection in a large fleet: by a part of its name, by its state, page by page. Links and one form."""

from collections.abc import Iterator
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from zoho_tokend.core.facts import State
from zoho_tokend.web.html import tag
from zoho_tokend.web.listing import Listing, Selection


def search(selection: Selection) -> Element:
    """The search field; a state that is chosen stays so."""
    state = [tag("input", type="hidden", name="state", value=selection.state)] if selection.state else []
    return tag(
        "form",
        tag("label", "Find by name", for_="search"),
        tag(
            "input",
            type="search",
            id="search",
            name="search",
            value=selection.search,
            autocomplete="off",
            spellcheck="false",
        ),
        *state,
        tag("button", "Find"),
        method="get",
        role="search",
    )


def states(listing: Listing, selection: Selection) -> Element:
    """A link for each state that some connection is in, with how many there are in the whole fleet."""
    links = [_state("all", sum(listing.counts.values()), None, selection)]
    links += [
        _state(words(state), number, state, selection)
        for state, number in listing.counts.items()
        if number or state is selection.state
    ]
    return tag("nav", *links, aria_label="Connections by state", class_="states")


def pages(listing: Listing, selection: Selection) -> Iterator[Element]:
    """The ways to the page before and the next one, where there are such."""
    links = []
    if listing.before is not None:
        links.append(tag("a", "\N{LEFTWARDS ARROW} Previous page", href=_link(selection, after=listing.before)))
    if listing.after is not None:
        links.append(tag("a", "Next page \N{RIGHTWARDS ARROW}", href=_link(selection, after=listing.after)))
    if links:
        yield tag("nav", *links, aria_label="Pages", class_="pages")


def extent(listing: Listing) -> str:
    """Which of how many are shown."""
    last = listing.first + len(listing.rows) - 1
    shown = f"{listing.first:,} to {last:,} of {listing.matching:,}" if len(listing.rows) > 1 else f"{listing.first:,}"
    if len(listing.rows) == listing.matching:
        shown = f"{listing.matching:,}"
    elif len(listing.rows) == 1:
        shown = f"{listing.first:,} of {listing.matching:,}"
    return f"Connections: {shown}, trouble first. The line in each bar is the floor."


def words(state: State) -> str:
    """The state as a person says it."""
    return state.replace("_", " ")


def _state(label: str, number: int, state: State | None, selection: Selection) -> Element:
    link = tag(
        "a",
        f"{label} ",
        tag("b", f"{number:,}"),
        href=_link(selection, state=state),
        class_=f"chip {state or 'all'}",
    )
    if state is selection.state:
        link.set("aria-current", "true")
    return link


_KEEP = object()


def _link(selection: Selection, *, state: object = _KEEP, after: str = "") -> str:
    parameters = {
        "state": selection.state if state is _KEEP else state,
        "search": selection.search,
        "after": after,
    }
    return "?" + urlencode({name: value for name, value in parameters.items() if value})
