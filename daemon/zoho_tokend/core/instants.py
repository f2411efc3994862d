"""Instants and durations as text: the same in records, logs, settings, ``/status``, the page and the commands."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


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


def http_date(text: str) -> datetime | None:
    """The instant of an HTTP date, in UTC; None if it is none.

    https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
    """
    try:
        instant = parsedate_to_datetime(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def span(duration: timedelta) -> str:
    """Return how long it is, for a person, in two units at most: ``3 d 4 h``, ``25 min``; below zero it is ``0 s``."""
    seconds = max(0, round(duration.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return _two(days, "d", hours % 24, "h")
    if hours:
        return _two(hours, "h", minutes % 60, "min")
    return _two(minutes, "min", seconds % 60, "s") if minutes else f"{seconds} s"


def relative(distance: timedelta) -> str:
    """Return where it lies from now, for a person: ``in 2 min``, or ``2 min ago`` where it is negative."""
    if abs(distance) < timedelta(seconds=1):
        return "now"
    return f"in {span(distance)}" if distance > timedelta() else f"{span(-distance)} ago"


def compact(duration: timedelta) -> str:
    """Return the duration as a setting is written: ``1h30m``."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if amount]
    return "".join(parts) or "0s"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit}" + (f" {small} {small_unit}" if small else "")


def clock_skew(date: datetime, now: datetime) -> timedelta:
    """How far a peer's clock is ahead of ours at the least, by its HTTP date, which is cut to the second.

    https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
    """
    least = date - now
    return max(least, min(least + timedelta(seconds=1), timedelta()))
