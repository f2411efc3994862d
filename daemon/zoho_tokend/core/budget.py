"""The budget: how many access tokens one refresh token may still be asked for in any ten minutes.

Zoho allows 10 (https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html) and counts failed
requests too. What was spent is a tuple of instants, the latest at which each request can have reached Zoho.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES

Spent = tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRecord:
    """What Vault remembers of a refresh token's requests that brought nothing.

    Attributes:
        version: the KV version to name in the next write; 0 when there never was one.
        requests: when they reached Zoho, oldest first.
        connections: those that asked, be they of this process or of another.
    """

    version: int = 0
    requests: Spent = ()
    connections: frozenset[ConnectionName] = frozenset()


def recent(spent: Iterable[datetime], now: datetime) -> Spent:
    """Those that still count, oldest first."""
    return tuple(sorted(at for at in spent if now - at < TEN_MINUTES))


def remembered(issues: Iterable[datetime], now: datetime, *, latest: datetime | None = None) -> Spent:
    """What Vault remembers, by our own clock.

    Where Vault's clock is ahead, the latest issue was made just now. Where it is behind, the latest issue was made no
    earlier than its record says.

    Args:
        latest: when the latest was made, by the clock of whoever made it; None where that is not known.
    """
    known = tuple(issues)
    if not known:
        return ()
    newest = max(known)
    shift = min(max(newest, latest or newest), now) - newest
    return tuple(at + shift for at in known)


def remaining(spent: Spent, now: datetime, *, limit: int) -> int:
    """How many requests are left now."""
    return max(limit - len(recent(spent, now)), 0)


def free_at(spent: Spent, now: datetime, *, limit: int) -> datetime:
    """When the next request is within the limit: now, or when enough of the spent ones stop counting."""
    counting = recent(spent, now)
    return now if len(counting) < limit else counting[-limit] + TEN_MINUTES
