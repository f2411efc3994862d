"""The limit of a client: what two throttled connections of one client say about the others.

Zoho's limit is per refresh token by one of its pages and per client by another
(https://www.zoho.com/accounts/protocol/oauth/token-limits.html). So when a second connection of a client is throttled
within ten minutes, the client is suspected to be limited: to as many requests in any ten minutes as it was seen to be
granted, and to no fewer than one refresh token is. The next request may go beyond that, as a probe. If it is granted,
the two were throttled for themselves, and there is no limit; if it is throttled, the limit is confirmed, and the
connections go within it, soonest expiry first. Each hour without a throttle allows one request more, so that a limit
that was learned too low does not last.
One throttled connection alone says nothing about its siblings, and a limited client never starves them.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES

_MORE_EACH: Final = timedelta(hours=1)
# A client that was granted more than this in ten minutes is not limited as a whole: Zoho's strictest limit is 10.
_HIGHEST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimit:
    """What is known of one client.

    Attributes:
        throttled: when each connection was last throttled, within ten minutes.
        begun: when the latest requests were begun, oldest first.
        granted: when the latest tokens were issued, oldest first.
        limit: how many requests may begin in any ten minutes; None while the client is not known to be limited.
        learned_at: when that was learned.
        suspected: whether that is yet to be confirmed, and a probe may go beyond it.
    """

    throttled: tuple[tuple[ConnectionName, datetime], ...] = ()
    begun: tuple[datetime, ...] = ()
    granted: tuple[datetime, ...] = ()
    limit: int | None = None
    learned_at: datetime | None = None
    suspected: bool = False


def after_throttle(client: ClientLimit, connection: ConnectionName, now: datetime, *, least: int) -> ClientLimit:
    """The client after one of its connections was throttled; it is limited from the second one in ten minutes on.

    Args:
        least: how many requests it is always allowed in ten minutes.
    """
    others = tuple((name, at) for name, at in client.throttled if name != connection and now - at < TEN_MINUTES)
    seen = replace(client, throttled=(*others, (connection, now)))
    granted = len(_recent(client.granted, now))
    if granted >= _HIGHEST or (not others and client.limit is None):
        return seen
    return replace(seen, limit=max(granted, least), learned_at=now, suspected=client.limit is None)


def after_begin(client: ClientLimit, now: datetime) -> ClientLimit:
    """The client after a request was begun."""
    begun = (*_recent(client.begun, now), now)[-_HIGHEST:]
    is_probe = client.limit is not None and len(begun) > client.limit
    return replace(client, begun=begun, suspected=client.suspected and not is_probe)


def after_issue(client: ClientLimit, connection: ConnectionName, now: datetime) -> ClientLimit:
    """The client after one of its connections got a token."""
    throttled = tuple((name, at) for name, at in client.throttled if name != connection)
    granted = (*_recent(client.granted, now), now)[-_HIGHEST:]
    if client.limit is not None and len(granted) > client.limit:
        return ClientLimit(begun=client.begun, granted=granted)
    return replace(client, throttled=throttled, granted=granted)


def may_begin_at(client: ClientLimit, now: datetime) -> datetime:
    """When a request of this client may begin: now, or when the oldest that fills its limit stops counting."""
    if client.limit is None or client.learned_at is None:
        return now
    limit = client.limit + client.suspected + (now - client.learned_at) // _MORE_EACH
    counting = _recent(client.begun, now)
    return now if limit >= _HIGHEST or len(counting) < limit else counting[-limit] + TEN_MINUTES


def is_idle(client: ClientLimit, now: datetime) -> bool:
    """Whether nothing of it counts any more: no limit, and no request within ten minutes."""
    return client.limit is None and not _recent(client.begun, now) and not _recent(client.granted, now)


def _recent(instants: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    """Those that count, of instants in their order."""
    return instants[bisect_right(instants, now - TEN_MINUTES) :]
