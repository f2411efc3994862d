"""Counts and lists as a person reads them."""

from collections.abc import Collection, Iterable
from typing import Final

_NAMED: Final = 3


def some(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    ordered = sorted(names)
    more = len(ordered) - _NAMED
    shown = ", ".join(ordered[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def count(things: Collection[object], one: str, many: str | None = None) -> str:
    """How many there are: ``1 connection``, ``3 connections``."""
    return f"{len(things)} {one if len(things) == 1 else many or one + 's'}"
