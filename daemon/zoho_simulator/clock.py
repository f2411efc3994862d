"""The simulator's time: the machine's, moved forward as far as a test likes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Now = Callable[[], datetime]


def machine_time() -> datetime:
    """The machine's own time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # this is the clock that everybody else asks


class MovableClock:
    """Time that can be moved forward; lifetimes and windows pass with it."""

    def __init__(self, now: Now = machine_time) -> None:
        self._now = now
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The present instant of the simulated Zoho."""
        return self._now() + self._ahead

    def advance(self, span: timedelta) -> None:
        """So much time passes at once.

        Raises:
            ValueError: the span is negative.
        """
        if span < timedelta(0):
            raise ValueError("time moves forward only")
        self._ahead += span
