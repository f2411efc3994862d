"""What excuses a late token: when something that a refresh needs was not to be had, and for whom.

A stretch is all of it put together: a gap between two troubles that is shorter than ``RECOVERY`` is bridged, because
within it the daemon need not have tried again. The promise excuses an expired token if a stretch was longer than the
floor and has ended no longer than ``RECOVERY`` ago; nothing else excuses it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Final

RECOVERY: Final = 300.0 + 60.0
"""The longest wait after a failure, and a refresh with everything around it, in seconds."""


@dataclass(slots=True)
class Trouble:
    """Something that is not to be had between two times."""

    what: str
    begin: float
    end: float = inf


@dataclass(frozen=True, slots=True)
class Stretch:
    """Troubles with no time to recover between them."""

    begin: float
    end: float
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

    def begin(self, what: str, names: Iterable[str] | None = None) -> Trouble:
        """From now on, for these connections or for all."""
        trouble = Trouble(what, self._now())
        for name in self._of if names is None else names:
            self._of[name].append(trouble)
        return trouble

    def end(self, trouble: Trouble, *, settling: float = 0.0) -> None:
        """Until now, or until it has settled after that."""
        trouble.end = min(trouble.end, self._now() + settling)

    def until(self, what: str, end: float, names: Iterable[str] | None = None) -> None:
        """From now until then."""
        if end > self._now():
            self.begin(what, names).end = end

    def all_over_at(self) -> float:
        """When the last trouble ends; infinity where one has no end yet."""
        return max((trouble.end for of in self._of.values() for trouble in of), default=0.0)

    def last_stretch(self, name: str, now: float) -> Stretch | None:
        """The stretch of the connection that began last."""
        begun = sorted((each for each in self._of[name] if each.begin <= now), key=lambda each: each.begin)
        stretch: Stretch | None = None
        for each in begun:
            end = min(each.end, now)
            if stretch is not None and each.begin - stretch.end <= RECOVERY:
                stretch = Stretch(stretch.begin, max(stretch.end, end), (*stretch.what, each.what))
            else:
                stretch = Stretch(each.begin, end, (each.what,))
        return stretch

    def forget_before(self, time: float) -> None:
        """What was over by then excuses nothing any more."""
        for name, of in self._of.items():
            self._of[name] = [each for each in of if each.end >= time]
