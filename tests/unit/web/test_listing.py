import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.samples.fact_samples import a_row
from zoho_tokend.core.facts import HEALTHY, ConnectionFacts, State
from zoho_tokend.web.listing import LONGEST_PAGE, PAGE, TROUBLE_FIRST, Selection, parse_selection, select

FLEETS = st.dictionaries(st.text(max_size=4), st.sampled_from(State), max_size=30).map(
    lambda fleet: [a_row(name, state) for name, state in fleet.items()]
)


def names(rows: list[ConnectionFacts], selection: Selection | None = None) -> list[str]:
    return [row.name for row in select(rows, selection or Selection()).rows]


def test_every_state_has_its_place_and_the_healthy_ones_come_last() -> None:
    assert sorted(TROUBLE_FIRST) == sorted(State)
    assert set(TROUBLE_FIRST[-len(HEALTHY) :]) == HEALTHY


def test_trouble_comes_first_and_names_in_order_within_a_state() -> None:
    rows = [a_row("b"), a_row("z", State.EXPIRED), a_row("a"), a_row("y", State.FAILING)]
    assert names(rows) == ["z", "y", "a", "b"]


def test_one_state_can_be_asked_for_and_the_counts_still_tell_all() -> None:
    rows = [a_row("a"), a_row("b", State.FAILING), a_row("c", State.FAILING)]
    listing = select(rows, Selection(state=State.FAILING))
    assert [row.name for row in listing.rows] == ["b", "c"]
    assert listing.counts == dict.fromkeys(State, 0) | {State.FRESH: 1, State.FAILING: 2}


@settings(deadline=None)
@given(FLEETS, st.integers(1, 7))
def test_the_pages_together_show_every_connection_once(rows: list[ConnectionFacts], limit: int) -> None:
    shown: list[str] = []
    selection = Selection(limit=limit)
    while True:
        listing = select(rows, selection)
        shown += [row.name for row in listing.rows]
        if listing.after is None:
            break
        assert len(listing.rows) == limit
        selection = parse_selection({"limit": str(limit), "after": listing.after})
    assert shown == names(rows, Selection(limit=LONGEST_PAGE))
    assert len(shown) == len(rows)


@given(FLEETS, st.integers(1, 7))
def test_the_page_before_ends_where_this_one_begins(rows: list[ConnectionFacts], limit: int) -> None:
    pages = [select(rows, Selection(limit=limit))]
    while (after := pages[-1].after) is not None:
        pages.append(select(rows, parse_selection({"limit": str(limit), "after": after})))
    assert pages[0].before is None
    for earlier, later in itertools.pairwise(pages):
        assert later.before is not None
        back = select(rows, parse_selection({"limit": str(limit), "after": later.before}))
        assert [row.name for row in back.rows] == [row.name for row in earlier.rows]
        assert later.first == earlier.first + limit
    assert {page.matching for page in pages} == {len(rows)}


def test_a_name_is_found_by_any_part_of_it_in_capitals_or_not() -> None:
    rows = [a_row("crm-Prod"), a_row("CRM-test"), a_row("sales")]
    assert names(rows, Selection(search="cRm-")) == ["CRM-test", "crm-Prod"]
    assert select(rows, Selection(search="crm")).matching == 2


def test_a_connection_that_changed_between_two_pages_hides_no_other() -> None:
    first = select([a_row("a"), a_row("b"), a_row("c")], Selection(limit=1))
    rest = parse_selection({"after": str(first.after)})
    assert names([a_row("a", State.EXPIRED), a_row("b"), a_row("c")], rest) == ["b", "c"]


def test_nothing_asked_for_is_the_first_page_of_all() -> None:
    assert parse_selection({}) == parse_selection({"state": "", "after": ""}) == Selection(limit=PAGE)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"state": "sad"}, "state is one of expired, failing"),
        *(
            ({"limit": limit}, "limit is a number from 1 to 1000")
            for limit in ("0", "-1", "1001", "9" * 5000, "x", "٣", "")
        ),
        *(
            ({"after": after}, "after must be the value that the previous page gave")
            for after in ("crm-prod", "10:x", "x:y", "00:a", ":")
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_what_can(parameters: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_selection(parameters)
