"""How long to wait after a failure: never under a second, never hot, the same for the same history."""

from datetime import timedelta
from typing import Final

from zoho_tokend.core.jitter import jitter
from zoho_tokend.core.policy import TEN_MINUTES

FLOOR: Final = timedelta(seconds=1)
CONFIRMATION: Final = timedelta(minutes=1)
PROBE_INTERVAL: Final = timedelta(hours=6)
_FIRST: Final = timedelta(seconds=5)
_CAP: Final = timedelta(minutes=5)
_FIRST_WRITE: Final = timedelta(seconds=1)
CAP_OF_WRITES: Final = timedelta(seconds=30)
_LONGEST_THROTTLE: Final = 3
# A server that asks for more than Zoho's own longest lock-out is not believed.
_LONGEST_RETRY_AFTER: Final = timedelta(minutes=30)
# How often any one of many that were refused together is tried, once their tokens have ended.
_BETWEEN_PROBES_OF_MANY: Final = timedelta(minutes=5)


def after_failure(name: str, failures: int, retry_after: timedelta | None = None) -> timedelta:
    """The wait after this many failed refreshes in a row: 5 s, 10 s, 20 s … 5 min, up to a fifth less by name.

    A ``retry_after`` is a minimum, up to half an hour.
    """
    wait = _grown(_FIRST, failures, _CAP)
    return max(wait - jitter(name, wait / 5, failures), believed(retry_after), FLOOR)


def after_throttle(name: str, throttles: int, retry_after: timedelta | None = None) -> timedelta:
    """The wait after this many throttles in a row: 10, 20, then 30 minutes, and up to a minute more by name."""
    wait = TEN_MINUTES * min(max(throttles, 1), _LONGEST_THROTTLE)
    return max(wait + jitter(name, timedelta(minutes=1), throttles), believed(retry_after))


def after_rejection(name: str, times: int) -> timedelta:
    """The wait after a credential was refused this many times, while its token lives: 1, 2, 4 … minutes."""
    wait = _grown(CONFIRMATION, times, PROBE_INTERVAL)
    return wait + jitter(name, wait / 10)


def between_probes(name: str, together: int) -> timedelta:
    """The wait between two probes of a refused credential whose token has ended: six hours, up to a tenth less.

    Where many were refused together it is their server's trouble, so that one of them is tried each five minutes.

    Args:
        together: how many were refused within the same minutes; 1 for one alone.
    """
    if together > 1:
        shared = min(_BETWEEN_PROBES_OF_MANY * together, PROBE_INTERVAL)
        return max(shared - jitter(name, shared / 2), CONFIRMATION)
    return PROBE_INTERVAL - jitter(name, PROBE_INTERVAL / 10)


def after_failed_write(name: str, failures: int) -> timedelta:
    """The wait before an unsaved token is written again: 1 s, 2 s, 4 s … 30 s; a write costs no budget."""
    wait = _grown(_FIRST_WRITE, failures, CAP_OF_WRITES)
    return max(wait - jitter(name, wait / 5, failures), FLOOR)


def believed(retry_after: timedelta | None) -> timedelta:
    """The least wait that the other side asks for, as far as it is believed."""
    return min(retry_after or timedelta(), _LONGEST_RETRY_AFTER)


def _grown(first: timedelta, failures: int, cap: timedelta) -> timedelta:
    # The exponent is capped before the power is taken: a year of failures must not overflow.
    return min(first * (1 << min(max(failures - 1, 0), 16)), cap)
