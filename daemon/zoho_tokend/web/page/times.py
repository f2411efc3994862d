"""Moments as the page tells them: how far away, and on request exactly when."""

from datetime import datetime
from xml.etree.ElementTree import Element

from zoho_tokend.core.instants import rfc3339
from zoho_tokend.web.durations import relative
from zoho_tokend.web.html import tag


def moment(when: datetime, now: datetime) -> Element:
    """How far it lies from now; the instant itself where a pointer rests on it."""
    return tag("time", relative(when - now), datetime=rfc3339(when), title=rfc3339(when))
