"""The promise, judged by the life that was left whenever a record was replaced, for at no other time was it less.

* With nothing amiss for the connection itself, never less than the floor is left: what befalls others is no excuse.
  After a trouble it may be less for ``RECOVERY``, after a mere start for a minute.
* An expired token is excused by a stretch of trouble that was longer than the floor. Once that is over, the next token
  is there as soon as the budget's pace allows.
* A record never gives way to one that expires earlier, and promises no longer life than Zoho gave. Where a clock was
  put back, a newer token may seem to expire earlier than the one before it; an older one never takes its place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

from tests.simulation.era import EPOCH
from tests.simulation.findings import BrokenRule, Tally
from tests.simulation.troubles import RECOVERY, Stretch, Troubles
from tests.simulation.zoho_side import Issue, ZohoSide

_SKEW_THAT_IS_NOT_BELIEVED: Final = 120.0
_A_SECOND: Final = 1.0
# How long before Zoho issued a token it can have been asked for.
_A_REFRESH: Final = 60.0
# A try that began in the trouble and hangs, and the one after the wait, with everything around it.
_TWO_TRIES: Final = 75.0
# How far two steady clocks part in a second, while a token waits for Vault.
_DRIFT: Final = 4e-4
_NOTHING: Final = "and nothing is amiss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is promised of one connection's tokens, in seconds.

    Attributes:
        pace: the longest wait between two tries once its token has expired.
    """

    floor: float
    pace: float


class Promise:
    """Keeps account of what readers find."""

    def __init__(
        self, terms: Mapping[str, Terms], *, troubles: Troubles, zoho: ZohoSide, tally: Tally, now: Callable[[], float]
    ) -> None:
        self._terms = terms
        self._troubles = troubles
        self._zoho = zoho
        self._tally = tally
        self._now = now
        self._expires: dict[str, float] = {}
        self._granted: dict[str, float] = {}
        self._restored: set[str] = set()

    def landed(
        self, name: str, before: Mapping[str, object] | None, new: Mapping[str, object], *, writer_is_ahead: float
    ) -> None:
        """A token record was written."""
        issue = self._zoho.issues[str(new["access_token"])]
        self._check_order(name, before, new, issue, writer_is_ahead=writer_is_ahead)
        promised = _epoch(new, "expires_at_epoch") - EPOCH.timestamp()
        if promised - writer_is_ahead > issue.expires + _A_SECOND + _DRIFT * (self._now() - issue.at):
            raise BrokenRule(f"the record of {name} promises {promised - issue.expires:.0f} s more than Zoho gave")
        self.check(name)
        self._expires[name] = issue.expires
        self._restored.discard(name)
        self._granted[name] = 0.0
        self._tally.refreshes += 1

    def expires(self, name: str) -> float:
        """When the token expires that stands in Vault; always ago where there is none."""
        return self._expires.get(name, -inf)

    def restored(self, name: str, fields: Mapping[str, object] | None) -> None:
        """A record stands in Vault that no daemon has written."""
        issue = self._zoho.issues.get(str(fields["access_token"])) if fields else None
        self._expires[name] = -inf if issue is None else issue.expires
        self._restored.add(name)
        self._granted[name] = 0.0

    def grant(self, seconds: float) -> None:
        """The tokens of now may be replaced so much later: a clock that was put back makes them seem younger."""
        for name in self._terms:
            self._granted[name] = self._granted.get(name, 0.0) + seconds

    def check(self, name: str) -> None:
        """What a reader would find now, if it is less than the floor, has an excuse."""
        self._tally.checks += 1
        floor = self._terms[name].floor - self._granted.get(name, 0.0)
        left = self.expires(name) - self._now()
        if floor <= 0 or left >= floor:
            return
        stretch = self._troubles.last_stretch(name, self._now(), expired=left <= 0)
        over_for = inf if stretch is None else self._now() - stretch.end
        if left > 0:
            if stretch is None or over_for > stretch.recovery:
                raise BrokenRule(f"{name} has {left:.0f} s to live, less than its floor of {floor:.0f} s, {_NOTHING}")
        elif stretch is None or over_for > self._recovery(name, stretch):
            raise BrokenRule(f"{name} has had no token for {-left:.0f} s, {_NOTHING}")
        elif (
            name in self._expires.keys() - self._restored
            and min(stretch.end, self.expires(name)) - stretch.begin < floor - _A_SECOND
        ):
            raise BrokenRule(
                f"the token of {name} expired {-left:.0f} s ago, and all that was amiss lasted {stretch.length:.0f} s, "
                f"less than the floor of {floor:.0f} s: {', '.join(stretch.what)}"
            )
        else:
            self._tally.excused += 1

    def _recovery(self, name: str, stretch: Stretch) -> float:
        """How long an expired token may stay so once all is well; where no job ever had one there is no hurry."""
        if name not in self._expires:
            return RECOVERY
        return min(stretch.recovery, self._terms[name].pace + _TWO_TRIES)

    def _check_order(
        self,
        name: str,
        before: Mapping[str, object] | None,
        new: Mapping[str, object],
        issue: Issue,
        *,
        writer_is_ahead: float,
    ) -> None:
        if before is None:
            return
        stood, stands = _epoch(before, "expires_at_epoch"), _epoch(new, "expires_at_epoch")
        replaced = self._zoho.issues.get(str(before["access_token"]))
        if stands >= stood or replaced is None:
            return
        lifetime = self._zoho.limits.token_lifetime.total_seconds()
        seems_issued = stood - lifetime - EPOCH.timestamp()
        if seems_issued > self._now() + writer_is_ahead + _SKEW_THAT_IS_NOT_BELIEVED:
            return
        seems_asked_for = stands - lifetime - EPOCH.timestamp()
        was_behind = issue.at - seems_asked_for > _A_REFRESH
        clocks_are_right = max(abs(writer_is_ahead), seems_issued - replaced.at) < _A_SECOND and not was_behind
        if clocks_are_right or issue.expires < replaced.expires:
            raise BrokenRule(f"the record of {name} went back to an expiry that is {stood - stands:.0f} s earlier")


def _epoch(fields: Mapping[str, object], name: str) -> float:
    value = fields[name]
    assert isinstance(value, int)
    return float(value)
