"""Whose credentials Zoho refuses at one accounts server or for one client.

Many that are refused within minutes are their server's trouble and not theirs, and so is each that recovers by itself.
"""

from collections.abc import Iterable
from typing import Final

from zoho_tokend.core.model import ConnectionName

# How far apart refusals may begin to be of one trouble, in seconds.
_TOGETHER: Final = 600.0
_MANY: Final = 3


class Refusals:
    """Since when each connection is refused, in seconds of the monotonic clock, by accounts server and by client."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: dict[str, dict[ConnectionName, float]] = {}

    def add(self, name: ConnectionName, places: Iterable[str], uptime: float) -> int:
        """Note a refusal; returns of how many it began within the same minutes, 1 where they are not many."""
        together = 1
        for place in places:
            members = self._at.setdefault(place, {})
            since = members.setdefault(name, uptime)
            together = max(together, sum(abs(other - since) <= _TOGETHER for other in members.values()))
        return together if together >= _MANY else 1

    def discard(self, name: ConnectionName, places: Iterable[str]) -> None:
        """Forget the connection's refusals."""
        for place in places:
            if (members := self._at.get(place)) is not None:
                members.pop(name, None)
                if not members:
                    del self._at[place]

    def recover(self, name: ConnectionName, places: Iterable[str]) -> list[ConnectionName]:
        """Forget all refusals there, for the connection has recovered by itself; returns the others."""
        others: set[ConnectionName] = set()
        for place in places:
            others.update(self._at.pop(place, {}))
        return sorted(others - {name})
