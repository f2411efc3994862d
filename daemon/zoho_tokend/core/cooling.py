"""The cooling of a client: what two throttled connections of one client say about the others.

Zoho's limit is per refresh token by one of its pages and per client by another
(https://www.zoho.com/accounts/protocol/oauth/token-limits.html). So when a second connection of a client is throttled
within ten minutes, the client cools: its connections share one budget, one probe at a time, until one succeeds.
One throttled connection alone says nothing about its siblings, and a cooling client never starves them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooling:
    """What is known of one client.

    Attributes:
        throttled: when each connection was last throttled.
        until: the end of the cooling; None when the client does not cool.
        next_probe_at: while it cools, when the next connection may be tried.
    """

    throttled: tuple[tuple[ConnectionName, datetime], ...] = ()
    until: datetime | None = None
    next_probe_at: datetime | None = None


def after_throttle(cooling: Cooling, connection: ConnectionName, now: datetime, interval: timedelta) -> Cooling:
    """The client after one of its connections was throttled; it cools from the second one in ten minutes on."""
    others = tuple((name, at) for name, at in cooling.throttled if name != connection and now - at < TEN_MINUTES)
    throttled = (*others, (connection, now))
    if not others and not is_cooling(cooling, now):
        return Cooling(throttled=throttled)
    return Cooling(throttled=throttled, until=now + TEN_MINUTES, next_probe_at=now + interval)


def after_issue(cooling: Cooling, connection: ConnectionName) -> Cooling:
    """The client after one of its connections got a token: the limit was not the client's, or it is over."""
    return Cooling(throttled=tuple((name, at) for name, at in cooling.throttled if name != connection))


def after_start(cooling: Cooling, now: datetime, interval: timedelta) -> Cooling:
    """The client after a request was begun: while it cools, that was the probe, and the next one waits its turn."""
    return replace(cooling, next_probe_at=now + interval) if is_cooling(cooling, now) else cooling


def may_start_at(cooling: Cooling, now: datetime) -> datetime:
    """When a connection of this client may be tried: now, or when the next probe may."""
    if not is_cooling(cooling, now) or cooling.next_probe_at is None:
        return now
    return max(cooling.next_probe_at, now)


def is_cooling(cooling: Cooling, now: datetime) -> bool:
    """Whether the client cools now."""
    return cooling.until is not None and now < cooling.until
