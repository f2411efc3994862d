"""Instants as text, the same in records, in the log, in ``/status`` and on the page."""

from datetime import UTC, datetime, timedelta


def parse_instant(text: str) -> datetime:
    """The instant that the text names, in UTC.

    Raises:
        ValueError: it names none, or no time zone, or one beyond the years 1 to 9999 in UTC.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant names its time zone")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant lies in the years 1 to 9999") from None


def rfc3339(instant: datetime) -> str:
    """The instant in UTC, cut to whole seconds: ``2026-11-24T12:00:00Z`` (https://www.rfc-editor.org/rfc/rfc3339)."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def clock_skew(date: datetime, now: datetime) -> timedelta:
    """How far a peer's clock is ahead of ours at the least, by its HTTP date, which is cut to the second.

    https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
    """
    least = date - now
    return max(least, min(least + timedelta(seconds=1), timedelta()))
