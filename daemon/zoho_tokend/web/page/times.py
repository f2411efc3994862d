"""Moments as the page tells them: how far away, and on request exactly when."""

from datetime import datetime
from xml.etree.ElementTree import Element

from zoho_tokend.web.durations import relative
from zoho_tokend.web.html import tag


def moment(when: datetime, now: datetime) -> Element:
    """How far it lies from now; the instant itself where a pointer rests on it."""
    return tag("time", relative(when - now), datetime=exact(when), title=exact(when))


def exact(when: datetime) -> str:
    """The instant: RFC 3339, UTC."""
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")
