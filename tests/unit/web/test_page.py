from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.support.samples.fact_samples import NOON, a_daemon, a_row
from tests.support.samples.web_sources import READY
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.facts import ConnectionFacts, DaemonFacts, Limit, State
from zoho_tokend.core.health import Check, readiness
from zoho_tokend.core.sharding import Shard
from zoho_tokend.web.listing import Selection, promise, select
from zoho_tokend.web.page import View, page

HOSTILE = "</td><script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp;"
UNREADY = readiness(vault_session=False, discovered=False, stopping=False)
NO_TOKEN: dict[str, Any] = {"expires_at": None, "issued_at": None, "last_success_at": None}


def shown(
    *rows: ConnectionFacts,
    selection: Selection | None = None,
    daemon: DaemonFacts | None = None,
    ready: tuple[Check, ...] = tuple(READY),
) -> str:
    selection, daemon = selection or Selection(), daemon or a_daemon()
    return page(
        View(
            daemon=daemon,
            ready=ready,
            promise=promise(rows, daemon.now),
            listing=select(rows, selection),
            selection=selection,
        )
    )


def test_the_promise_is_made_in_one_sentence_with_the_floor() -> None:
    made = "a job that reads a token from Vault, at any moment, finds one with at least <strong>25 min</strong>"
    assert f"{made} left to live." in shown()


@pytest.mark.parametrize(
    ("limit", "whose"),
    [(Limit.BUDGET, "the budget of its refresh token"), (Limit.CLIENT_LIMIT, "the limit of its client")],
)
def test_a_refresh_that_is_due_says_what_it_waits_for(limit: Limit, whose: str) -> None:
    assert f"It is due, and waits for {whose}." in shown(a_row(deferred_by=limit))
    assert "It is due" not in shown(a_row())


class Elements(HTMLParser):
    """The name of each element, as a browser reads the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        self.names.append(tag)


def left(minutes: float) -> dict[str, Any]:
    return {"expires_at": NOON + timedelta(minutes=minutes), "issued_at": NOON + timedelta(minutes=minutes - 60)}


@pytest.mark.parametrize(
    ("rows", "verdict", "notes"),
    [
        pytest.param([], "There are no connections yet.", [], id="none"),
        pytest.param([a_row()], "The promise is kept.", [], id="well"),
        pytest.param([a_row(**left(25))], "The promise is kept.", [], id="at the floor"),
        pytest.param(
            [a_row("a", **left(24)), a_row("b")],
            "The promise is broken for 1 of 2 connections.",
            ["1 connection has a token with less life left than the floor."],
            id="below the floor",
        ),
        pytest.param(
            [a_row("a", State.EXPIRED, **left(-1)), a_row("b", State.EXPIRED, **left(-2)), a_row("c")],
            "The promise is broken for 2 of 3 connections.",
            ["2 connections have no living token in Vault: their jobs fail now."],
            id="no living token",
        ),
        pytest.param(
            [a_row("a", State.MISCONFIGURED, **NO_TOKEN), a_row("b", State.NEEDS_CONSENT, **left(-1)), a_row("c")],
            "The promise is kept, but 2 of 3 connections have no good token.",
            ["2 connections wait for a person: their jobs have no good token until then."],
            id="waiting for a person",
        ),
        pytest.param(
            [a_row("a", State.REVOKED, **left(-1)), a_row("b")],
            "The promise is kept.",
            ["1 connection was revoked on purpose: nothing is promised."],
            id="revoked",
        ),
        pytest.param(
            [a_row("a", State.NEEDS_CONSENT), a_row("b")],
            "The promise is kept.",
            ["1 connection needs a look, though its token is good."],
            id="kept, for now",
        ),
        pytest.param(
            [a_row("a", State.FAILING), a_row("b", State.FAILING), a_row("c", State.EXPIRED, **left(-1))],
            "The promise is broken for 1 of 3 connections.",
            ["2 other connections need a look, though their tokens are good."],
            id="broken for one, and two to look at",
        ),
        pytest.param([a_row(state=State.PENDING, **NO_TOKEN)], "The first tokens are being asked for.", [], id="new"),
        pytest.param(
            [a_row("a", State.PENDING, **NO_TOKEN), a_row("b")],
            "The promise is kept.",
            ["1 connection has no token yet: the first one is being asked for."],
            id="one is new",
        ),
        pytest.param(
            [a_row(state=State.PENDING, error="Zoho is away", **NO_TOKEN)],
            "No connection has a good token.",
            ["1 connection has never had a token, and is still refused one."],
            id="new, and no token comes",
        ),
    ],
)
def test_the_verdict_says_whether_the_promise_is_kept_right_now(
    rows: list[ConnectionFacts], verdict: str, notes: list[str]
) -> None:
    html = shown(*rows)
    assert f">{verdict}</h1>" in html
    assert [note for note in notes if f">{note}</li>" not in html] == []


def test_the_verdict_is_of_the_whole_fleet_whatever_is_shown() -> None:
    html = shown(a_row("a", State.EXPIRED, **left(-1)), a_row("b"), selection=Selection(search="b"))
    assert "The promise is broken for 1 of 2 connections." in html


def test_the_token_with_the_least_life_is_named_beside_the_floor() -> None:
    html = shown(a_row("roomy", **left(55)), a_row("tight", **left(26)), a_row("gone", State.EXPIRED, **left(-9)))
    assert "Least life of any token now: <strong>26 min</strong>" in html
    assert "tight; its floor, the line, is 25 min" in html


def test_a_daemon_that_knows_no_fleet_yet_says_so_in_place_of_an_empty_one() -> None:
    html = shown(ready=tuple(UNREADY))
    assert ">The fleet is not known yet.</h1>" in html
    assert "The daemon is not ready: no live Vault session; the first discovery has not ended." in html
    assert "authorize" not in html


def test_an_empty_fleet_says_what_to_do_next() -> None:
    html = shown(daemon=a_daemon(credentials="team/crm/credentials"))
    assert "<span>zoho-tokend</span> <span>authorize</span> <span>web</span>" in html
    assert "<code>team/crm/credentials/</code>" in html


def test_a_standby_says_that_another_process_refreshes() -> None:
    assert "This process stands by: another one refreshes" in shown(a_row(), daemon=a_daemon(leader=False))
    assert "stands by" not in shown(a_row())


@pytest.mark.parametrize(("leader", "role"), [(True, "leader"), (False, "standby")])
def test_the_top_and_the_foot_tell_the_role_of_the_process(leader: bool, role: str) -> None:  # noqa: FBT001 - a fact
    html = shown(a_row(), daemon=a_daemon(leader=leader))
    assert html.count(f"\N{MIDDLE DOT} {role}<") == html.count(f"<dt>Role</dt><dd>{role}</dd>") == 1


@pytest.mark.parametrize("field", ["name", "data_center", "error"])
def test_a_hostile_text_is_shown_and_never_obeyed(field: str) -> None:
    changes: dict[str, Any] = {field: HOSTILE}
    html = shown(replace(a_row(state=State.FAILING, **NO_TOKEN), **changes))
    assert "img" not in Elements(html).names
    assert Elements(html).names.count("script") == 1
    assert "&lt;script&gt;alert(1)" in html


def test_hostile_words_of_a_query_make_no_hostile_page() -> None:
    rows = [a_row(f'"><script>{number}') for number in range(2)]
    html = shown(*rows, selection=Selection(limit=1, search='"><script>'))
    nothing = shown(*rows, selection=Selection(search=HOSTILE))
    assert Elements(html).names.count("script") == Elements(nothing).names.count("script") == 1


@pytest.mark.parametrize(
    ("minutes", "health", "width"),
    [(50, "good", "83.3%"), (20, "low", "33.3%"), (-5, "gone", "0.0%")],
    ids=["above the floor", "below the floor", "ended"],
)
def test_the_bar_tells_the_life_left_against_the_floor(minutes: int, health: str, width: str) -> None:
    html = shown(a_row(**left(minutes)))
    assert f'class="bar {health}"' in html
    assert f'<rect width="{width}" height="100%" rx="4" class="life">' in html
    assert '<line x1="41.7%" x2="41.7%"' in html


def test_a_floor_of_a_connections_own_is_told() -> None:
    assert "floor 12 min" in shown(a_row(floor=timedelta(minutes=12)))
    assert "<small> floor" not in shown(a_row())


def test_a_connection_without_a_token_has_no_bar() -> None:
    html = shown(a_row(state=State.PENDING, **NO_TOKEN))
    assert "no token" in html
    assert "<svg" not in html


@pytest.mark.parametrize("issued_at", [None, NOON + timedelta(minutes=50)])
def test_an_odd_record_does_not_break_the_page(issued_at: object) -> None:
    assert "crm-prod" in shown(a_row(issued_at=issued_at), daemon=a_daemon(floor=timedelta()))


def test_a_refresh_under_way_has_no_next_one() -> None:
    assert "under way" in shown(a_row(state=State.REFRESHING, next_refresh_at=None))


def test_pages_lead_to_each_other_within_what_was_asked_for() -> None:
    rows = [a_row("crm-a"), a_row("crm-b"), a_row("crm-c"), a_row("other")]
    chosen = Selection(state=State.FRESH, search="CRM", limit=1)
    first, last = (shown(*rows, selection=replace(chosen, after=after)) for after in (chosen.after, (9, "crm-b")))
    assert 'href="?state=fresh&amp;search=CRM&amp;after=9%3Acrm-a"' in first
    assert "Connections: 1 of 3" in first
    assert "Previous page" not in first
    assert 'href="?state=fresh&amp;search=CRM&amp;after=9%3Acrm-a">\N{LEFTWARDS ARROW} Previous page' in last
    assert "Connections: 3 of 3" in last
    assert "Next page" not in last


def test_a_state_is_chosen_without_losing_the_search() -> None:
    html = shown(a_row("crm-a", State.FAILING), a_row("crm-b"), selection=Selection(search="crm"))
    assert 'href="?state=failing&amp;search=crm"' in html


def test_a_search_that_finds_nothing_leads_back_to_all() -> None:
    html = shown(a_row(), selection=Selection(search="nobody"))
    assert "There is no connection whose name contains \N{LEFT DOUBLE QUOTATION MARK}nobody" in html
    assert '<a href="?">Show all</a>' in html


def test_nothing_on_the_page_is_a_script_or_a_style_of_its_own() -> None:
    html = shown(a_row("a", State.FAILING, error="x"), a_row("b"))
    assert '<script src="refresh.js" defer=""></script>' in html
    assert html.count("<script") == 1
    assert "<style" not in html
    assert " style=" not in html
    assert " onclick=" not in html
    assert "//" not in html.replace("<!doctype html>", "")


def test_a_standby_tells_who_leads_in_its_place_and_a_shard_which_it_is() -> None:
    standby = a_daemon(leader=False, holder="tokend-1_77c1", shard=Shard(2, 5))
    assert "<dt>Election</dt><dd>tokend-1_77c1 leads; shard 2 of 5, counted from 0</dd>" in shown(daemon=standby)
    assert "<dt>Election</dt>" not in shown()


def test_equal_causes_are_shown_once() -> None:
    rows = [
        a_row(name, State.FAILING, error=f"zoho/{name} is away", outcome=Outcome.ZOHO_UNAVAILABLE) for name in "xyz"
    ]
    html = shown(*rows, a_row("other", State.FAILING, error="odd", outcome=Outcome.ZOHO_UNAVAILABLE))
    assert html.count("zoho/\N{HORIZONTAL ELLIPSIS} is away.") == html.count("<summary>2 more</summary>") == 1
    assert html.count("<code>") == 4
    assert html.count("<tbody") == 2


def test_long_text_folds() -> None:
    html = shown(a_row("a", State.FAILING, error="x" * 200), a_row("b", State.FAILING, error="short"))
    assert f'<details class="error"><summary>{"x" * 200}.</summary></details>' in html
    assert '<p class="error">short.</p>' in html


def test_many_that_are_well_fold_beside_trouble() -> None:
    well = [a_row(f"well-{number}") for number in range(20)]
    ill = a_row("ill", State.FAILING)
    assert "<summary>20 more connections, all well</summary>" in shown(ill, *well)
    assert '<details class="card" data-key="many-well">' in shown(ill, *well)
    for open_ in (shown(*well), shown(ill, *well, selection=Selection(search="l"))):
        assert '<details class="card" data-key="many-well" open>' in open_
    assert "<details" not in shown(ill, *well[:5])


def test_whoever_waits_for_a_person_has_no_countdown() -> None:
    far = NOON + timedelta(hours=5, minutes=54)
    row = a_row(state=State.MISCONFIGURED, error="odd", outcome=Outcome.RECORD_UNREADABLE, next_refresh_at=far)
    html = shown(row, daemon=a_daemon(noticed_within=timedelta(seconds=45)))
    assert "A correction is noticed within 45 s; probed every 6 h." in html
    assert "once corrected" in html
    assert "in 5 h" not in html
    assert "in 9 min" in shown(replace(row, next_refresh_at=NOON + timedelta(minutes=9)))


def test_a_vault_that_takes_no_writes_is_the_first_note() -> None:
    since = NOON - timedelta(seconds=40)
    html = shown(a_row(), daemon=a_daemon(vault_alive=False, vault_error="Vault at X is sealed", vault_since=since))
    assert '<li class="alarming">Vault takes no writes for 40 s: Vault at X is sealed.' in html
    assert "<dt>Vault session</dt><dd>lost</dd>" in html


def test_records_with_a_wrong_name_are_shown_with_the_rule() -> None:
    html = shown(a_row(), daemon=a_daemon(ill_named=("team/", "crm prod")))
    assert "2 records under secret/zoho/credentials/ are passed over" in html
    assert "team/" in html
    assert "crm prod" in html
    assert "128 at most" in html
