"""The life left in a token, as a bar against the floor: drawn in SVG, for the page allows no style of its own."""

from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from zoho_tokend.core.facts import ConnectionFacts
from zoho_tokend.web.html import tag


def bar(row: ConnectionFacts, now: datetime) -> Element:
    """The bar of a connection that has a token; the words beside it say the same, so no screen reader hears it."""
    assert row.expires_at is not None  # noqa: S101 - who has no token has no bar
    left = row.expires_at - now
    whole = row.expires_at - row.issued_at if row.issued_at else timedelta()
    whole = max(whole, left, row.floor, timedelta(seconds=1))
    health = "gone" if left <= timedelta() else "low" if left < row.floor else "good"
    floor = _share(row.floor / whole)
    return tag(
        "svg",
        tag("rect", width="100%", height="100%", rx="4", class_="track"),
        tag("rect", width=_share(left / whole), height="100%", rx="4", class_="life"),
        tag("line", x1=floor, x2=floor, y1="-3", y2="100%", class_="floor"),
        class_=f"bar {health}",
        aria_hidden="true",
    )


def _share(fraction: float) -> str:
    return f"{100 * min(max(fraction, 0.0), 1.0):.1f}%"
