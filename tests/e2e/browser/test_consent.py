from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.async_api import Page

from tests.component.simulator.visiting import consent_url, exchanged
from tests.support.people.browser import IN_BROWSER, accept, reject
from tests.support.servers.loopback_server import LoopbackServer
from zoho_simulator import Client, ClientKind, Zoho

pytestmark = IN_BROWSER


@pytest.fixture
def client(zoho: Zoho, application: LoopbackServer) -> Client:
    return zoho.add_client("Night jobs", also_in=["eu"], redirect_uris=(f"{application.origin}/back",))


def arrived(application: LoopbackServer) -> dict[str, str]:
    """What the application learned from the browser, which came once."""
    (target,) = [request.target for request in application.received if request.target.startswith("/back")]
    return {name: value for name, (value,) in parse_qs(urlsplit(target).query).items()}


async def test_accept_brings_the_application_a_code_that_it_exchanges(
    page: Page, zoho: Zoho, application: LoopbackServer, client: Client, http: httpx.AsyncClient
) -> None:
    await page.goto(consent_url(zoho.us, client))
    await accept(page)
    assert await page.inner_text("body") == "Back."
    back = arrived(application)
    assert (back["state"], back["location"]) == ("s 1&2", "us")
    assert "refresh_token" in await exchanged(http, zoho.us, client, back["code"])


async def test_reject_tells_the_application(
    page: Page, zoho: Zoho, application: LoopbackServer, client: Client
) -> None:
    await page.goto(consent_url(zoho.us, client))
    await reject(page)
    assert arrived(application) == {"state": "s 1&2", "error": "access_denied"}


async def test_a_person_of_another_data_centre_leads_the_application_there(
    page: Page, zoho: Zoho, application: LoopbackServer, client: Client, http: httpx.AsyncClient
) -> None:
    await page.goto(consent_url(zoho.us, client))
    await accept(page, user="bob@example.com")
    back = arrived(application)
    assert (back["location"], back["accounts-server"]) == ("eu", zoho.eu.accounts_server)
    assert "refresh_token" in await exchanged(http, zoho.eu, client, back["code"])


async def test_a_wrong_redirect_uri_keeps_the_browser_at_zoho(
    page: Page, zoho: Zoho, application: LoopbackServer, client: Client
) -> None:
    await page.goto(consent_url(zoho.us, client, redirect_uri=f"{application.origin}/elsewhere"))
    assert page.url.startswith(zoho.us.accounts_server)
    assert "The redirect URI is not one of those registered" in await page.inner_text("[role=alert]")
    assert not application.received


async def test_a_script_in_the_browser_gets_its_token_in_the_fragment_which_no_server_sees(
    page: Page, zoho: Zoho, application: LoopbackServer
) -> None:
    uri = f"{application.origin}/back"
    client = zoho.add_client(kind=ClientKind.JAVASCRIPT, redirect_uris=(uri,))
    await page.goto(consent_url(zoho.us, client, response_type="token"))
    await accept(page)
    assert "access_token=1000." in urlsplit(page.url).fragment
    assert arrived(application) == {}
