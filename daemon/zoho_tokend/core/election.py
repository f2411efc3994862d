"""The election of the one process that works, by the rules of client-go, as values.

What was heard of the lease goes in, with the local clock; what to do next comes out. Whether the lease of another has
run out is judged by local, monotonic time since it last *changed*: no two machines' clocks are ever compared. A leader
leads until the renew deadline after it *asked* for its last renewal that was granted; the lease outlives that deadline,
so that no two lead at once as long as their clocks run about equally fast. What a stalled process may do all the same
is stopped by the check-and-set of the token records. Departures from client-go, and why:
docs/adr/0014-an-election-by-client-gos-rules.md.
https://github.com/kubernetes/client-go/blob/master/tools/leaderelection/leaderelection.go
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core.jitter import fraction
from zoho_tokend.core.lease import NOBODY, Lease, LeaseRecord

_NEVER: Final = float("-inf")
# Pauses last from 70 to 90 % of the retry period, so that with the requests after it none lasts longer than the period.
_SHORTEST_PAUSE: Final = 0.7
_PAUSE_SPAN: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long is waited for what.

    Attributes:
        lease: how long a lease that does not change stays its holder's; whole seconds.
        renew_deadline: how long after its last renewal a leader may start anything.
        retry_period: the longest time between two looks at the lease, or two renewals of it.
    """

    lease: timedelta
    renew_deadline: timedelta
    retry_period: timedelta

    @property
    def request_timeout(self) -> timedelta:
        """How long one request may take: a leader gets a second chance before its deadline."""
        return self.renew_deadline / 2


@dataclass(frozen=True, slots=True)
class Look:
    """Read the lease."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write this record, where the lease still has that version; None: where there is no lease."""

    record: LeaseRecord
    version: str | None


@dataclass(frozen=True, slots=True)
class Rest:
    """Ask again then, by the monotonic clock."""

    until: float


@dataclass(frozen=True, slots=True)
class Leave:
    """It is over: whatever was held is given back."""


Step = Look | Write | Rest | Leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One process that would lead, and what it knows.

    Attributes:
        identity: one that no other process ever has: a lease that names it was written by this very process.
        lease: the lease as it was last heard of; None when there is none, or nothing was heard yet.
        certain: whether nothing has happened since that could have changed it.
        heard_at: when the request was sent that last told of the lease; None when nothing did yet.
        changed_at: the earliest moment at which the lease can have become what it is.
        leads_until: it leads before this moment.
        term: how often it has become the leader; a number that is never used for two reigns.
        rest_until: nothing is asked before.
        tries: how many requests were made, for pauses that differ.
        leaving: it leads no more, and gives back what it holds.
    """

    identity: str
    terms: Terms
    lease: Lease | None = None
    certain: bool = False
    heard_at: float | None = None
    changed_at: float = _NEVER
    leads_until: float = _NEVER
    term: int = 0
    rest_until: float = _NEVER
    tries: int = 0
    leaving: bool = False


def leads(candidate: Candidate, now: float) -> bool:
    """Whether the candidate may start anything now."""
    return now < candidate.leads_until


def next_step(candidate: Candidate, now: float, wall: datetime) -> Step:
    """What to do now; ``wall`` is what is written down for people."""
    if candidate.leaving and _holds_nothing(candidate):
        return Leave()
    if now < candidate.rest_until:
        return Rest(candidate.rest_until)
    if not candidate.certain:
        return Look()
    lease = candidate.lease
    if lease is None:
        first = LeaseRecord(
            holder=candidate.identity, duration=candidate.terms.lease, acquired_at=wall, renewed_at=wall
        )
        return Write(first, None)
    if candidate.leaving:
        return Write(lease.record.released(wall), lease.version)
    if lease.record.holder in {NOBODY, candidate.identity} or now >= runs_out_at(candidate, lease):
        return Write(lease.record.claimed_by(candidate.identity, candidate.terms.lease, wall), lease.version)
    return Look()


def after_look(candidate: Candidate, found: Lease | None, *, asked_at: float, now: float) -> Candidate:
    """The candidate once the lease was read; None: there is none."""
    heard = _heard(candidate, found, asked_at=asked_at, now=now)
    if found is not None and found.record.holder == candidate.identity:
        return replace(heard, rest_until=_NEVER)
    rest_until = _NEVER
    if found is not None and found.record.holder != NOBODY:
        rest_until = min(runs_out_at(heard, found), asked_at + _pause(candidate))
    return replace(heard, leads_until=_NEVER, rest_until=rest_until)


def after_write(candidate: Candidate, written: Lease, *, asked_at: float, now: float) -> Candidate:
    """The candidate once its record stands; it leads from when it asked, unless it was giving the lease back."""
    heard = _heard(candidate, written, asked_at=asked_at, now=now)
    if candidate.leaving:
        return heard
    leads_until = asked_at + candidate.terms.renew_deadline.total_seconds()
    begins = now < leads_until and not leads(candidate, now)
    return replace(
        heard,
        leads_until=leads_until,
        term=candidate.term + 1 if begins else candidate.term,
        rest_until=asked_at + _pause(candidate),
    )


def after_conflict(candidate: Candidate) -> Candidate:
    """The candidate once its write found another version than the one it knew: it looks at once."""
    return replace(candidate, certain=False, rest_until=_NEVER, tries=candidate.tries + 1)


def after_silence(
    candidate: Candidate, *, asked_at: float, now: float, retry_after: timedelta = timedelta()
) -> Candidate:
    """The candidate once a request brought no usable answer: a write may have landed, so it looks after a pause."""
    rest_until = max(asked_at + _pause(candidate), now + retry_after.total_seconds())
    return replace(candidate, certain=False, rest_until=rest_until, tries=candidate.tries + 1)


def leave(candidate: Candidate) -> Candidate:
    """The candidate that wants no more: it leads no longer from now on."""
    return replace(candidate, leaving=True, leads_until=_NEVER, rest_until=_NEVER)


def runs_out_at(candidate: Candidate, lease: Lease) -> float:
    """When the lease may be taken from another, unless it changes before."""
    duration = lease.record.duration or candidate.terms.lease
    return candidate.changed_at + duration.total_seconds()


def _heard(candidate: Candidate, lease: Lease | None, *, asked_at: float, now: float) -> Candidate:
    changed_at = candidate.changed_at
    if lease is None or candidate.lease is None or lease.version != candidate.lease.version:
        changed_at = _changed_at(candidate, now)
    return replace(
        candidate, lease=lease, certain=True, heard_at=asked_at, changed_at=changed_at, tries=candidate.tries + 1
    )


def _changed_at(candidate: Candidate, now: float) -> float:
    """The earliest moment at which a change that is noticed now can have happened.

    That is when the look before it was sent. Yet no more than a retry period is counted: after a time without answers
    the holder may well have renewed a moment ago.
    """
    if candidate.heard_at is None:
        return now
    return max(candidate.heard_at, now - candidate.terms.retry_period.total_seconds())


def _holds_nothing(candidate: Candidate) -> bool:
    """Whether it is certain that the lease does not name the candidate."""
    if candidate.tries == 0:
        return True
    return candidate.certain and (candidate.lease is None or candidate.lease.record.holder != candidate.identity)


def _pause(candidate: Candidate) -> float:
    part = _SHORTEST_PAUSE + _PAUSE_SPAN * fraction(candidate.identity, candidate.tries)
    return candidate.terms.retry_period.total_seconds() * part
