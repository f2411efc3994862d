"""The console's list of applications, and the form for a new one."""

from collections.abc import Mapping, Sequence
from typing import Final

from zoho_simulator.pages.frame import complaint, framed
from zoho_simulator.pages.html import Node, tag
from zoho_simulator.rules.console import HAVE_REDIRECT_URIS
from zoho_simulator.rules.records import Client, ClientKind

KINDS: Final[Mapping[ClientKind, tuple[str, str]]] = {
    ClientKind.SERVER: ("Server-based application", "Runs on a web server of its own, and keeps its secret there."),
    ClientKind.JAVASCRIPT: ("Client-based application", "JavaScript in a browser; it never gets a refresh token."),
    ClientKind.MOBILE: ("Mobile-based application", "An app on a phone or a desktop; it must use PKCE."),
    ClientKind.DEVICE: ("Non-browser application", "A device or program without a browser; a person types its code."),
    ClientKind.SELF: ("Self client", "A program of your own; you get its code here."),
}
_NOTHING: Final[Mapping[str, str]] = {}


def list_page(clients: Sequence[Client], data_center: str) -> str:
    """The applications that were registered in this data centre, and the types of new ones."""
    listed = tag("ul", *(_row(client) for client in clients), class_="rows")
    nothing = tag("p", "No application is registered here yet.", class_="note")
    return framed(
        "API console",
        listed if clients else nothing,
        tag("h2", "Add a client"),
        tag("ul", *(_offer(kind) for kind in KINDS), class_="rows"),
        data_center=data_center,
        wide=True,
    )


def form_page(
    kind: ClientKind,
    data_center: str,
    others: Sequence[str],
    *,
    entered: Mapping[str, str] = _NOTHING,
    wrong: str | None = None,
) -> str:
    """The form for a new application of this type.

    ``others`` are the data centres that it can be enabled in too; ``wrong`` says why what was ``entered`` is not taken.
    """
    title, purpose = KINDS[kind]
    form = tag(
        "form",
        tag("label", "Client name", for_="name"),
        tag(
            "input",
            id="name",
            name="name",
            required=True,
            autocomplete="off",
            value=entered.get("name", _usual_name(kind)),
        ),
        *(_redirect_uris(entered.get("redirect_uris", "")) if kind in HAVE_REDIRECT_URIS else ()),
        *(_multi_dc(others) if others and kind is not ClientKind.SELF else ()),
        tag("div", tag("button", "Create", class_="main"), tag("a", "Cancel", href="/console"), class_="buttons"),
        method="post",
    )
    words = tag("p", purpose, class_="note")
    return framed(title, words, *([complaint(wrong)] if wrong else []), form, data_center=data_center)


def _row(client: Client) -> Node:
    link = tag("a", client.name, href=f"/console/clients/{client.client_id}")
    return tag("li", link, tag("span", KINDS[client.kind][0], class_="chip"), tag("code", client.client_id))


def _offer(kind: ClientKind) -> Node:
    title, purpose = KINDS[kind]
    return tag("li", tag("a", title, href=f"/console/new/{kind}"), tag("span", purpose, class_="note"))


def _usual_name(kind: ClientKind) -> str:
    return "Self client" if kind is ClientKind.SELF else ""


def _redirect_uris(entered: str) -> Sequence[Node]:
    return (
        tag("label", "Authorized redirect URIs, one a line", for_="redirect_uris"),
        tag("textarea", entered, id="redirect_uris", name="redirect_uris", rows="2", required=True, spellcheck="false"),
    )


def _multi_dc(others: Sequence[str]) -> Sequence[Node]:
    boxes = [tag("label", tag("input", type="checkbox", name="also_in", value=name), name) for name in others]
    same = tag(
        "label",
        tag("input", type="checkbox", name="same_secret", value="yes"),
        "Use the same OAuth credentials for all data centers",
    )
    return (tag("fieldset", tag("legend", "Also enabled in"), *boxes), same)
