"""What is made of a report that a token has died early."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoho_tokend.core.consent import Alive, AliveWithoutScope, Dead, NoApiAccess, Proof, Unproven
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.reports import Verdict, in_turn, verdict

NAMES = st.sets(st.text("abc", min_size=1, max_size=3).map(ConnectionName), max_size=20)


@pytest.mark.parametrize(
    ("proof", "found"),
    [
        (Dead(), Verdict.CONFIRMED),
        (Alive(organisation=None, org_id=None), Verdict.REFUTED),
        (AliveWithoutScope(), Verdict.REFUTED),
        (NoApiAccess(), Verdict.REFUTED),
        (Unproven("the API is away"), Verdict.UNPROVEN),
    ],
)
def test_zohos_answer_has_the_last_word(proof: Proof, found: Verdict) -> None:
    assert verdict(proof) is found


@given(NAMES, st.integers(1, 7))
def test_nobody_is_left_out_for_longer_than_it_takes_to_ask_everybody(names: set[ConnectionName], at_most: int) -> None:
    asked, last = set[str](), ""
    for _ in range(-(-len(names) // at_most)):
        turn = in_turn(names, after=last, at_most=at_most)
        assert len(turn) <= at_most
        asked |= set(turn)
        last = turn[-1]
    assert asked == names
