"""What is said of each connection: one line where all is well, one for each trouble otherwise."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.samples.builders import CRM, HOUR, MINUTE, NOON, SALES, SECOND
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.core.policy import Policy
from zoho_tokend.doctor.connection_checks import connections
from zoho_tokend.doctor.finding import Finding, Level
from zoho_tokend.doctor.records import CredentialFacts, DaemonsView, Examined, TokenFacts, Unread
from zoho_tokend.vault.inspection import KeyHistory, Rules

RULES = Rules(max_versions=0, cas_required=False, delete_version_after=timedelta())
FRESH = DaemonsView(state="fresh", error=None)


def a_credential(**changes: Any) -> CredentialFacts:
    credential = CredentialFacts(
        client=None,
        holder="abc",
        accounts_server=parse_origin("https://accounts.zoho.eu"),
        allowed=True,
        location="eu",
        usual_api_domain="https://www.zohoapis.eu",
    )
    return replace(credential, **changes)


def a_token(*, left: timedelta = 50 * MINUTE, **changes: Any) -> TokenFacts:
    token = TokenFacts(
        issued_at=NOON + left - HOUR,
        expires_at=NOON + left,
        api_domain="https://www.zohoapis.eu",
        accounts_server="https://accounts.zoho.eu",
        api_allowed=True,
    )
    return replace(token, **changes)


def history(*ages: timedelta) -> KeyHistory:
    return KeyHistory(rules=RULES, current_version=len(ages), written=tuple(NOON - age for age in ages))


def examined(name: ConnectionName = CRM, **changes: Any) -> Examined:
    connection = Examined(
        name=name,
        where=f"secret/zoho/credentials/{name}",
        credential=a_credential(holder=name),
        token=a_token(),
        history=history(5 * MINUTE),
    )
    return replace(connection, **changes)


def judged(*all_of_them: Examined, daemon: Mapping[str, DaemonsView] | None = None) -> list[Finding]:
    views = {one.name: FRESH for one in all_of_them} | dict(daemon or {})
    return list(connections(all_of_them, (), views, policy=Policy(), now=NOON))


def test_a_connection_that_is_well_has_one_line_with_its_life_floor_and_budget() -> None:
    (finding,) = judged(examined())
    assert finding.level is Level.OK
    assert finding.finding == "eu, token lives 50 min (floor 29 min 14 s), 7 of 8 issues left"


def test_who_uses_which_client_is_listed_and_an_open_one_warned_of() -> None:
    named = [examined(name, credential=a_credential(holder=name, client="named")) for name in (CRM, SALES)]
    unnamed = examined(
        ConnectionName("third"), credential=a_credential(holder="third", client="open", unrestricted=True)
    )
    found = [finding for finding in judged(*named, unnamed) if finding.subject.startswith("client ")]
    assert [(finding.subject, finding.level) for finding in found] == [
        ("client named", Level.OK),
        ("client open", Level.WARNING),
    ]
    assert found[0].finding == f"is used by {CRM}, {SALES}"
    assert "may be used by any connection" in found[1].finding


def test_a_client_that_is_not_allowed_has_a_fix_of_its_own() -> None:
    (finding,) = judged(examined(credential=Unread("is not named", fix="name it")))
    assert (finding.level, finding.fix) == (Level.WRONG, "name it")


@pytest.mark.parametrize(
    ("connection", "level", "words"),
    [
        pytest.param(examined(credential=Unread("is odd")), Level.WRONG, "is odd", id="an unreadable record"),
        pytest.param(
            examined(credential=a_credential(allowed=False)), Level.WRONG, "nor allowed", id="a server not allowed"
        ),
        pytest.param(
            examined(credential=a_credential(oddities=("the id is odd",))), Level.WARNING, "id is odd", id="an odd id"
        ),
        pytest.param(examined(token=None), Level.WARNING, "has no token yet", id="no token"),
        pytest.param(
            examined(token=a_token(left=-3 * SECOND)), Level.WRONG, "its token expired 3 s ago", id="an expired token"
        ),
        pytest.param(
            examined(token=a_token(left=20 * MINUTE)),
            Level.WARNING,
            "its token has 20 min left, and 29 min 14 s are promised",
            id="a token under the floor",
        ),
        pytest.param(
            examined(token=a_token(left=20 * MINUTE), credential=a_credential(refresh_at=0.5)),
            Level.WARNING,
            "29 min 14 s are promised",
            id="a token under the floor of its own refresh_at",
        ),
        pytest.param(examined(token=Unread("is no record")), Level.WRONG, "is no record", id="an unreadable token"),
        pytest.param(
            examined(token=a_token(accounts_server="https://accounts.zoho.com")),
            Level.WARNING,
            "its token came from https://accounts.zoho.com",
            id="a token of another accounts server",
        ),
        pytest.param(
            examined(token=a_token(api_domain="https://www.zohoapis.com")),
            Level.WARNING,
            "https://www.zohoapis.com, which is none of data centre 'eu'",
            id="an API domain of another data centre",
        ),
        pytest.param(
            examined(history=history(*[MINUTE] * 8)),
            Level.WARNING,
            "its budget is spent: 8 issues",
            id="no budget left",
        ),
    ],
)
def test_a_trouble_is_told_with_its_fix(connection: Examined, level: Level, words: str) -> None:
    (finding,) = judged(connection)
    assert (finding.subject, finding.level) == (CRM, level)
    assert words in finding.finding
    assert finding.fix


@pytest.mark.parametrize(
    "connection",
    [
        pytest.param(examined(token=a_token(api_domain="https://sandbox.zohoapis.eu")), id="a sandbox"),
        pytest.param(
            examined(token=a_token(left=10 * MINUTE), credential=a_credential(refresh_at=0.9)),
            id="a lower floor of its own",
        ),
        pytest.param(examined(history=history(*[11 * MINUTE] * 9)), id="issues of long ago"),
    ],
)
def test_what_is_as_it_should_be_is_no_trouble(connection: Examined) -> None:
    (finding,) = judged(connection)
    assert finding.level is Level.OK


@pytest.mark.parametrize(
    ("view", "level", "fix"),
    [
        (DaemonsView(state="needs_consent", error="Zoho says no"), Level.WRONG, "authorize"),
        (DaemonsView(state="misconfigured", error="a field is odd"), Level.WRONG, "mend"),
        (DaemonsView(state="throttled", error="too many requests"), Level.WARNING, "/status"),
    ],
)
def test_what_the_daemon_says_is_told_with_its_reason(view: DaemonsView, level: Level, fix: str) -> None:
    (finding,) = judged(examined(token=None), daemon={CRM: view})
    assert finding.level is level
    assert str(view.error) in finding.finding
    assert fix in finding.fix


def test_holders_of_one_refresh_token_are_named_and_share_its_budget() -> None:
    four = history(*[MINUTE] * 4)
    one = examined(CRM, credential=a_credential(holder="same"), history=four)
    other = examined(SALES, credential=a_credential(holder="same"), history=four)
    found = judged(one, other)

    assert [finding.subject for finding in found] == [CRM, SALES, f"{CRM}, {SALES}"]
    assert "budget is spent" in found[0].finding
    assert "hold the same refresh token (same)" in found[2].finding


def test_that_nobody_knows_what_is_parked_is_a_warning() -> None:
    *_, last = connections([examined()], (), None, policy=Policy(), now=NOON)
    assert (last.subject, last.level) == ("the daemon", Level.WARNING)


def test_a_name_that_cannot_be_one_is_left_alone_with_a_warning() -> None:
    *_, last = connections([examined()], ["a\nb"], {CRM: FRESH}, policy=Policy(), now=NOON)
    assert (last.subject, last.level) == ("'a\\nb'", Level.WARNING)


def test_a_grant_that_a_person_ended_is_no_fault() -> None:
    [found] = connections(
        [examined(credential=Unread("revoked on 2026-11-24", revoked=True), token=None)],
        (),
        {CRM: FRESH},
        policy=Policy(),
        now=NOON,
    )
    assert found.level is Level.WARNING
    assert "its grant was ended on purpose: revoked on 2026-11-24" in found.finding
    assert f"zoho-tokend connections remove {CRM}" in (found.fix or "")
