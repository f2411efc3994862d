"""What excuses a late token: when something that a refresh needs was not to be had, and for whom.

A stretch is all of it put together: a gap between two troubles that is shorter than ``RECOVERY`` is bridged, because
within it the daemon need not have tried again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Final

RECOVERY: Final = 300.0 + 60.0
"""The longest wait after a failure while the token lives, and a refresh with everything around it, in seconds."""
A_START: Final = 60.0
"""How far a start may delay a connection that nothing else keeps from its refresh, however many others fail."""


@dataclass(slots=True)
class Trouble:
    """Something that is not to be had between two times.

    Attributes:
        recovery: how long after its end less life than the floor may be left.
        outlived: it excuses less life than the floor, and no expired token.
    """

    what: str
    begin: float
    end: float = inf
    recovery: float = RECOVERY
    outlived: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Troubles with no time to recover between them."""

    begin: float
    end: float
    recovery: float
    what: tuple[str, ...]

    @property
    def length(self) -> float:
        return self.end - self.begin


class Troubles:
    """Every trouble of every connection."""

    def __init__(self, names: Iterable[str], now: Callable[[], float]) -> None:
        self._now = now
        self._of: dict[str, list[Trouble]] = {name: [] for name in names}

    @property
    def names(self) -> Iterable[str]:
        """Every connection."""
        return self._of.keys()

    def begin(
        self, what: str, names: Iterable[str] | None = None, *, recovery: float = RECOVERY, outlived: bool = False
    ) -> Trouble:
        """From now on, for these connections or for all."""
        trouble = Trouble(what, self._now(), recovery=recovery, outlived=outlived)
        for name in self._of if names is None else names:
            self._of[name].append(trouble)
        return trouble

    def end(self, trouble: Trouble, *, settling: float = 0.0) -> None:
        """Until now, or until it has settled after that."""
        trouble.end = min(trouble.end, self._now() + settling)

    def until(
        self, what: str, end: float, names: Iterable[str] | None = None, *, recovery: float = RECOVERY
    ) -> Trouble:
        """From now until then."""
        trouble = self.begin(what, names, recovery=recovery)
        trouble.end = max(end, self._now())
        return trouble

    def all_over_at(self) -> float:
        """When the last trouble ends; infinity where one has no end yet."""
        return max((trouble.end for of in self._of.values() for trouble in of), default=0.0)

    def last_stretch(self, name: str, now: float, *, expired: bool) -> Stretch | None:
        """The stretch of the connection that began last, of what excuses a token that is late, or one that expired."""
        begun = [each for each in self._of[name] if each.begin <= now and not (expired and each.outlived)]
        stretch: Stretch | None = None
        for each in sorted(begun, key=lambda each: each.begin):
            end = min(each.end, now)
            if stretch is not None and each.begin - stretch.end <= RECOVERY:
                recovery = max(each.recovery, stretch.recovery)
                stretch = Stretch(stretch.begin, max(stretch.end, end), recovery, (*stretch.what, each.what))
            else:
                stretch = Stretch(each.begin, end, each.recovery, (each.what,))
        return stretch

    def forget_before(self, time: float) -> None:
        """What was over by then excuses nothing any more."""
        for name, of in self._of.items():
            self._of[name] = [each for each in of if each.end >= time]
