"""What a reader does next: use the token it has, look into Vault, wait for the daemon, or give up; pure.

Both readers do nothing but carry these steps out. Lives are reckoned by wall time, pauses and time-outs by a clock that
never steps.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final

from zoho_tokend.reader import wording
from zoho_tokend.reader.errors import NoSuchConnection, ReaderError, VaultUnreachable
from zoho_tokend.reader.record import Token

MIN_LIFE: Final = timedelta(minutes=1)
"""The life that a token has left at least, where a job does not say."""
TIMEOUT: Final = timedelta(seconds=30)
"""How long a reader waits at most, where a job does not say."""

# While the token at hand will do, nobody shall wait long for a Vault that is away.
HURRY: Final = timedelta(seconds=3)
_LONGEST_LOOK: Final = timedelta(seconds=10)
_NONE: Final = timedelta()
_LONGEST_PAUSE: Final = 5.0
LONGEST_REST: Final = 30.0
"""Seconds between two looks at most, while the token at hand will do and a newer one is awaited."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by both clocks.

    Attributes:
        now: as late as the later of this machine's and Vault's clock.
        tick: seconds, on a clock that never steps.
        skew: how far Vault's clock is ahead of this machine's; zero where it is not worth a word.
    """

    now: datetime
    tick: float
    skew: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """What a caller wants.

    Attributes:
        min_life: the least that the token shall have left to live.
        began: the tick at which it was uttered.
        timeout: after which it is given up; None to look once, and wait for nothing.
        instead_of: a token that is known to be dead, so that only one that replaces it will do.
    """

    min_life: timedelta
    began: float
    timeout: timedelta | None
    instead_of: Token | None = None

    def left(self, tick: float) -> timedelta:
        """Until it is given up."""
        whole = HURRY if self.timeout is None else self.timeout
        return whole - timedelta(seconds=tick - self.began)

    def accepts(self, token: Token, now: datetime) -> bool:
        """Whether this token will do."""
        if self.instead_of is not None and not token.replaces(self.instead_of):
            return False
        return token.life_left(now) >= self.min_life


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What is known of one connection.

    Attributes:
        token: the newest one seen.
        trouble: why the last look brought none; None after one that did.
        looked_at: the tick at which the last look ended.
        in_vain: how many looks, up to the last, brought nothing new.
    """

    token: Token | None = None
    trouble: ReaderError | None = None
    looked_at: float = -inf
    in_vain: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """Hand out this token."""

    token: Token


@dataclass(frozen=True, slots=True)
class Look:
    """Read the record from Vault, and be done within so long.

    Attributes:
        meanwhile: what those take who find somebody else looking; None: they wait for what is found.
    """

    within: timedelta
    meanwhile: Token | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Decide again after so long; the daemon may have written by then."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Raise this."""

    error: ReaderError


Step = Use | Look | Wait | GiveUp


def at_hand(shelf: Shelf, min_life: timedelta, now: datetime) -> Token | None:
    """The token that may be used without a further thought."""
    token = shelf.token
    if token is not None and now < token.refresh_after and token.expires_at - now >= min_life:
        return token
    return None


def decide(shelf: Shelf, request: ReadRequest, moment: Moment) -> Step:
    """The next step towards a request.

    Looks in vain become rarer, from 1 s apart to 5 s, and to 30 s where the token at hand will do.
    """
    token, left, looked = shelf.token, request.left(moment.tick), shelf.looked_at >= request.began
    if token is not None and request.accepts(token, moment.now):
        enough = moment.now < token.refresh_after or looked or _rest(shelf, request, moment, LONGEST_REST) > 0
        return Use(token) if enough or left <= _NONE else Look(min(left, HURRY), meanwhile=token)
    if left <= _NONE or (looked and _hopeless(shelf, request)):
        return GiveUp(_why(shelf, request, moment))
    rest = _rest(shelf, request, moment, _LONGEST_PAUSE)
    if rest <= 0 or _final(shelf):
        return Look(min(left, _LONGEST_LOOK))
    return GiveUp(_why(shelf, request, moment)) if request.timeout is None else Wait(min(left, timedelta(seconds=rest)))


def after_looking(shelf: Shelf, found: Token | ReaderError, tick: float) -> Shelf:
    """What is known now.

    A newer token never gives way to an older one. What Vault does not show right now is kept, but a record that is gone
    takes its token along: somebody has withdrawn it.
    """
    match found:
        case NoSuchConnection():
            return Shelf(trouble=found, looked_at=tick, in_vain=shelf.in_vain + 1)
        case ReaderError():
            return replace(shelf, trouble=found, looked_at=tick, in_vain=shelf.in_vain + 1)
        case _ if shelf.token is None or found.replaces(shelf.token):
            return Shelf(token=found, looked_at=tick)
        case _:
            return Shelf(token=shelf.token, looked_at=tick, in_vain=shelf.in_vain + 1)


def _rest(shelf: Shelf, request: ReadRequest, moment: Moment, longest: float) -> float:
    """Seconds until the next look is decent; not positive when it is.

    It is so at once where the last look brought something new, unless that was on behalf of this very request.
    """
    in_vain = max(shelf.in_vain, int(shelf.looked_at >= request.began))
    pause = min(2.0 ** min(in_vain - 1, 10), longest) if in_vain else 0.0
    return shelf.looked_at + pause - moment.tick


def _final(shelf: Shelf) -> bool:
    """Whether Vault has answered, and would answer the same again."""
    return shelf.trouble is not None and not isinstance(shelf.trouble, VaultUnreachable)


def _hopeless(shelf: Shelf, request: ReadRequest) -> bool:
    if request.timeout is None or _final(shelf):
        return True
    return shelf.trouble is None and shelf.token is not None and shelf.token.lifetime < request.min_life


def _why(shelf: Shelf, request: ReadRequest, moment: Moment) -> ReaderError:
    if shelf.trouble is not None:
        return type(shelf.trouble)(*shelf.trouble.args)  # each caller raises one of its own
    if shelf.token is not None:
        return wording.too_old(shelf.token, request.min_life, now=moment.now, skew=moment.skew)
    return VaultUnreachable("Vault was not asked in time, because earlier questions took too long: ask again")
