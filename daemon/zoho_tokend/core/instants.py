"""Instants as text, the same in records, in the log, in ``/status`` and on the page."""

from datetime import UTC, datetime


def rfc3339(instant: datetime) -> str:
    """The instant in UTC, cut to whole seconds: ``2026-11-24T12:00:00Z`` (https://www.rfc-editor.org/rfc/rfc3339)."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
