from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.fact_samples import NOON, a_daemon, a_row
from zoho_tokend.core.facts import ConnectionFacts, DaemonFacts, State
from zoho_tokend.web.listing import Selection, select
from zoho_tokend.web.page import page

HOSTILE = "</td><script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp;"


def shown(*rows: ConnectionFacts, selection: Selection | None = None, daemon: DaemonFacts | None = None) -> str:
    selection = selection or Selection()
    return page(daemon or a_daemon(), select(rows, selection), selection)


def test_the_promise_is_made_in_one_sentence_with_the_floor() -> None:
    promise = "a job that reads a token from Vault, at any moment, finds one with at least <strong>25 min</strong>"
    assert f"{promise} left to live." in shown()


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        pytest.param([], "There are no connections yet.", id="none"),
        pytest.param([a_row()], "The one connection is well.", id="one"),
        pytest.param([a_row("a"), a_row("b", State.REFRESHING)], "All 2 connections are well.", id="two"),
        pytest.param([a_row("a"), a_row("b", State.EXPIRED)], "1 of 2 connections needs a look.", id="one in trouble"),
    ],
)
def test_the_verdict_says_whether_anybody_has_to_look(rows: list[ConnectionFacts], verdict: str) -> None:
    assert verdict in shown(*rows)


@pytest.mark.parametrize("field", ["name", "data_center", "error"])
def test_a_hostile_text_is_shown_and_never_obeyed(field: str) -> None:
    changes: dict[str, Any] = {field: HOSTILE}
    html = shown(replace(a_row(), **changes))
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_hostile_name_makes_no_hostile_link() -> None:
    rows = [a_row(f'"><script>{number}') for number in range(2)]
    assert "<script" not in shown(*rows, selection=Selection(limit=1))


@pytest.mark.parametrize(
    ("left", "health", "width"),
    [(50, "good", "83%"), (20, "low", "33%"), (-5, "gone", "0%")],
    ids=["above the floor", "below the floor", "ended"],
)
def test_the_bar_tells_the_life_left_against_the_floor(left: int, health: str, width: str) -> None:
    expires_at = NOON + timedelta(minutes=left)
    html = shown(a_row(expires_at=expires_at, issued_at=expires_at - timedelta(hours=1)))
    assert f'class="bar {health}"' in html
    assert f'<rect width="{width}" height="100%" rx="3" class="life">' in html
    assert '<line x1="42%" x2="42%"' in html


def test_a_connection_without_a_token_has_no_bar() -> None:
    html = shown(a_row(state=State.PENDING, expires_at=None, issued_at=None, last_success_at=None))
    assert "no token" in html
    assert "<svg" not in html


@pytest.mark.parametrize("issued_at", [None, NOON + timedelta(minutes=50)])
def test_an_odd_record_does_not_break_the_page(issued_at: object) -> None:
    assert "crm-prod" in shown(a_row(issued_at=issued_at), daemon=a_daemon(floor=timedelta()))


def test_a_refresh_under_way_has_no_next_one() -> None:
    assert "under way" in shown(a_row(state=State.REFRESHING, next_refresh_at=None))


def test_a_page_that_does_not_show_all_leads_to_the_next_in_the_same_state() -> None:
    html = shown(a_row("a"), a_row("b"), selection=Selection(state=State.FRESH, limit=1))
    assert 'href="?state=fresh&amp;after=8%3Aa"' in html
    assert "Next page" not in shown(a_row("a"))


def test_nothing_on_the_page_needs_a_script_or_a_style_of_its_own() -> None:
    html = shown(a_row())
    assert "<script" not in html
    assert "<style" not in html
    assert " style=" not in html
