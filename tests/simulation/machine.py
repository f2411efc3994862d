"""The clocks of a machine."""

from datetime import datetime

from tests.simulation.era import instant
from tests.simulation.virtual_loop import VirtualLoop


class Machine:
    """Where a replica runs: its wall clock, which may be put wrong, and its steady clock, which runs a little off.

    Attributes:
        offset: how many seconds the wall clock is ahead.
        rate: how many of its seconds pass in a true one.
    """

    def __init__(self, loop: VirtualLoop, *, rate: float) -> None:
        self._loop = loop
        self.rate = rate
        self.offset = 0.0
        self._furthest_ahead = 0.0

    def wall(self) -> datetime:
        return instant(self._loop.time() + self.offset)

    def monotonic(self) -> float:
        return self._loop.time() * self.rate

    def put(self, by: float) -> None:
        """The wall clock is put forward, or back."""
        self.offset += by
        self._furthest_ahead = max(self._furthest_ahead, self.offset)

    def seconds_lost(self) -> float:
        """By how much a process that starts now takes the records of those before it for younger than they are.

        A process goes on by its steady clock when the wall clock is put back; the next one knows nothing of it.
        """
        lost = self._furthest_ahead - self.offset
        self._furthest_ahead = self.offset
        return lost
