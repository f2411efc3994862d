"""How long a Vault token lives, and what to do about it next; pure.

The rules are those of the watcher in Vault's own Go client
(https://github.com/openbao/openbao/blob/main/api/lifetime_watcher.go), without its randomness.
All times are monotonic seconds.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final

_RENEW_AT: Final = 2 / 3
_REPLACE_AT: Final = 0.8
_FIRST_RENEWAL_RETRY: Final = 10.0
_LONGEST_RENEWAL_RETRY: Final = 300.0
_FIRST_LOGIN_RETRY: Final = 1.0
_LONGEST_LOGIN_RETRY: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What Vault granted, and when.

    Attributes:
        begun: just before the request was sent, so that the lease never seems longer than it is for Vault.
        lasts: seconds from then; ``inf`` for a token that never ends.
        renewable: whether a renewal extends it.
        replaceable: whether a new login gives another token; it does not where somebody else provides ours.
    """

    begun: float
    lasts: float
    renewable: bool
    replaceable: bool

    @property
    def ends(self) -> float:
        """When the token expires."""
        return self.begun + self.lasts

    def renewed(self, *, begun: float, lasts: float, renewable: bool) -> "Lease":
        """Return the lease after a renewal; one shorter than before is near its maximum: no more renewals."""
        growing = lasts >= self.lasts
        return Lease(begun=begun, lasts=lasts, renewable=renewable and growing, replaceable=self.replaceable)


@dataclass(frozen=True, slots=True)
class Trouble:
    """How often renewal or login failed since the last success, and when it did last."""

    failures: int = 0
    failed_at: float = -inf

    def again(self, now: float) -> "Trouble":
        """Return the trouble with one more failure."""
        return Trouble(self.failures + 1, now)


class Step(StrEnum):
    """What can be done for a session."""

    RENEW = "renew"
    LOG_IN = "log in"


@dataclass(frozen=True, slots=True)
class Due:
    """The next step, and when to take it; ``inf`` for never."""

    step: Step
    at: float


def next_step(lease: Lease | None, trouble: Trouble) -> Due:
    """Return what to do next for a session whose token has this lease; None where it has no token."""
    login_retry = trouble.failed_at + _backoff(trouble, _FIRST_LOGIN_RETRY, _LONGEST_LOGIN_RETRY)
    if lease is None:
        return Due(Step.LOG_IN, login_retry)
    if lease.renewable:
        renewal = max(lease.begun + lease.lasts * _RENEW_AT, _renewal_retry(lease, trouble))
        if renewal < lease.ends or lease.lasts == inf:
            return Due(Step.RENEW, renewal)
    share = _REPLACE_AT if lease.replaceable and not lease.renewable else 1.0
    return Due(Step.LOG_IN, max(lease.begun + lease.lasts * share, login_retry))


def _renewal_retry(lease: Lease, trouble: Trouble) -> float:
    """Return when to retry: with growing pauses, but three times within what is left of the lease."""
    if not trouble.failures:
        return -inf
    left = max(lease.ends - trouble.failed_at, 0.0)
    wait = min(_backoff(trouble, _FIRST_RENEWAL_RETRY, _LONGEST_RENEWAL_RETRY), left / 3)
    return trouble.failed_at + max(wait, _FIRST_LOGIN_RETRY)


def _backoff(trouble: Trouble, first: float, longest: float) -> float:
    return min(first * 2.0 ** min(trouble.failures - 1, 10), longest) if trouble.failures else 0.0
