from datetime import timedelta

import httpx
import pytest

from zoho_simulator import Client, ClientKind, DataCenter, Zoho

Started = dict[str, str]


@pytest.fixture
def client(zoho: Zoho) -> Client:
    return zoho.add_client("Warehouse scanner", kind=ClientKind.DEVICE, also_in=["eu"])


async def start(http: httpx.AsyncClient, place: DataCenter, client: Client) -> Started:
    asked = {"grant_type": "device_request", "scope": "ZohoCRM.modules.READ", "access_type": "offline"}
    answer = await http.post(
        f"{place.accounts_server}/oauth/v3/device/code", data={"client_id": client.client_id, **asked}
    )
    started: Started = answer.json()
    return started


@pytest.fixture
async def started(zoho: Zoho, http: httpx.AsyncClient, client: Client) -> Started:
    return await start(http, zoho.us, client)


async def poll(http: httpx.AsyncClient, place: DataCenter, client: Client, started: Started) -> dict[str, object]:
    form = {
        "grant_type": "device_token",
        "client_id": client.client_id,
        "client_secret": client.secrets[place.name],
        "code": started["device_code"],
    }
    answer = await http.post(f"{place.accounts_server}/oauth/v3/device/token", data=form)
    fields: dict[str, object] = answer.json()
    return fields


async def decide(
    http: httpx.AsyncClient, started: Started, decision: str, user: str = "ann@example.com"
) -> httpx.Response:
    return await http.post(started["verification_uri_complete"], data={"decision": decision, "user": user})


async def test_the_page_asks_for_the_code(http: httpx.AsyncClient, started: Started) -> None:
    assert 'name="user_code"' in (await http.get(started["verification_url"])).text


@pytest.mark.parametrize("typed", [str, str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} "])
async def test_a_code_however_typed_shows_who_asks_and_for_what(
    http: httpx.AsyncClient, started: Started, typed: type[str]
) -> None:
    page = (await http.get(started["verification_url"], params={"user_code": typed(started["user_code"])})).text
    for shown in (started["user_code"], "Warehouse scanner", "<code>ZohoCRM.modules.READ</code>"):
        assert shown in page


async def test_a_yes_brings_the_device_its_tokens(
    zoho: Zoho, http: httpx.AsyncClient, client: Client, started: Started
) -> None:
    assert (await poll(http, zoho.us, client, started)) == {"error": "authorization_pending"}
    assert "Approved" in (await decide(http, started, "yes")).text
    assert "refresh_token" in await poll(http, zoho.us, client, started)


async def test_a_no_tells_the_device(zoho: Zoho, http: httpx.AsyncClient, client: Client, started: Started) -> None:
    assert "Denied" in (await decide(http, started, "no")).text
    assert await poll(http, zoho.us, client, started) == {"error": "access_denied"}


async def test_a_yes_from_another_data_centre_sends_the_device_there(
    zoho: Zoho, http: httpx.AsyncClient, client: Client, started: Started
) -> None:
    await decide(http, started, "yes", "bob@example.com")
    assert await poll(http, zoho.us, client, started) == {"error": "other_dc", "user_location": "eu"}
    assert "refresh_token" in await poll(http, zoho.eu, client, started)


async def test_a_yes_that_cannot_be_says_why_and_may_be_given_by_somebody_else(
    zoho: Zoho, http: httpx.AsyncClient
) -> None:
    at_home = zoho.add_client(kind=ClientKind.DEVICE)
    started = await start(http, zoho.us, at_home)
    for user in ("bob@example.com", "mallory@example.com"):
        refused = await decide(http, started, "yes", user)
        assert (refused.status_code, "choose another person" in refused.text) == (400, True)
    assert "Approved" in (await decide(http, started, "yes")).text


@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_what_was_decided_cannot_be_decided_again(http: httpx.AsyncClient, started: Started, answer: str) -> None:
    await decide(http, started, answer)
    again = await decide(http, started, "yes")
    assert (again.status_code, "No device waits with this code" in again.text) == (400, True)


async def test_a_code_is_unknown_once_it_expired(zoho: Zoho, http: httpx.AsyncClient, started: Started) -> None:
    zoho.advance(timedelta(minutes=5))
    assert "No device waits with this code" in (await http.get(started["verification_uri_complete"])).text
