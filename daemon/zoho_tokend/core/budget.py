"""The budget: how many access tokens may still be requested with one refresh token in any ten minutes.

Zoho allows 10 (https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html) and counts failed
requests too. ``Spent`` holds, for each request, the latest instant at which it can have reached Zoho.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES

Spent = tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRecord:
    """The record in Vault of a refresh token's failed requests.

    Attributes:
        version: the KV version to name in the next write; 0 when there never was one.
        requests: when they reached Zoho, oldest first.
        connections: those that made the requests, in this process or in another.
    """

    version: int = 0
    requests: Spent = ()
    connections: frozenset[ConnectionName] = frozenset()


def recent(spent: Iterable[datetime], now: datetime) -> Spent:
    """Return the instants that still count, oldest first."""
    return tuple(sorted(at for at in spent if now - at < TEN_MINUTES))


def remembered(issues: Iterable[datetime], now: datetime, *, latest: datetime | None = None) -> Spent:
    """Return issues that Vault dated, by our own clock.

    Where Vault's clock is ahead, the latest issue is taken to be from now. Where it is behind, the latest issue is no
    earlier than its token record says.

    Args:
        latest: when the latest was made, by the clock of the process that made it; None when unknown.
    """
    known = tuple(issues)
    if not known:
        return ()
    newest = max(known)
    shift = min(max(newest, latest or newest), now) - newest
    return tuple(at + shift for at in known)


def remaining(spent: Spent, now: datetime, *, limit: int) -> int:
    """Return how many requests are left now."""
    return max(limit - len(recent(spent, now)), 0)


def free_at(spent: Spent, now: datetime, *, limit: int) -> datetime:
    """Return when the next request is within the limit: now, or when enough of the spent ones stop counting."""
    counting = recent(spent, now)
    return now if len(counting) < limit else counting[-limit] + TEN_MINUTES
