"""The rules of the election, one at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.samples.builders import NOON
from zoho_tokend.core import election
from zoho_tokend.core.election import Candidate, Leave, Look, Rest, Terms, Write
from zoho_tokend.core.lease import NOBODY, Lease, LeaseRecord

TERMS = Terms(lease=timedelta(seconds=15), renew_deadline=timedelta(seconds=10), retry_period=timedelta(seconds=2))
NOBODY_KNOWS = Candidate(identity="me", terms=TERMS)
THEIRS = Lease(record=LeaseRecord(holder="other", duration=timedelta(seconds=15), transitions=3), version="7")
RENEWED = replace(THEIRS, version="8")
FREE = Lease(record=THEIRS.record.released(NOON), version="9")


def step(candidate: Candidate, now: float) -> election.Step:
    return election.next_step(candidate, now, NOON)


def looked(candidate: Candidate, found: Lease | None, at: float) -> Candidate:
    return election.after_look(candidate, found, asked_at=at, now=at)


def claimed(candidate: Candidate, at: float, *, version: str = "10") -> Candidate:
    """The candidate whose write of this moment was granted."""
    write = step(candidate, at)
    assert isinstance(write, Write)
    return election.after_write(candidate, Lease(record=write.record, version=version), asked_at=at, now=at)


def rest(candidate: Candidate, now: float) -> float:
    """Until when it rests."""
    found = step(candidate, now)
    assert isinstance(found, Rest)
    return found.until


LEADER = claimed(looked(NOBODY_KNOWS, None, at=0), at=0)


# --- getting it


def test_it_looks_first() -> None:
    assert step(NOBODY_KNOWS, 0) == Look()


def test_where_there_is_no_lease_it_makes_one_and_leads() -> None:
    candidate = looked(NOBODY_KNOWS, None, at=0)
    record = LeaseRecord(holder="me", duration=TERMS.lease, acquired_at=NOON, renewed_at=NOON)
    assert step(candidate, 0) == Write(record, None)
    assert election.leads(claimed(candidate, at=0), 0)


def test_a_lease_that_was_given_back_is_taken_at_once() -> None:
    write = step(looked(NOBODY_KNOWS, FREE, at=0), 0)
    assert isinstance(write, Write)
    assert (write.version, write.record.holder, write.record.transitions) == ("9", "me", 4)


def test_the_lease_of_another_is_left_alone_until_it_has_not_changed_for_its_duration() -> None:
    candidate, now = NOBODY_KNOWS, 0.0
    while not isinstance(step(candidate, now), Write):
        candidate = looked(candidate, THEIRS, at=now)
        now = rest(candidate, now) if isinstance(step(candidate, now), Rest) else now
    assert now == 15


def test_a_lease_that_changed_is_its_holders_for_another_duration_from_the_look_before() -> None:
    candidate = looked(looked(NOBODY_KNOWS, THEIRS, at=0), RENEWED, at=1.8)
    assert election.runs_out_at(candidate, RENEWED) == 15


def test_after_a_time_without_answers_a_change_is_taken_for_one_retry_period_old_at_most() -> None:
    candidate = looked(looked(NOBODY_KNOWS, THEIRS, at=0), RENEWED, at=14)
    assert election.runs_out_at(candidate, RENEWED) == 14 - 2 + 15


def test_the_duration_that_the_lease_names_counts_and_not_our_own() -> None:
    patient = Lease(record=replace(THEIRS.record, duration=timedelta(seconds=60)), version="7")
    assert election.runs_out_at(looked(NOBODY_KNOWS, patient, at=0), patient) == 60


def test_whoever_loses_the_race_for_a_lease_looks_at_once_and_waits() -> None:
    candidate = election.after_conflict(looked(NOBODY_KNOWS, FREE, at=0))
    assert step(candidate, 0) == Look()
    assert rest(looked(candidate, RENEWED, at=0), 0) > 0


# --- keeping it


def test_a_leader_leads_until_the_deadline_after_it_asked_for_its_last_renewal() -> None:
    write = step(looked(NOBODY_KNOWS, None, at=0), 0)
    assert isinstance(write, Write)
    slow = election.after_write(
        looked(NOBODY_KNOWS, None, at=0), Lease(record=write.record, version="1"), asked_at=1, now=4
    )
    assert election.leads(slow, 10.9)
    assert not election.leads(slow, 11)


def test_an_answer_that_comes_after_the_deadline_makes_no_leader() -> None:
    candidate = looked(NOBODY_KNOWS, FREE, at=0)
    write = step(candidate, 0)
    assert isinstance(write, Write)
    late = election.after_write(candidate, Lease(record=write.record, version="10"), asked_at=0, now=10)
    assert (election.leads(late, 10), late.term) == (False, 0)


def test_a_leader_renews_within_the_retry_period_and_its_reign_goes_on() -> None:
    until = rest(LEADER, 0)
    assert 1.4 <= until <= 1.8
    renewed = claimed(LEADER, at=until, version="11")
    assert (renewed.term, renewed.leads_until) == (1, until + 10)
    assert renewed.lease is not None
    assert renewed.lease.record.transitions == 0


def test_pauses_differ() -> None:
    pauses = {rest(claimed(looked(replace(NOBODY_KNOWS, tries=n), None, at=0), at=0), 0) for n in range(20)}
    assert len(pauses) == 20


def test_a_leader_whose_renewal_is_not_answered_leads_on_and_looks_after_a_pause() -> None:
    unsure = election.after_silence(LEADER, asked_at=2, now=3)
    assert election.leads(unsure, 3)
    assert 3 < rest(unsure, 3) <= 4
    assert step(unsure, 4) == Look()


def test_a_server_that_names_a_time_to_wait_is_given_it() -> None:
    told = election.after_silence(LEADER, asked_at=2, now=2, retry_after=timedelta(seconds=5))
    assert rest(told, 2) == 7


def test_a_claim_whose_answer_was_lost_is_found_again_and_leads_from_its_next_renewal_on() -> None:
    unsure = election.after_silence(looked(NOBODY_KNOWS, FREE, at=0), asked_at=0, now=5)
    mine = Lease(record=FREE.record.claimed_by("me", TERMS.lease, NOON), version="10")
    found = looked(unsure, mine, at=6)
    assert not election.leads(found, 6)
    assert election.leads(claimed(found, at=6), 6)


# --- losing it


@pytest.mark.parametrize("found", [THEIRS, FREE, None], ids=["another's", "given back", "deleted"])
def test_a_leader_that_does_not_find_its_own_lease_leads_no_more(found: Lease | None) -> None:
    assert not election.leads(looked(election.after_conflict(LEADER), found, at=2), 2)


def test_a_reign_that_ended_and_came_back_is_another_reign() -> None:
    unsure = election.after_silence(LEADER, asked_at=2, now=12)
    again = claimed(looked(unsure, LEADER.lease, at=13), at=13)
    assert election.leads(again, 13)
    assert again.term == LEADER.term + 1


# --- giving it back


def test_a_leader_that_leaves_leads_no_more_and_gives_the_lease_back() -> None:
    leaving = election.leave(LEADER)
    assert not election.leads(leaving, 0)
    write = step(leaving, 0)
    assert isinstance(write, Write)
    assert (write.record.holder, write.record.duration) == (NOBODY, timedelta(seconds=1))
    gone = election.after_write(leaving, Lease(record=write.record, version="11"), asked_at=0, now=0)
    assert step(gone, 0) == Leave()
    assert not election.leads(gone, 0)


def test_a_standby_leaves_without_a_word() -> None:
    assert step(election.leave(looked(NOBODY_KNOWS, THEIRS, at=0)), 0) == Leave()
    assert step(election.leave(NOBODY_KNOWS), 0) == Leave()


def test_whoever_leaves_after_a_claim_without_an_answer_looks_whether_it_holds_the_lease() -> None:
    unsure = election.after_silence(looked(NOBODY_KNOWS, FREE, at=0), asked_at=0, now=5)
    assert step(election.leave(unsure), 5) == Look()


def test_a_release_that_is_not_answered_is_tried_again_after_a_pause() -> None:
    unsure = election.after_silence(election.leave(LEADER), asked_at=2, now=2)
    assert rest(unsure, 2) > 2
    assert step(unsure, 4) == Look()
