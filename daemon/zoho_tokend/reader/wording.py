"""The sentences that need reckoning; pure."""

from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.reader.errors import TokenTooOld
from zoho_tokend.reader.record import Token

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)


def too_old(token: Token, min_life: timedelta, *, now: datetime, skew: timedelta) -> TokenTooOld:
    """Why this token will not do, by how much, and where to look."""
    age, life_left, whose = now - token.issued_at, token.life_left(now), f"the token of {token.connection}"
    if token.lifetime < min_life:
        sentence = f"{whose} lives {spoken(token.lifetime)} in all, and {spoken(min_life)} were asked for: ask for less"
    else:
        state = f"expired {spoken(-life_left)} ago" if life_left <= timedelta() else f"has {spoken(life_left)} to live"
        sentence = (
            f"{whose} {state}, {spoken(age)} after its issue, and {spoken(min_life)} of life were asked for: "
            f"see what 'zoho-tokend connections show {token.connection}' and the daemon's log say of its last refresh"
        )
    remark = f"; mind that {clock_remark(skew)}" if skew else ""
    return TokenTooOld(sentence + remark, age=age, life_left=life_left)


def clock_remark(skew: timedelta) -> str:
    """Whose clock is off, by how much; for a sentence."""
    direction = "behind" if skew > timedelta() else "ahead of"
    return f"this machine's clock is {spoken(abs(skew))} {direction} Vault's"


def spoken(span: timedelta) -> str:
    """A span as people say it, to the nearest unit that matters: ``40 s``, ``12 min``, ``3 h``."""
    if span < 2 * _MINUTE:
        return f"{span.total_seconds():.0f} s"
    if span < 2 * _HOUR:
        return f"{span / _MINUTE:.0f} min"
    return f"{span / _HOUR:.0f} h"
