"""The whole page, from its head to its foot."""

from datetime import timedelta
from typing import Final
from xml.etree.ElementTree import Element

from zoho_tokend.web.durations import relative, span
from zoho_tokend.web.html import document, tag
from zoho_tokend.web.page.finding import pages, search, states
from zoho_tokend.web.page.first_steps import nothing_shown
from zoho_tokend.web.page.heading import heading
from zoho_tokend.web.page.role import election, role
from zoho_tokend.web.page.table import table
from zoho_tokend.web.page.view import View

_REFRESH: Final = timedelta(seconds=10)
_RELOAD: Final = timedelta(seconds=30)
_LINKS: Final = (
    ("status", "Status as JSON"),
    ("metrics", "Metrics"),
    ("readyz?verbose", "Readiness"),
    ("livez?verbose", "Liveness"),
)


def page(view: View) -> str:
    """The page as HTML; times are told from ``view.daemon.now``."""
    return document(
        tag(
            "html",
            _head(view),
            tag(
                "body",
                tag("a", "Skip to the connections", href="#connections", class_="skip"),
                heading(view),
                tag("p", id="notice", role="status"),
                _main(view),
                _footer(view),
                data_refresh=f"{_REFRESH.total_seconds():.0f}",
            ),
            lang="en",
        )
    )


def _head(view: View) -> Element:
    troubled = view.promise.broken + view.promise.troubled
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("title", f"({troubled:,}) zoho-tokend" if troubled else "zoho-tokend"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("noscript", tag("meta", http_equiv="refresh", content=f"{_RELOAD.total_seconds():.0f}")),
        tag("link", rel="icon", href="icon.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href="style.css"),
        tag("script", src="refresh.js", defer=""),
    )


def _main(view: View) -> Element:
    shown = table(view) if view.listing.rows else nothing_shown(view)
    finding = [tag("div", states(view.listing, view.selection), search(view.selection), class_="finding")]
    return tag(
        "main",
        *(finding if view.promise.connections else []),
        tag("div", shown, class_="card"),
        *pages(view.listing, view.selection),
        id="connections",
        tabindex="-1",
    )


def _footer(view: View) -> Element:
    daemon = view.daemon
    session = "alive" if daemon.vault_alive else "lost"
    if daemon.vault_alive and daemon.vault_expires_at:
        session += f", ends {relative(daemon.vault_expires_at - daemon.now)}"
    facts = (
        ("Version", daemon.version),
        ("Running for", span(daemon.now - daemon.started_at)),
        ("Role", role(daemon)),
        ("Election", election(daemon)),
        ("Vault session", session),
        ("Unsaved tokens", str(daemon.unsaved)),
    )
    return tag(
        "footer",
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts if value)),
        tag("p", *(tag("a", text, href=href) for href, text in _LINKS)),
    )
