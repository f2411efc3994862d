"""Dates as HTTP writes them. Pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def http_date(text: str) -> datetime | None:
    """The instant of an HTTP date, in UTC; None if it is none.

    https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
    """
    try:
        instant = parsedate_to_datetime(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
