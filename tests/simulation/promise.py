"""The promise, judged by the life that was left whenever a record was replaced, for at no other time was it less.

* With nothing amiss, never less than the floor is left.
* An expired token is excused by a stretch of trouble that was longer than the floor, and that is not over for longer
  than ``RECOVERY``; nothing else excuses it.
* A record never gives way to one that expires earlier, and promises no longer life than Zoho gave.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.simulation.era import EPOCH
from tests.simulation.findings import BrokenRule, Tally
from tests.simulation.troubles import RECOVERY, Troubles
from tests.simulation.zoho_side import ZohoSide

_SKEW_THAT_IS_NOT_BELIEVED: Final = 120.0
_A_SECOND: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is promised of one connection's tokens, in seconds."""

    lead: float
    floor: float


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

    def landed(
        self, name: str, before: Mapping[str, object] | None, new: Mapping[str, object], *, writer_is_ahead: float
    ) -> None:
        """A token record was written."""
        self._check_order(name, before, new, writer_is_ahead=writer_is_ahead)
        issue = self._zoho.issues[str(new["access_token"])]
        promised = _epoch(new, "expires_at_epoch") - EPOCH.timestamp()
        if promised - writer_is_ahead > issue.expires + _A_SECOND:
            raise BrokenRule(f"the record of {name} promises {promised - issue.expires:.0f} s more than Zoho gave")
        self.check(name)
        self._expires[name] = issue.expires
        self._tally.refreshes += 1

    def check(self, name: str) -> None:
        """What a reader would find now, if it is less than the floor, has an excuse."""
        now, terms = self._now(), self._terms[name]
        self._tally.checks += 1
        if not terms.floor:
            return
        expires = self._expires.get(name)
        left = expires - now if expires is not None else -1.0
        if left >= terms.floor:
            return
        stretch = self._troubles.last_stretch(name, now)
        if expires is None:
            if stretch is None or stretch.end + RECOVERY < now:
                raise BrokenRule(f"{name} has no token yet, and nothing is amiss")
        elif left > 0:
            if now < expires - terms.floor:
                return
            if stretch is None or stretch.end + RECOVERY < expires - terms.lead:
                raise BrokenRule(
                    f"{name} has {left:.0f} s to live, less than its floor of {terms.floor:.0f} s, and nothing is amiss"
                )
        elif stretch is None or stretch.end + RECOVERY < now:
            raise BrokenRule(f"the token of {name} expired {-left:.0f} s ago, and nothing is amiss any more")
        elif min(stretch.end, expires) - stretch.begin < terms.floor - _A_SECOND:
            raise BrokenRule(
                f"the token of {name} expired {-left:.0f} s ago, and all that was amiss lasted {stretch.length:.0f} s, "
                f"less than the floor of {terms.floor:.0f} s ({', '.join(stretch.what)})"
            )
        else:
            self._tally.excused += 1

    def _check_order(
        self, name: str, before: Mapping[str, object] | None, new: Mapping[str, object], *, writer_is_ahead: float
    ) -> None:
        if before is None:
            return
        stood, stands = _epoch(before, "expires_at_epoch"), _epoch(new, "expires_at_epoch")
        issued = self._zoho.issues.get(str(before["access_token"]))
        lifetime = self._zoho.limits.token_lifetime.total_seconds()
        seems_issued = stood - lifetime - EPOCH.timestamp()
        unbelievable = issued is None or seems_issued > self._now() + writer_is_ahead + _SKEW_THAT_IS_NOT_BELIEVED
        if stands < stood and not unbelievable:
            raise BrokenRule(f"the record of {name} went back to an expiry that is {stood - stands:.0f} s earlier")


def _epoch(fields: Mapping[str, object], name: str) -> float:
    value = fields[name]
    assert isinstance(value, int)
    return float(value)
