"""The table of what a reader does next; it is the specification."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples.builders import HOUR, MINUTE, NOON, SECOND
from tests.support.samples.reader_samples import a_token
from zoho_tokend.reader.decision import (
    GiveUp,
    Look,
    Moment,
    ReadRequest,
    Shelf,
    Step,
    Use,
    Wait,
    after_looking,
    at_hand,
    decide,
)
from zoho_tokend.reader.errors import (
    NoSuchConnection,
    NotAllowed,
    ReaderError,
    TokenTooOld,
    UnknownSchema,
    VaultUnreachable,
)

BEGAN = 1000.0
TOKEN = a_token()  # issued at noon, to be replaced at half past twelve, dead at one
NEXT = a_token(issued_at=NOON + 30 * MINUTE)
AWAY = VaultUnreachable("Vault is away")
GONE = NoSuchConnection("no such connection")
FORBIDDEN = NotAllowed("not allowed")
STRANGE = UnknownSchema("strange")


def a_request(**changes: object) -> ReadRequest:
    wanted = ReadRequest(min_life=MINUTE, began=BEGAN, timeout=30 * SECOND)
    return replace(wanted, **changes)  # type: ignore[arg-type]  # the tests name real fields


def a_shelf(**changes: object) -> Shelf:
    return replace(Shelf(token=TOKEN, looked_at=BEGAN - 900), **changes)  # type: ignore[arg-type]  # same


def step(shelf: Shelf, wanted: ReadRequest | None = None, *, minutes: float = 0, later: float = 0) -> Step:
    """The step so many minutes after noon, and so many seconds after the wanted began."""
    return decide(shelf, wanted or a_request(), Moment(NOON + minutes * MINUTE, BEGAN + later))


@pytest.mark.parametrize(
    ("shelf", "wanted", "minutes", "later", "expected"),
    [
        pytest.param(Shelf(), a_request(), 0, 0, Look(10 * SECOND), id="an unknown connection is looked for"),
        pytest.param(a_shelf(), a_request(), 29, 0, Use(TOKEN), id="a fresh token is used"),
        pytest.param(
            a_shelf(),
            a_request(),
            30,
            0,
            Look(3 * SECOND, meanwhile=TOKEN),
            id="after refresh_after Vault is asked in a hurry, and nobody else waits for it",
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN - 0.5, in_vain=1),
            a_request(),
            31,
            0,
            Use(TOKEN),
            id="a token that will do is used while the last look is fresh",
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN - 29, in_vain=9),
            a_request(),
            40,
            0,
            Use(TOKEN),
            id="looks in vain become rarer, up to half a minute apart",
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN - 30, in_vain=9),
            a_request(),
            40,
            0,
            Look(3 * SECOND, meanwhile=TOKEN),
            id="half a minute later Vault is asked again",
        ),
        pytest.param(
            a_shelf(trouble=AWAY, looked_at=BEGAN - 0.5, in_vain=1),
            a_request(),
            45,
            0,
            Use(TOKEN),
            id="a token that will do is used while Vault is away",
        ),
        pytest.param(
            a_shelf(trouble=FORBIDDEN, looked_at=BEGAN - 0.5, in_vain=1),
            a_request(),
            45,
            0,
            Use(TOKEN),
            id="a token that will do is used although Vault refuses now",
        ),
        pytest.param(a_shelf(), a_request(), 59.5, 0, Look(10 * SECOND), id="a token too old is looked for anew"),
        pytest.param(
            a_shelf(looked_at=BEGAN + 1, in_vain=3),
            a_request(),
            59.5,
            2,
            Wait(3 * SECOND),
            id="where the newest is too old the daemon is waited for, ever longer",
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN + 1, in_vain=9),
            a_request(),
            59.5,
            1,
            Wait(5 * SECOND),
            id="but never longer than five seconds at a time",
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN + 28, in_vain=9),
            a_request(),
            59.5,
            29,
            Wait(SECOND),
            id="nor beyond the time-out",
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN - 900),
            a_request(),
            59.5,
            26,
            Look(4 * SECOND),
            id="a look ends before the time-out",
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN - 0.5, trouble=FORBIDDEN, token=None),
            a_request(),
            0,
            0,
            Look(10 * SECOND),
            id="what was refused to an earlier wanted is asked for at once",
        ),
        pytest.param(
            Shelf(trouble=AWAY, looked_at=BEGAN + 0.5, in_vain=2),
            a_request(),
            0,
            0.5,
            Wait(2 * SECOND),
            id="a Vault that is away is asked again while there is time",
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN - 0.1),
            a_request(timeout=None, instead_of=TOKEN),
            0,
            0,
            Look(3 * SECOND),
            id="a dead token is looked for once, although it seems fresh",
        ),
        pytest.param(
            a_shelf(token=NEXT),
            a_request(timeout=None, instead_of=TOKEN),
            31,
            0,
            Use(NEXT),
            id="where a newer one is at hand a dead token needs no look",
        ),
    ],
)
def test_the_next_step(shelf: Shelf, wanted: ReadRequest, minutes: float, later: float, expected: Step) -> None:
    assert step(shelf, wanted, minutes=minutes, later=later) == expected


@pytest.mark.parametrize(
    ("shelf", "wanted", "minutes", "later", "error"),
    [
        pytest.param(
            a_shelf(looked_at=BEGAN + 29), a_request(), 59.5, 30, TokenTooOld, id="a token too old to the end"
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN), a_request(min_life=2 * HOUR), 0, 0, TokenTooOld, id="a life that no token has"
        ),
        pytest.param(Shelf(trouble=AWAY, looked_at=BEGAN + 29), a_request(), 0, 30, VaultUnreachable, id="Vault away"),
        pytest.param(Shelf(), a_request(), 0, 30, VaultUnreachable, id="a Vault that was not asked in time"),
        pytest.param(Shelf(trouble=GONE, looked_at=BEGAN), a_request(), 0, 0, NoSuchConnection, id="no record"),
        pytest.param(Shelf(trouble=FORBIDDEN, looked_at=BEGAN), a_request(), 0, 0, NotAllowed, id="a refusal"),
        pytest.param(Shelf(trouble=STRANGE, looked_at=BEGAN), a_request(), 0, 0, UnknownSchema, id="a strange record"),
        pytest.param(
            a_shelf(looked_at=BEGAN, in_vain=1), a_request(timeout=None), 59.5, 0, TokenTooOld, id="one look, no wait"
        ),
        pytest.param(
            a_shelf(looked_at=BEGAN - 0.5, in_vain=1),
            a_request(timeout=None, instead_of=TOKEN),
            0,
            0,
            TokenTooOld,
            id="a dead token, within a second of the last look",
        ),
    ],
)
def test_what_is_given_up_for(
    shelf: Shelf, wanted: ReadRequest, minutes: float, later: float, error: type[ReaderError]
) -> None:
    given_up = step(shelf, wanted, minutes=minutes, later=later)
    assert isinstance(given_up, GiveUp)
    assert type(given_up.error) is error


def test_each_caller_is_given_an_error_of_its_own() -> None:
    shelf = Shelf(trouble=GONE, looked_at=BEGAN)
    first, second = step(shelf), step(shelf)
    assert isinstance(first, GiveUp)
    assert isinstance(second, GiveUp)
    assert first.error is not second.error
    assert str(first.error) == str(GONE)


def test_a_token_too_old_says_its_age_and_where_to_look() -> None:
    given_up = step(a_shelf(looked_at=BEGAN + 29), minutes=59.5, later=30)
    assert isinstance(given_up, GiveUp)
    assert isinstance(given_up.error, TokenTooOld)
    assert (given_up.error.age, given_up.error.life_left) == (59.5 * MINUTE, 30 * SECOND)
    assert str(given_up.error) == (
        "the token of crm-prod has 30 s to live, 60 min after its issue, and 60 s of life were asked for: "
        "see what 'zoho-tokend connections show crm-prod' and the daemon's log say of its last refresh"
    )


def test_a_token_too_old_says_that_the_clock_may_be_the_reason() -> None:
    moment = Moment(NOON + 65 * MINUTE, BEGAN + 30, skew=-65 * MINUTE)
    given_up = decide(a_shelf(looked_at=BEGAN + 29), a_request(), moment)
    assert isinstance(given_up, GiveUp)
    assert "expired 5 min ago" in str(given_up.error)
    assert str(given_up.error).endswith("this machine's clock is 65 min ahead of Vault's")


@pytest.mark.parametrize(
    ("before", "found", "after"),
    [
        pytest.param(Shelf(), TOKEN, Shelf(token=TOKEN, looked_at=BEGAN), id="a first token is kept"),
        pytest.param(
            a_shelf(in_vain=4, trouble=AWAY), NEXT, Shelf(token=NEXT, looked_at=BEGAN), id="a newer one takes its place"
        ),
        pytest.param(
            a_shelf(in_vain=4, trouble=AWAY),
            TOKEN,
            a_shelf(looked_at=BEGAN, in_vain=5),
            id="the same one again is a look in vain",
        ),
        pytest.param(
            a_shelf(token=NEXT), TOKEN, Shelf(token=NEXT, looked_at=BEGAN, in_vain=1), id="an older one changes nothing"
        ),
        pytest.param(
            a_shelf(), AWAY, a_shelf(trouble=AWAY, looked_at=BEGAN, in_vain=1), id="an unseen token is still there"
        ),
        pytest.param(
            a_shelf(), GONE, Shelf(trouble=GONE, looked_at=BEGAN, in_vain=1), id="a withdrawn token is given up"
        ),
    ],
)
def test_what_is_known_after_a_look(before: Shelf, found: ReaderError, after: Shelf) -> None:
    assert after_looking(before, found, BEGAN) == after


@pytest.mark.parametrize("minutes", [0, 29.9, 30, 59, 60])
def test_what_is_at_hand_is_what_would_be_decided_at_length(minutes: float) -> None:
    decided = step(a_shelf(), minutes=minutes)
    assert at_hand(a_shelf(), MINUTE, NOON + minutes * MINUTE) == (TOKEN if decided == Use(TOKEN) else None)


SIGHTS = st.sampled_from([TOKEN, NEXT, AWAY, FORBIDDEN, STRANGE, GONE])


@given(
    sights=st.lists(SIGHTS, min_size=1, max_size=4),
    minutes=st.integers(0, 130),
    timeout=st.none() | st.integers(1, 60),
    took=st.floats(0, 1),
)
def test_every_wish_ends_by_its_timeout_and_asks_politely(
    sights: list[ReaderError], minutes: int, timeout: int | None, took: float
) -> None:
    wanted = a_request(timeout=None if timeout is None else timeout * SECOND)
    shelf, tick, looks = Shelf(), BEGAN, 0
    taken = None
    for turn in range(200):
        taken = decide(shelf, wanted, Moment(NOON + minutes * MINUTE, tick))
        match taken:
            case Use() | GiveUp():
                break
            case Wait(span):
                tick += span.total_seconds()
            case Look(within):
                looks += 1
                tick += within.total_seconds() * took
                shelf = after_looking(shelf, sights[turn % len(sights)], tick)
    assert isinstance(taken, Use | GiveUp)
    assert timedelta(seconds=tick - BEGAN) <= timedelta(seconds=timeout or 3) + timedelta(milliseconds=1)
    assert looks <= 3 + (timeout or 0) / 2
    assert not isinstance(taken, Use) or wanted.accepts(taken.token, NOON + minutes * MINUTE)
