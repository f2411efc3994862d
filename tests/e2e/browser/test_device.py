from collections.abc import Mapping

import httpx
import pytest
from playwright.async_api import Page

from tests.support.people.browser import IN_BROWSER, approve_device, deny_device
from zoho_simulator import Client, ClientKind, DataCenter, Zoho

pytestmark = IN_BROWSER


@pytest.fixture
def client(zoho: Zoho) -> Client:
    return zoho.add_client("Warehouse scanner", kind=ClientKind.DEVICE, also_in=["eu"])


async def ask(http: httpx.AsyncClient, place: DataCenter, what: str, **form: str) -> Mapping[str, str]:
    answer = await http.post(f"{place.accounts_server}/oauth/v3/device/{what}", data=form)
    fields: Mapping[str, str] = answer.json()
    return fields


async def start(http: httpx.AsyncClient, place: DataCenter, client: Client) -> Mapping[str, str]:
    asked = {"grant_type": "device_request", "scope": "ZohoCRM.org.READ", "access_type": "offline"}
    return await ask(http, place, "code", client_id=client.client_id, **asked)


async def poll(
    http: httpx.AsyncClient, place: DataCenter, client: Client, started: Mapping[str, str]
) -> Mapping[str, str]:
    named = {"client_id": client.client_id, "client_secret": client.secrets[place.name]}
    return await ask(http, place, "token", grant_type="device_token", code=started["device_code"], **named)


async def test_approve_brings_the_device_its_tokens(
    page: Page, zoho: Zoho, client: Client, http: httpx.AsyncClient
) -> None:
    started = await start(http, zoho.us, client)
    await page.goto(started["verification_url"])
    await approve_device(page, started["user_code"].lower())
    assert await page.inner_text("h1") == "Approved"
    assert "refresh_token" in await poll(http, zoho.us, client, started)


async def test_deny_tells_the_device(page: Page, zoho: Zoho, client: Client, http: httpx.AsyncClient) -> None:
    started = await start(http, zoho.us, client)
    await page.goto(started["verification_url"])
    await deny_device(page, started["user_code"])
    assert await page.inner_text("h1") == "Denied"
    assert await poll(http, zoho.us, client, started) == {"error": "access_denied"}


async def test_approve_in_another_data_centre_sends_the_device_there(
    page: Page, zoho: Zoho, client: Client, http: httpx.AsyncClient
) -> None:
    started = await start(http, zoho.us, client)
    await page.goto(started["verification_url"])
    await approve_device(page, started["user_code"], user="bob@example.com")
    assert await poll(http, zoho.us, client, started) == {"error": "other_dc", "user_location": "eu"}
    assert "refresh_token" in await poll(http, zoho.eu, client, started)
