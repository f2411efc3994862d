"""Spans, counts and lists as a person reads them."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Final

_NAMED: Final = 3
_UNITS: Final = (("d", 86400), ("h", 3600), ("min", 60))


def span(length: timedelta) -> str:
    """A length of time, to its largest unit and no finer than a reader needs: ``42 min``, ``3 h``, ``7 s``."""
    seconds = round(abs(length).total_seconds())
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def some(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    ordered = sorted(names)
    more = len(ordered) - _NAMED
    shown = ", ".join(ordered[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def count(things: Collection[object], one: str, many: str | None = None) -> str:
    """How many there are: ``1 connection``, ``3 connections``."""
    return f"{len(things)} {one if len(things) == 1 else many or one + 's'}"
