"""What a person does next who sees no connection: because there is none, because none is known yet, or none matches."""

from xml.etree.ElementTree import Element

from zoho_tokend.web.html import tag
from zoho_tokend.web.page.command import command
from zoho_tokend.web.page.finding import words
from zoho_tokend.web.page.view import View


def nothing_shown(view: View) -> Element:
    """Why there is no row, and what to do."""
    if view.promise.connections:
        return _nothing_found(view)
    if not view.is_ready:
        return tag("p", "It is shown here as soon as the daemon has read it from Vault.", class_="nothing")
    return _first_steps(view.daemon.credentials)


def _nothing_found(view: View) -> Element:
    search, state = view.selection.search, view.selection.state
    named = f" whose name contains \N{LEFT DOUBLE QUOTATION MARK}{search}\N{RIGHT DOUBLE QUOTATION MARK}"
    kind = f" that is {words(state)}" if state else ""
    sentence = f"There is no connection{kind}{' and' if kind and search else ''}{named if search else ''} here. "
    return tag("p", sentence, tag("a", "Show all", href="?"), class_="nothing")


def _first_steps(credentials: str) -> Element:
    return tag(
        "ol",
        tag(
            "li",
            tag("p", "Record your application of Zoho's API console; its secret is asked for."),
            command(
                "zoho-tokend client add --kind server --data-center eu --client-id ID --redirect-uri URI "
                "--connections crm-prod my-app"
            ),
        ),
        tag(
            "li",
            tag("p", "Consent in the browser: that makes a connection, and puts its refresh token into Vault."),
            command("zoho-tokend authorize web --client my-app --scope ZohoCRM.modules.ALL crm-prod"),
        ),
        tag(
            "li",
            tag("p", "The daemon finds it by itself under ", tag("code", f"{credentials}/"), ". If it does not:"),
            command("zoho-tokend doctor"),
        ),
        class_="nothing steps",
    )
