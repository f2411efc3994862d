"""One application in the console: its id, its secrets, and for a self client the code that it exchanges."""

from typing import Final

from zoho_simulator.pages.console import KINDS
from zoho_simulator.pages.frame import complaint, framed
from zoho_simulator.pages.html import Node, tag
from zoho_simulator.rules.console import CODE_MINUTES
from zoho_simulator.rules.records import Client, ClientKind

_SCOPES: Final = "ZohoCRM.modules.READ,ZohoCRM.users.READ"


def client_page(client: Client, *, code: Node | None = None, scope: str = "", wrong: str | None = None) -> str:
    """The application, with the code that was just made, or why none was for this ``scope``."""
    return framed(
        client.name,
        tag(
            "p",
            tag("a", "API console", href="/console"),
            f" \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} {KINDS[client.kind][0]}",
            class_="note",
        ),
        tag("dl", *_facts(client)),
        *([complaint(wrong)] if wrong else []),
        *([code] if code is not None else []),
        *([_code_form(client, scope)] if client.kind is ClientKind.SELF else []),
        data_center=client.home,
        wide=True,
    )


def made_code(text: str, *, minutes: int, description: str) -> Node:
    """The code, to be copied before it expires."""
    return tag(
        "section",
        tag("h2", "Generated code"),
        tag("p", tag("code", text, id="code"), class_="secret"),
        tag("p", f"{description}: exchange it once, within {minutes} minutes.", class_="note"),
        class_="made",
    )


def _facts(client: Client) -> list[Node]:
    facts: list[Node] = [tag("dt", "Client ID"), tag("dd", tag("code", client.client_id, id="client_id"))]
    facts.append(tag("dt", "Client secret" if len(client.secrets) == 1 else "Client secret by data centre"))
    facts += [_secret(place, secret) for place, secret in client.secrets.items()]
    if client.redirect_uris:
        facts.append(tag("dt", "Authorized redirect URIs"))
        facts += [tag("dd", tag("code", uri)) for uri in client.redirect_uris]
    return facts


def _secret(place: str, secret: str) -> Node:
    shown = tag(
        "details", tag("summary", "Show ", tag("span", place, class_="chip")), tag("code", secret, id=f"secret_{place}")
    )
    return tag("dd", shown)


def _code_form(client: Client, scope: str) -> Node:
    durations = [tag("option", f"{minutes} minutes", value=str(minutes)) for minutes in CODE_MINUTES]
    return tag(
        "form",
        tag("h2", "Generate code"),
        tag("label", "Scope", for_="scope"),
        tag("input", id="scope", name="scope", value=scope, required=True, placeholder=_SCOPES),
        tag("label", "Time duration", for_="minutes"),
        tag("select", *durations, id="minutes", name="minutes"),
        tag("label", "Scope description", for_="description"),
        tag("input", id="description", name="description", required=True),
        tag("div", tag("button", "Create", class_="main"), class_="buttons"),
        method="post",
        action=f"/console/clients/{client.client_id}",
    )
