"""Spread without dice: a stable share of a span for each name, herds part, a restart answers the same."""

import hashlib
from datetime import timedelta
from typing import Final

_BYTES: Final = 6


def fraction(name: str, salt: object = "") -> float:
    """A number in [0, 1), always the same for the same name and salt."""
    digest = hashlib.sha256(f"{name}/{salt}".encode()).digest()
    return int.from_bytes(digest[:_BYTES]) / (1 << (8 * _BYTES))


def jitter(name: str, span: timedelta, salt: object = "") -> timedelta:
    """A part of the span, always the same for the same name and salt."""
    return span * fraction(name, salt)
