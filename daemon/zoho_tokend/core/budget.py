"""The budget of issues: how many access tokens one refresh token may still be asked for in any ten minutes.

Zoho allows 10 (https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html) and counts failed
requests too. What was spent is a tuple of instants, the latest at which each request can have reached Zoho.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from zoho_tokend.core.policy import TEN_MINUTES

Spent = tuple[datetime, ...]


def recent(spent: Iterable[datetime], now: datetime) -> Spent:
    """Those that still count, oldest first."""
    return tuple(sorted(at for at in spent if now - at < TEN_MINUTES))


def remembered(issues: Iterable[datetime], now: datetime) -> Spent:
    """What Vault remembers, by our own clock: where its clock is ahead, the latest issue was made just now."""
    known = tuple(issues)
    ahead = max((at - now for at in known), default=timedelta())
    return tuple(at - ahead for at in known) if ahead > timedelta() else known


def remaining(spent: Spent, now: datetime, *, limit: int) -> int:
    """How many issues are left now."""
    return max(limit - len(recent(spent, now)), 0)


def free_at(spent: Spent, now: datetime, *, limit: int) -> datetime:
    """When the next issue is within the limit: now, or the moment at which enough of the spent ones stop counting."""
    counting = recent(spent, now)
    return now if len(counting) < limit else counting[-limit] + TEN_MINUTES
