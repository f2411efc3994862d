"""How many requests Vault gets at once: a congestion window, as in TCP (https://www.rfc-editor.org/rfc/rfc5681).

It grows by one with each window of answers, and halves when Vault answers that there were too many requests.
"""

from datetime import timedelta
from typing import Final

_FIRST_WAIT: Final = timedelta(milliseconds=250)
_LONGEST_WAIT: Final = timedelta(seconds=5)
# A longer ``Retry-After`` is cut to this.
_LONGEST_RETRY_AFTER: Final = timedelta(minutes=1)


class CongestionWindow:
    """The window, and when the next request may begin.

    Attributes:
        open_at: when the next request may begin, by the monotonic clock.
    """

    __slots__ = ("_largest", "_size", "_wait", "open_at")

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._size = float(largest)
        self._wait = _FIRST_WAIT
        self.open_at = 0.0

    @property
    def size(self) -> int:
        """How many requests may be under way at once."""
        return int(self._size)

    def answered(self) -> None:
        """Grow the window, for a request was answered."""
        self._size = min(self._size + 1 / self._size, self._largest)
        self._wait = _FIRST_WAIT

    def limited(self, retry_after: timedelta | None, now: float) -> None:
        """Halve the window, once for all requests that were under way together, and wait at least ``retry_after``."""
        if now >= self.open_at:
            self._size = max(self._size / 2, 1.0)
            wait, self._wait = self._wait, min(self._wait * 2, _LONGEST_WAIT)
            self.open_at = now + max(wait, min(retry_after or timedelta(), _LONGEST_RETRY_AFTER)).total_seconds()
