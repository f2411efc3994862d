"""What one reader remembers of each connection and of the clocks, and what it tells the log."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Final

from zoho_tokend.reader import decision, wording
from zoho_tokend.reader.decision import Moment, ReadRequest, Shelf, Step
from zoho_tokend.reader.errors import ReaderError
from zoho_tokend.reader.record import Token

# So often is the same dead token reported at most, by whatever many threads meet it.
_REPORT_SECONDS: Final = 60.0
Now = Callable[[], datetime]
"""The present instant, in UTC."""

LOG: Final = logging.getLogger("zoho_tokend.reader")
_NOTHING: Final = Shelf()
_NO_SPAN: Final = timedelta()


def machine_time() -> datetime:
    """The machine's own time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # this is the clock of the readers, which know none of the daemon's


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one look into Vault brought.

    Attributes:
        found: a token, or why there is none.
        date: Vault's clock; None where it did not tell.
    """

    found: Token | ReaderError
    date: datetime | None = None


class Memory:
    """One shelf a connection. Its owner sees to it that no two looks at the same connection overlap."""

    def __init__(self, now: Now = machine_time) -> None:
        self._now = now
        self._shelves: dict[str, Shelf] = {}
        self._reported: dict[str, tuple[str, float]] = {}
        self._reporting = Lock()
        self._skew = _NO_SPAN
        self._behind = _NO_SPAN

    def renew(self) -> None:
        """Begin anew in a forked child, with what is known: a thread of the parent may have held the lock."""
        self._reporting = Lock()

    def at_hand(self, connection: str, min_life: timedelta) -> Token | None:
        """The token that may be used without a further thought; costs a microsecond."""
        shelf = self._shelves.get(connection)
        return decision.at_hand(shelf, min_life, self._now() + self._behind) if shelf is not None else None

    def request(self, *, min_life: timedelta, timeout: timedelta, instead_of: Token | None = None) -> ReadRequest:
        """A request that begins now; a time-out of zero looks once, and waits for nothing."""
        return ReadRequest(min_life=min_life, began=monotonic(), timeout=timeout or None, instead_of=instead_of)

    def decide(self, connection: str, request: ReadRequest) -> Step:
        """The next step towards the request."""
        moment = Moment(self._now() + self._behind, monotonic(), self._skew)
        return decision.decide(self._shelves.get(connection, _NOTHING), request, moment)

    def learn(self, connection: str, sight: Sight) -> None:
        """What was seen is known, and its oddities are logged, once each."""
        now = self._now()
        before = self._shelves.get(connection, _NOTHING)
        self._shelves[connection] = decision.after_looking(before, sight.found, monotonic())
        if not isinstance(sight.found, ReaderError):
            self._compare_clocks(skew(now, vault=sight.date, token=sight.found))
        elif before.token is not None and before.trouble is None:
            left = wording.spoken(max(before.token.life_left(now), _NO_SPAN))
            LOG.warning("%s; the token of %s read before has %s to live", sight.found, connection, left)

    def claim_report(self, connection: str, dead: Token) -> bool:
        """Whether it is for the caller to report this token; nobody else is told so within a minute."""
        with self._reporting:
            fingerprint, tick = self._reported.get(connection, ("", 0.0))
            if fingerprint == dead.fingerprint and monotonic() - tick < _REPORT_SECONDS:
                return False
            self._reported[connection] = (dead.fingerprint, monotonic())
            return True

    def _compare_clocks(self, found: timedelta) -> None:
        if found and not self._skew:
            LOG.warning("%s: set it by NTP; tokens are reckoned by the later of the two", wording.clock_remark(found))
        self._skew, self._behind = found, max(found, _NO_SPAN)


# The Date header is cut to whole seconds, and an answer takes its time.
TOLERANCE: Final = timedelta(minutes=1)
_NONE: Final = timedelta()


def skew(local: datetime, *, vault: datetime | None, token: Token | None) -> timedelta:
    """How far Vault's clock is ahead of ours (negative: behind it); zero within ``TOLERANCE``.

    A token that was issued in the future tells the same, where Vault's clock is not known or agrees with ours.

    Args:
        vault: as its ``Date`` header said.
        token: the one that has just been read; None where none was.
    """
    by_header = vault - local if vault is not None else _NONE
    if abs(by_header) > TOLERANCE:
        return by_header
    by_issue = token.issued_at - local if token is not None else _NONE
    return by_issue if by_issue > TOLERANCE else _NONE
