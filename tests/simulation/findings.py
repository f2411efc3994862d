"""What a simulation finds out: the first broken rule, the last things that happened, and how much was gone through."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_KEPT: Final = 40


class BrokenRule(Exception):
    """Something happened that must never happen."""


@dataclass(slots=True)
class Tally:
    """How much was gone through.

    Attributes:
        seconds: virtual ones, times the connections that lived through them.
        episodes: of whole worlds; ``years`` are those of their connections.
        faults: by kind; ``faults_met`` are those times the connections of their worlds.
        excused: how often a token was found expired when all was unavailable for longer than the floor.
    """

    seconds: float = 0.0
    episodes: int = 0
    years: float = 0.0
    faults_met: int = 0
    refreshes: int = 0
    asked: int = 0
    reads: int = 0
    kills: int = 0
    excused: int = 0
    checks: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Both together."""
        self.seconds += other.seconds
        self.episodes += other.episodes
        self.years += other.years
        self.faults_met += other.faults_met
        self.refreshes += other.refreshes
        self.asked += other.asked
        self.reads += other.reads
        self.kills += other.kills
        self.excused += other.excused
        self.checks += other.checks
        self.faults.update(other.faults)


class Journal:
    """The last things that happened, written out only when somebody asks."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._clients: deque[tuple[float, str, tuple[object, ...]]] = deque(maxlen=_KEPT)
        self.count = 0

    def note(self, text: str, *about: object) -> None:
        """It happened now; ``about`` fills the braces of the text."""
        self.count += 1
        self._clients.append((self._now(), text, about))

    @property
    def lines(self) -> list[str]:
        """The oldest first, each with its time."""
        return [f"{_clock(at)}  {text.format(*about)}" for at, text, about in self._clients]


def _clock(seconds: float) -> str:
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{days:3.0f}d {hours:02.0f}:{minutes:02.0f}:{rest:06.3f}"
