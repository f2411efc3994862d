from datetime import timedelta

import httpx
from playwright.async_api import Page

from tests.component.simulator.visiting import consent_url
from tests.support.people.browser import IN_BROWSER, accept, client_id, client_secret, create_client, generate_code
from tests.support.servers.loopback_server import LoopbackServer
from zoho_simulator import Zoho

pytestmark = IN_BROWSER


async def test_a_self_client_made_in_the_console_hands_out_a_code_that_is_exchanged_with_what_the_page_showed(
    page: Page, zoho: Zoho, http: httpx.AsyncClient
) -> None:
    await create_client(page, f"{zoho.eu.accounts_server}/console", "Self client", name="Night jobs")
    form = {
        "grant_type": "authorization_code",
        "client_id": await client_id(page),
        "client_secret": await client_secret(page, "eu"),
        "code": await generate_code(page, "ZohoCRM.org.READ", minutes=10),
    }
    zoho.advance(timedelta(minutes=9))
    answer = await http.post(f"{zoho.eu.accounts_server}/oauth/v2/token", data=form)
    assert "refresh_token" in answer.json()


async def test_a_server_based_client_made_in_the_console_can_ask_a_person(
    page: Page, zoho: Zoho, application: LoopbackServer
) -> None:
    uri = f"{application.origin}/back"
    console = f"{zoho.us.accounts_server}/console"
    await create_client(page, console, "Server-based application", name="Night jobs", redirect_uri=uri)
    (client,) = zoho.admin.clients("us")
    assert await client_id(page) == client.client_id
    await page.goto(consent_url(zoho.us, client))
    await accept(page)
    assert page.url.startswith(f"{uri}?state=")
