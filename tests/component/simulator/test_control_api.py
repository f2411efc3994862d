from collections.abc import AsyncIterator

import httpx
import pytest

from zoho_simulator import Simulator


@pytest.fixture
async def control() -> AsyncIterator[httpx.AsyncClient]:
    simulator = Simulator(data_centers=("us", "eu"))
    async with (
        simulator,
        httpx.AsyncClient(base_url=f"{simulator.control}/_control", follow_redirects=True, timeout=60) as client,
    ):
        yield client


async def do(control: httpx.AsyncClient, what: str, **order: object) -> dict[str, str]:
    answer = await control.post(what, json=order)
    assert answer.status_code == 200, answer.text
    done: dict[str, str] = answer.json()
    return done


async def accounts_server(control: httpx.AsyncClient, name: str = "us") -> str:
    server: str = (await control.get("")).json()["data_centers"][name]["accounts_server"]
    return server


async def token(control: httpx.AsyncClient, client: dict[str, str], **form: str) -> dict[str, str]:
    named = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    url = f"{await accounts_server(control, client['home'])}/oauth/v2/token"
    answer: dict[str, str] = (await control.post(url, data={**named, **form})).json()
    return answer


async def test_a_client_and_a_consent_made_by_control_can_be_refreshed(control: httpx.AsyncClient) -> None:
    client = await do(control, "clients", name="jobs", home="eu")
    consent = await do(control, "consents", client="jobs", user="bob@example.com")
    assert consent["accounts_server"] == await accounts_server(control, "eu")
    answer = await token(control, client, grant_type="refresh_token", refresh_token=consent["refresh_token"])
    assert "access_token" in answer


async def test_an_asker_may_bring_ids_and_secrets_of_its_own(control: httpx.AsyncClient) -> None:
    client = await do(control, "clients", client_id="1000.MINE", client_secret="hush")
    await do(control, "consents", client="1000.MINE", refresh_token="1000.aa.bb")
    assert client["client_secret"] == "hush"
    assert "access_token" in await token(control, client, grant_type="refresh_token", refresh_token="1000.aa.bb")


async def test_a_code_made_by_control_can_be_exchanged(control: httpx.AsyncClient) -> None:
    client = await do(control, "clients", kind="self")
    code = await do(control, "codes", client="jobs")
    assert "refresh_token" in await token(control, client, grant_type="authorization_code", code=code["code"])


async def test_records_of_the_crm_are_made_and_edited_by_control(control: httpx.AsyncClient) -> None:
    await do(control, "modules", module="Boats", records=5, fields=3)
    done = await do(control, "records", module="Boats", add=2, change=1, delete=1)
    assert len(done["added"]) == 2
    refused = await control.post("records", json={"module": "Unicorns"})
    assert "no module 'Unicorns'" in refused.json()["error"]


@pytest.mark.parametrize(
    ("decision", "error"),
    [
        pytest.param({"decision": "approve"}, None, id="yes"),
        pytest.param({"decision": "refuse"}, "access_denied", id="no"),
        pytest.param({"decision": "approve", "data_center": "eu"}, "other_dc", id="yes, elsewhere"),
    ],
)
async def test_a_device_is_decided_by_control(
    control: httpx.AsyncClient, decision: dict[str, str], error: str | None
) -> None:
    client = await do(control, "clients", kind="device", also_in=["eu"])
    named = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    device = f"{await accounts_server(control)}/oauth/v3/device"
    asked = {"grant_type": "device_request", "scope": "ZohoCRM.org.READ", "access_type": "offline"}
    started = (await control.post(f"{device}/code", data={**named, **asked})).json()
    await do(control, "devices", user_code=started["user_code"], **decision)
    polled = {"grant_type": "device_token", "code": started["device_code"]}
    assert (await control.post(f"{device}/token", data={**named, **polled})).json().get("error") == error


async def test_tokens_are_revoked_and_evicted_by_control(control: httpx.AsyncClient) -> None:
    client = await do(control, "clients")
    refresh_token = (await do(control, "consents", client="jobs"))["refresh_token"]
    await token(control, client, grant_type="refresh_token", refresh_token=refresh_token)
    evicted = await control.post("evictions", json={"refresh_token": refresh_token, "count": 3})
    assert evicted.json() == {"evicted": 1}
    await do(control, "revocations", refresh_token=refresh_token)
    again = await token(control, client, grant_type="refresh_token", refresh_token=refresh_token)
    assert again == {"error": "invalid_code"}


async def test_faults_are_set_and_cleared_by_control(control: httpx.AsyncClient) -> None:
    client = await do(control, "clients")
    await do(control, "faults", script=[{"fault": "general_error", "times": "always"}], client="jobs")
    assert await token(control, client) == {"error": "general_error"}
    assert (await control.delete("faults")).status_code == 200
    assert await token(control, client) == {"error": "unsupported_grant_type"}


async def test_time_moved_by_control_opens_the_window_again(control: httpx.AsyncClient) -> None:
    client = await do(control, "clients")
    refresh_token = (await do(control, "consents", client="jobs"))["refresh_token"]

    async def refresh() -> str:
        answer = await token(control, client, grant_type="refresh_token", refresh_token=refresh_token)
        return answer.get("error", "issued")

    assert [await refresh() for _ in range(11)] == ["issued"] * 10 + ["Access Denied"]
    await do(control, "clock", advance=600)
    assert await refresh() == "issued"


async def test_the_journal_is_read_and_forgotten_by_control_and_holds_no_secret(control: httpx.AsyncClient) -> None:
    client = await do(control, "clients")
    refresh_token = (await do(control, "consents", client="jobs"))["refresh_token"]
    await token(control, client, grant_type="refresh_token", refresh_token=refresh_token)
    journal = await control.get("journal")
    (entry,) = journal.json()["entries"]
    assert (entry["endpoint"], entry["grant_type"], entry["outcome"]) == ("token", "refresh_token", "issued")
    assert refresh_token not in journal.text
    assert client["client_secret"] not in journal.text
    await control.delete("journal")
    assert (await control.get("journal")).json() == {"entries": [], "violations": []}


@pytest.mark.parametrize(
    ("what", "order", "status", "complaint"),
    [
        pytest.param("earthquakes", {}, 404, "there are orders for clients", id="an unknown order"),
        pytest.param("clients", {"colour": "red"}, 400, "colour: Extra inputs", id="an unknown field"),
        pytest.param("clients", {"home": "mars"}, 400, "no data centre 'mars'", id="an unknown data centre"),
        pytest.param("consents", {"client": "x"}, 400, "no client has the id or name 'x'", id="an unknown client"),
        pytest.param("faults", {"script": [{"fault": "x"}]}, 400, "a step names its fault", id="an unknown fault"),
        pytest.param("revocations", {"refresh_token": "x"}, 400, "no refresh token", id="an unknown refresh token"),
        pytest.param("clock", {"advance": -1}, 400, "advance: ", id="time running backwards"),
        pytest.param(
            "devices", {"user_code": "x", "decision": "refuse"}, 400, "no device shows", id="an unknown device"
        ),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_in_one_sentence(
    control: httpx.AsyncClient, what: str, order: dict[str, object], status: int, complaint: str
) -> None:
    answer = await control.post(what, json=order)
    assert answer.status_code == status
    assert complaint in answer.json()["error"]
