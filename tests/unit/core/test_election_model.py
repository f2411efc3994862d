"""Every order of acquiring, renewing, stealing, leaving, dying and losing answers that a few faults can make."""

import pytest

from tests.support.stand_ins.election_model import TERMS, TICK, Universe, Waiting, beginning, every_universe

# The lease of a dead holder, and a time-out that was waiting for its end.
LONGEST_VACANCY = TERMS.lease / TICK + 2

BEGINNINGS = {
    "two candidates, no lease, two faults": (beginning(2, faults=2), 12),
    "two candidates, the lease of a dead holder, two faults": (beginning(2, faults=2, held=True), 12),
    "three candidates, no lease, one fault": (beginning(3, faults=1), 10),
}


@pytest.mark.parametrize(("first", "ticks"), BEGINNINGS.values(), ids=BEGINNINGS)
def test_no_two_ever_lead_at_once_and_somebody_always_will(first: Universe, ticks: int) -> None:
    waiting = Waiting()
    reigns = 0
    for universe in every_universe(first, ticks=ticks):
        assert universe.leaders <= 1, universe
        assert waiting.ticks(universe) <= LONGEST_VACANCY, universe
        reigns += universe.leaders
    assert reigns, "nobody ever led, so this shows nothing"


@pytest.mark.parametrize("rates", [(1.0, 1.25), (1.25, 1.0)])
def test_no_two_lead_at_once_though_one_clock_runs_a_quarter_faster(rates: tuple[float, float]) -> None:
    assert all(universe.leaders <= 1 for universe in every_universe(beginning(2, faults=1, rates=rates), ticks=16))


def test_two_may_lead_where_one_clock_runs_twice_as_fast_which_is_what_the_token_records_are_fenced_for() -> None:
    assert any(universe.leaders > 1 for universe in every_universe(beginning(2, faults=1, rates=(1.0, 2.0)), ticks=16))
