"""The real clock: wall time that never steps back, and its drift from the machine's wall clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def machine_time() -> datetime:
    """Return the time of the machine's wall clock, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the Clock


class SystemClock:
    """Follows the wall clock forward, also after a suspend, and continues by monotonic time when it steps back.

    A step back must not delay every due refresh by its size; monotonic time gives a token's real age. The remaining
    drift is for the liveness probe: past a few minutes the process should be restarted.
    """

    def __init__(
        self, *, wall: Callable[[], datetime] = machine_time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Follow this wall clock and this monotonic one."""
        self._wall = wall
        self._monotonic = monotonic
        self._last = wall()
        self._last_monotonic = monotonic()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        wall, monotonic = self._wall(), self._monotonic()
        steady = self._last + timedelta(seconds=monotonic - self._last_monotonic)
        now = max(wall, self._last) if steady - wall < _SLEW else steady
        self._ahead = now - wall
        self._last, self._last_monotonic = now, monotonic
        return now

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment."""
        return self._monotonic()

    @property
    def drift(self) -> timedelta:
        """How far ``now`` is ahead of the wall clock, which was put back."""
        self.now()
        return self._ahead


_SLEW = timedelta(seconds=1)
