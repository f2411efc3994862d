"""How long to wait after a failure: never under a second, never hot, the same for the same history."""

from datetime import timedelta
from typing import Final

from zoho_tokend.core.policy import TEN_MINUTES
from zoho_tokend.core.spread import spread

FLOOR: Final = timedelta(seconds=1)
_FIRST: Final = timedelta(seconds=5)
_CAP: Final = timedelta(minutes=5)
_FIRST_WRITE: Final = timedelta(seconds=1)
CAP_OF_WRITES: Final = timedelta(seconds=30)
_LONGEST_COOLING: Final = 3
# A server that asks for more than Zoho's own longest lock-out is not believed.
_LONGEST_RETRY_AFTER: Final = timedelta(minutes=30)


def after_failure(name: str, failures: int, retry_after: timedelta | None = None) -> timedelta:
    """The wait after this many failed refreshes in a row: 5 s, 10 s, 20 s … 5 min, up to a fifth less by name.

    A ``retry_after`` is a minimum, up to half an hour.
    """
    wait = _grown(_FIRST, failures, _CAP)
    return max(wait - spread(name, wait / 5, failures), _believed(retry_after), FLOOR)


def after_throttle(name: str, throttles: int, retry_after: timedelta | None = None) -> timedelta:
    """The wait after this many throttles in a row: 10, 20, then 30 minutes, and up to a minute more by name."""
    wait = TEN_MINUTES * min(max(throttles, 1), _LONGEST_COOLING)
    return max(wait + spread(name, timedelta(minutes=1), throttles), _believed(retry_after))


def after_failed_write(name: str, failures: int) -> timedelta:
    """The wait before an unsaved token is written again: 1 s, 2 s, 4 s … 30 s; a write costs no budget."""
    wait = _grown(_FIRST_WRITE, failures, CAP_OF_WRITES)
    return max(wait - spread(name, wait / 5, failures), FLOOR)


def _grown(first: timedelta, failures: int, cap: timedelta) -> timedelta:
    # The exponent is capped before the power is taken: a year of failures must not overflow.
    return min(first * (1 << min(max(failures - 1, 0), 16)), cap)


def _believed(retry_after: timedelta | None) -> timedelta:
    return min(retry_after or timedelta(), _LONGEST_RETRY_AFTER)
