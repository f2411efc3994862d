"""The limit of a client: what two throttled connections of one client mean for the others.

Zoho's limit is per refresh token by one of its pages and per client by another
(https://www.zoho.com/accounts/protocol/oauth/token-limits.html). So when a second connection of a client is throttled
within ten minutes, the client is suspected to be limited: to as many requests in any ten minutes as it was seen to be
granted, and to no fewer than eight, for Zoho's strictest limit is ten. The next request may go beyond that, as a probe.
If it is granted, the two were throttled for themselves, and there is no limit; if it is throttled, the limit is
confirmed, and the connections go within it, soonest expiry first, be they throttled or well. Each hour without a
throttle allows one request more, so that a limit that was learned too low does not last.
One throttled connection alone says nothing about its siblings, and a limited client never starves them.
Requests are counted from their begin, and not from their answer: ten minutes lie between the begins of two requests,
and a slow answer to the first would make the two of them one too many.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES

_MORE_EACH: Final = timedelta(hours=1)
# What a client may always begin in ten minutes: Zoho's strictest limit is 10, and two are left to people.
_LEAST: Final = 8
# A client that got more tokens than this in ten minutes has no limit as a whole: Zoho's strictest limit is 10.
_HIGHEST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimit:
    """What is known of one client.

    Attributes:
        throttled: when each connection was last throttled, within ten minutes.
        begun: when the latest requests were begun, oldest first.
        granted: when the latest requests that brought a token were begun, oldest first.
        limit: how many requests may begin in any ten minutes; None while the client is not known to be limited.
        learned_at: when that was learned.
        suspected: whether the limit is yet to be confirmed, so that one probe may go beyond it.
    """

    throttled: tuple[tuple[ConnectionName, datetime], ...] = ()
    begun: tuple[datetime, ...] = ()
    granted: tuple[datetime, ...] = ()
    limit: int | None = None
    learned_at: datetime | None = None
    suspected: bool = False


def after_throttle(client: ClientLimit, connection: ConnectionName, begun: datetime) -> ClientLimit:
    """Return the client after a request of one of its connections, begun then, was throttled.

    It is limited from the second one in ten minutes on.
    """
    others = tuple((name, at) for name, at in client.throttled if name != connection and begun - at < TEN_MINUTES)
    seen = replace(client, throttled=(*others, (connection, begun)))
    granted = len(_recent(client.granted, begun))
    if granted >= _HIGHEST or (not others and client.limit is None):
        return seen
    return replace(seen, limit=max(granted, _LEAST), learned_at=begun, suspected=client.limit is None)


def after_begin(client: ClientLimit, now: datetime) -> ClientLimit:
    """Return the client after a request was begun."""
    begun = (*_recent(client.begun, now), now)[-_HIGHEST:]
    is_probe = client.limit is not None and len(begun) > client.limit
    return replace(client, begun=begun, suspected=client.suspected and not is_probe)


def after_issue(client: ClientLimit, connection: ConnectionName, begun: datetime) -> ClientLimit:
    """Return the client after a request of one of its connections, begun then, got a token."""
    throttled = tuple((name, at) for name, at in client.throttled if name != connection)
    granted = tuple(sorted((*_recent(client.granted, begun), begun)))[-_HIGHEST:]
    if client.limit is not None and bisect_right(granted, begun) > client.limit:
        return ClientLimit(begun=client.begun, granted=granted)
    return replace(client, throttled=throttled, granted=granted)


def may_begin_at(client: ClientLimit, now: datetime) -> datetime:
    """Return when a request of this client may begin: now, or when the oldest that fills its limit stops counting."""
    if client.limit is None or client.learned_at is None:
        return now
    limit = client.limit + client.suspected + (now - client.learned_at) // _MORE_EACH
    counting = _recent(client.begun, now)
    return now if limit >= _HIGHEST or len(counting) < limit else counting[-limit] + TEN_MINUTES


def is_idle(client: ClientLimit, now: datetime) -> bool:
    """Whether the client may be forgotten: it has no limit, and made no request within ten minutes."""
    return client.limit is None and not _recent(client.begun, now) and not _recent(client.granted, now)


def _recent(instants: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    """Return the instants that still count; they must be sorted."""
    return instants[bisect_right(instants, now - TEN_MINUTES) :]
