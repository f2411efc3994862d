"""Records reach a streaming inlet: each is taken, or lies in the dead-letter folder with the reason."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.places.ingest_desk import Desk, events
from tests.support.servers.adobe import CLIENT_ID, ORG, SECRET, AdobeStandIn, Answer, an_adobe
from zoho_ingest.adobe import MOST_BYTES, Adobe, Inlet, Login
from zoho_ingest.errors import NeedsAPerson, TryAgain

pytestmark = pytest.mark.timeout(240)
LOGIN = Login(client_id=CLIENT_ID, client_secret=SECRET, org_id=ORG, scope="openid")


@pytest.fixture
def stand_in() -> Iterator[AdobeStandIn]:
    with an_adobe() as stand_in:
        yield stand_in


@pytest.fixture
def adobe(stand_in: AdobeStandIn, tmp_path: Path) -> Adobe:
    return session(stand_in, tmp_path)


def session(stand_in: AdobeStandIn, folder: Path, login: Login = LOGIN) -> Adobe:
    inlet = Inlet(url=stand_in.inlet, flow="flow-1", sandbox="prod", dead_letters=folder / "letters")
    return Adobe(login, inlet, ims=stand_in.origin, wait=0.001)


def rows(count: int) -> list[dict[str, object]]:
    return [{"id": str(number), "Last_Name": f"Marlow {number}"} for number in range(count)]


def letters(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "letters/inlet.jsonl").read_text().splitlines()]


def test_every_row_is_sent_with_the_name_of_its_module(adobe: Adobe, stand_in: AdobeStandIn) -> None:
    adobe.send("leads", rows(3))
    assert stand_in.taken == [{"zoho_module": "leads", **row} for row in rows(3)]
    assert len(stand_in.tokens) == 1


def test_a_message_that_is_not_taken_is_kept_and_sent_again(
    adobe: Adobe, stand_in: AdobeStandIn, tmp_path: Path
) -> None:
    stand_in.refuses = lambda message: "no-schema" if message["id"] in {"1", "3"} else None
    adobe.send("leads", rows(5))
    assert (adobe.sent, adobe.dead) == (3, 2)
    assert [each["message"]["id"] for each in letters(tmp_path)] == ["1", "3"]  # type: ignore[index]
    assert "no-schema" in str(letters(tmp_path)[0]["reason"])
    assert (tmp_path / "letters/inlet.jsonl").stat().st_mode & 0o077 == 0
    stand_in.refuses = lambda message: "no-schema" if message["id"] == "3" else None
    adobe.resend()
    assert [each["message"]["id"] for each in letters(tmp_path)] == ["3"]  # type: ignore[index]
    stand_in.refuses = lambda _: None
    adobe.resend()
    assert not list((tmp_path / "letters").iterdir())
    assert sorted(str(message["id"]) for message in stand_in.taken) == ["0", "1", "2", "3", "4"]


def test_letters_are_not_lost_where_sending_them_again_fails(
    adobe: Adobe, stand_in: AdobeStandIn, tmp_path: Path
) -> None:
    stand_in.refuses = lambda _: "no-schema"
    adobe.send("leads", rows(2))
    stand_in.next.append((403, {"error_code": "403025", "message": "profile not valid"}, {}))
    with pytest.raises(NeedsAPerson, match="403025"):
        adobe.resend()
    stand_in.refuses = lambda _: None
    session(stand_in, tmp_path).resend()
    assert [message["id"] for message in stand_in.taken] == ["0", "1"]


def test_no_request_is_larger_than_adobe_takes(adobe: Adobe, stand_in: AdobeStandIn, tmp_path: Path) -> None:
    large = [{"id": str(number), "Notes": "x" * (MOST_BYTES // 3)} for number in range(7)]
    adobe.send("leads", [*large, {"id": "8", "Notes": "x" * 2 * MOST_BYTES}])
    assert stand_in.batches == [2, 2, 2, 1]
    assert [each["reason"] for each in letters(tmp_path)] == ["larger than Adobe takes"]


@pytest.mark.parametrize(
    "dead",
    [
        pytest.param((401, {"type": "data-collection-service-authorization", "status": "401"}, {}), id="at 401"),
        pytest.param((400, {"type": "https://ns.adobe.com/aep/errors/FLOW-2115-400", "status": 400}, {}), id="at 400"),
        pytest.param((401, {"error_code": "401013", "message": "Oauth token is not valid"}, {}), id="at the gateway"),
    ],
)
def test_a_dead_token_is_renewed_once(adobe: Adobe, stand_in: AdobeStandIn, dead: Answer) -> None:
    stand_in.next.append(dead)
    adobe.send("leads", rows(1))
    assert (len(stand_in.tokens), len(stand_in.taken)) == (2, 1)
    stand_in.next.extend([dead, dead])
    with pytest.raises(NeedsAPerson, match="refuses the login"):
        adobe.send("leads", rows(1))
    assert len(stand_in.tokens) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_inlet_is_asked_again(adobe: Adobe, stand_in: AdobeStandIn, status: int) -> None:
    stand_in.next.append((status, {}, {"Retry-After": "1"}))
    adobe.send("leads", rows(1))
    assert len(stand_in.taken) == 1


def test_an_answer_that_passes_over_a_message_is_no_success(adobe: Adobe, stand_in: AdobeStandIn) -> None:
    stand_in.next.append((207, {"responses": [{"xactionId": "x"}]}, {}))
    with pytest.raises(TryAgain, match="for each message"):
        adobe.send("leads", rows(2))


def test_a_wrong_secret_needs_a_person_and_is_not_shown(stand_in: AdobeStandIn, tmp_path: Path) -> None:
    wrong = replace(LOGIN, client_secret="p8e-another-secret")
    with pytest.raises(NeedsAPerson, match="refuses the client") as refused:
        session(stand_in, tmp_path, wrong).send("leads", rows(1))
    assert "p8e" not in str(refused.value) + repr(wrong)


def test_a_run_sends_a_first_load_only_where_that_is_said(
    desk: Desk, stand_in: AdobeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    corner = desk.site.job.shelves.corner
    corner.put("adobe", client_id=CLIENT_ID, client_secret=SECRET, org_id=ORG, scope="openid")
    monkeypatch.setenv("VAULT_TOKEN", desk.reading("adobe"))
    desk.site.leads(30, subform=True)
    where = ["--connection", "crm-prod", "--modules", "Leads", "--to", "inlet", "--state", "state"]
    where += ["--inlet", stand_in.inlet, "--flow", "flow-1", "--ims", stand_in.origin]
    where += ["--adobe-login", f"{corner.mount}/zoho/adobe"]
    assert "pages, from the first record" in desk.type("plan", *where).stdout
    refused = desk.type("run", *where)
    assert (refused.exit_code, stand_in.taken) == (2, [])
    assert "--first-load" in refused.stderr
    assert desk.type("run", *where, "--first-load").exit_code == 0
    assert sorted(str(message["id"]) for message in stand_in.taken) == [key for key, _ in desk.truth()]
    assert any(message["visits"] for message in stand_in.taken)
    desk.edit(add=1, change=2, delete=1)
    stand_in.refuses = lambda message: "no-schema" if message.get("zoho_deleted_at") else None
    again = desk.type("run", *where)
    assert (again.exit_code, [each["event"] for each in events(again.stdout)]) == (1, ["module.loaded", "letters.dead"])
    assert len(stand_in.taken) == 33
    stand_in.refuses = lambda _: None
    assert desk.type("resend", *where).exit_code == 0
    assert stand_in.taken[-1]["zoho_deleted_at"]


def test_the_doctor_tries_adobes_login(desk: Desk, stand_in: AdobeStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    corner = desk.site.job.shelves.corner
    monkeypatch.setenv("VAULT_TOKEN", desk.reading("adobe"))
    words = ["--connection", "crm-prod", "--inlet", stand_in.inlet, "--flow", "flow-1", "--ims", stand_in.origin]
    words += ["--adobe-login", f"{corner.mount}/zoho/adobe"]
    corner.put("adobe", client_id=CLIENT_ID, client_secret="p8e-another-secret", org_id=ORG, scope="openid")
    refused = desk.type("doctor", *words)
    assert (refused.exit_code, "p8e" in refused.output) == (1, False)
    corner.put("adobe", client_id=CLIENT_ID, client_secret=SECRET, org_id=ORG)
    assert "lacks scope" in desk.type("doctor", *words).stderr
    corner.put("adobe", client_id=CLIENT_ID, client_secret=SECRET, org_id=ORG, scope="openid")
    assert "Adobe's login: good" in desk.type("doctor", *words).stdout


def test_what_an_inlet_did_not_take_is_sent_by_the_next_run(
    desk: Desk, stand_in: AdobeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    corner = desk.site.job.shelves.corner
    corner.put("adobe", client_id=CLIENT_ID, client_secret=SECRET, org_id=ORG, scope="openid")
    monkeypatch.setenv("VAULT_TOKEN", desk.reading("adobe"))
    desk.site.leads(5)
    where = ["--connection", "crm-prod", "--modules", "Leads", "--to", "inlet", "--state", "state", "--first-load"]
    where += ["--inlet", stand_in.inlet, "--flow", "flow-1", "--ims", stand_in.origin]
    where += ["--adobe-login", f"{corner.mount}/zoho/adobe"]
    stand_in.next.extend([(403, {"error_code": "403025", "message": "profile not valid"}, {})] * 20)
    refused = desk.type("run", *where)
    assert refused.exit_code == 1
    assert "403025" in str(events(refused.stdout)[0]["message"])
    stand_in.next.clear()
    desk.edit(add=1)
    assert desk.type("run", *where).exit_code == 0
    assert sorted(str(message["id"]) for message in stand_in.taken) == [key for key, _ in desk.truth()]
