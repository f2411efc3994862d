"""Leader election by the rules of client-go, as pure functions over values.

They take what was observed of the lease and the local clock, and return what to do next. Whether the lease of another
process has expired is judged by local, monotonic time since it last *changed*: the clocks of two machines are never
compared. A leader leads until the renew deadline after it *requested* its last successful renewal. The lease outlives
that deadline, so no two processes lead at once as long as their clocks run about equally fast. A stalled process that
writes all the same is stopped by the check-and-set of the token records.
Departures from client-go, and why:
docs/adr/0014-an-election-by-client-gos-rules.md.
https://github.com/kubernetes/client-go/blob/master/tools/leaderelection/leaderelection.go
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core.jitter import fraction
from zoho_tokend.core.lease import NOBODY, Lease, LeaseRecord

_NEVER: Final = float("-inf")
# A pause lasts from 70 to 90 % of the retry period, so that pause and request together stay within the period.
_SHORTEST_PAUSE: Final = 0.7
_PAUSE_SPAN: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The time-outs of the election.

    Attributes:
        lease: how long a lease that does not change belongs to its holder; whole seconds.
        renew_deadline: how long after its last renewal a leader may start anything.
        retry_period: the longest time between two reads of the lease, or two renewals of it.
    """

    lease: timedelta
    renew_deadline: timedelta
    retry_period: timedelta

    @property
    def request_timeout(self) -> timedelta:
        """How long one request may take: a leader can try twice before its deadline."""
        return self.renew_deadline / 2


@dataclass(frozen=True, slots=True)
class ReadLease:
    """Read the lease."""


@dataclass(frozen=True, slots=True)
class WriteLease:
    """Write this record if the lease still has that version; with None, if there is no lease."""

    record: LeaseRecord
    version: str | None


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing until then, by the monotonic clock, in seconds."""

    until: float


@dataclass(frozen=True, slots=True)
class Finish:
    """End: the lease is released, or was never held."""


Step = ReadLease | WriteLease | Pause | Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A process that takes part in the election, and what it knows.

    Attributes:
        identity: one that no other process ever has: a lease that names it was written by this very process.
        lease: the lease as it was last observed; None when there is none, or none was observed yet.
        certain: whether no request since then, such as a write without an answer, may have changed it.
        observed_at: when the request was sent that last observed the lease; None before the first one.
        changed_at: the earliest moment at which the observed lease can have been written.
        leads_until: the candidate leads before this moment.
        term: how often the candidate has become the leader; each term has a number of its own.
        paused_until: no request is made before this moment.
        tries: how many requests were made; the jitter of the pauses depends on it.
        resigned: whether the candidate leads no more, and releases the lease if it holds it.
    """

    identity: str
    timing: Timing
    lease: Lease | None = None
    certain: bool = False
    observed_at: float | None = None
    changed_at: float = _NEVER
    leads_until: float = _NEVER
    term: int = 0
    paused_until: float = _NEVER
    tries: int = 0
    resigned: bool = False


def leads(candidate: Candidate, now: float) -> bool:
    """Whether the candidate may start anything now."""
    return now < candidate.leads_until


def next_step(candidate: Candidate, now: float, wall: datetime) -> Step:
    """Return what to do now; ``wall`` is written into the lease for people to read."""
    if candidate.resigned and _holds_nothing(candidate):
        return Finish()
    if now < candidate.paused_until:
        return Pause(candidate.paused_until)
    if not candidate.certain:
        return ReadLease()
    lease = candidate.lease
    if lease is None:
        first = LeaseRecord(
            holder=candidate.identity, duration=candidate.timing.lease, acquired_at=wall, renewed_at=wall
        )
        return WriteLease(first, None)
    if candidate.resigned:
        return WriteLease(lease.record.released(wall), lease.version)
    if lease.record.holder in {NOBODY, candidate.identity} or now >= expires_at(candidate, lease):
        return WriteLease(lease.record.claimed_by(candidate.identity, candidate.timing.lease, wall), lease.version)
    return ReadLease()


def after_read(candidate: Candidate, found: Lease | None, *, asked_at: float, now: float) -> Candidate:
    """Return the candidate after it read the lease; ``found`` is None when there is none."""
    observed = _observed(candidate, found, asked_at=asked_at, now=now)
    if found is not None and found.record.holder == candidate.identity:
        return replace(observed, paused_until=_NEVER)
    paused_until = _NEVER
    if found is not None and found.record.holder != NOBODY:
        paused_until = min(expires_at(observed, found), asked_at + _pause(candidate))
    return replace(observed, leads_until=_NEVER, paused_until=paused_until)


def after_write(candidate: Candidate, written: Lease, *, asked_at: float, now: float) -> Candidate:
    """Return the candidate after its write; it leads from the request on, unless it has released the lease."""
    observed = _observed(candidate, written, asked_at=asked_at, now=now)
    if candidate.resigned:
        return observed
    leads_until = asked_at + candidate.timing.renew_deadline.total_seconds()
    begins = now < leads_until and not leads(candidate, now)
    return replace(
        observed,
        leads_until=leads_until,
        term=candidate.term + 1 if begins else candidate.term,
        paused_until=asked_at + _pause(candidate),
    )


def after_conflict(candidate: Candidate) -> Candidate:
    """Return the candidate after its write met another version than it knew: it reads the lease at once."""
    return replace(candidate, certain=False, paused_until=_NEVER, tries=candidate.tries + 1)


def after_no_answer(
    candidate: Candidate, *, asked_at: float, now: float, retry_after: timedelta = timedelta()
) -> Candidate:
    """Return the candidate after a request got no usable answer: a write may have landed, so it reads after a pause."""
    paused_until = max(asked_at + _pause(candidate), now + retry_after.total_seconds())
    return replace(candidate, certain=False, paused_until=paused_until, tries=candidate.tries + 1)


def resign(candidate: Candidate) -> Candidate:
    """Return the candidate after it resigned: it leads no longer."""
    return replace(candidate, resigned=True, leads_until=_NEVER, paused_until=_NEVER)


def expires_at(candidate: Candidate, lease: Lease) -> float:
    """Return when the lease of another may be taken, unless it changes before."""
    duration = lease.record.duration or candidate.timing.lease
    return candidate.changed_at + duration.total_seconds()


def _observed(candidate: Candidate, lease: Lease | None, *, asked_at: float, now: float) -> Candidate:
    changed_at = candidate.changed_at
    if lease is None or candidate.lease is None or lease.version != candidate.lease.version:
        changed_at = _changed_at(candidate, now)
    return replace(
        candidate, lease=lease, certain=True, observed_at=asked_at, changed_at=changed_at, tries=candidate.tries + 1
    )


def _changed_at(candidate: Candidate, now: float) -> float:
    """Return the earliest moment at which a change that is noticed now can have happened.

    That is when the previous read was sent, but at most one retry period ago: after a time without answers the holder
    may have renewed a moment ago.
    """
    if candidate.observed_at is None:
        return now
    return max(candidate.observed_at, now - candidate.timing.retry_period.total_seconds())


def _holds_nothing(candidate: Candidate) -> bool:
    """Whether the lease certainly does not name the candidate."""
    if candidate.tries == 0:
        return True
    return candidate.certain and (candidate.lease is None or candidate.lease.record.holder != candidate.identity)


def _pause(candidate: Candidate) -> float:
    part = _SHORTEST_PAUSE + _PAUSE_SPAN * fraction(candidate.identity, candidate.tries)
    return candidate.timing.retry_period.total_seconds() * part
