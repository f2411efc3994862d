"""`authorize web` in a real browser: what the person sees in the end, and what stands in Vault then."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, Response

from tests.support.people.browser import IN_BROWSER, accept, reject
from tests.support.people.consent_desk import SCOPE, Desk, a_desk
from tests.support.people.person import Piped
from tests.support.places.site import Site
from tests.support.servers.openbao import Corner
from zoho_simulator import Client, ClientKind, Zoho

pytestmark = IN_BROWSER

BOB = "bob@example.com"
SECRETS = re.compile(r"100[0-9]\.[0-9a-f]{32}\.[0-9a-f]{32}|\b[0-9a-f]{42}\b")


@pytest.fixture
def desk(corner: Corner, zoho: Zoho, tmp_path: Path) -> Desk:
    folder = tmp_path / "here"
    folder.mkdir()
    return a_desk(Site(corner, zoho, tmp_path), folder)


@pytest.fixture
def redirect_uri() -> str:
    """On a port that was free a moment ago."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return f"http://localhost:{free.getsockname()[1]}/callback"


def registered(desk: Desk, redirect_uri: str, *, same_secret: bool = True) -> Client:
    application = desk.application(ClientKind.SERVER, redirect_uri=redirect_uri, same_secret=same_secret)
    added = [desk.add(application)]
    if same_secret:
        added.append(desk.add(application, "app", "--replace", "--secret-for=other"))
    assert all(each.code == 0 for each in added), added[-1].err
    return application


@contextmanager
def authorizing(desk: Desk, *more: str) -> Iterator[tuple[Piped, str]]:
    """The command waits for the browser; with the address of the consent page that it has printed."""
    arguments = ("authorize", "web", "crm-prod", "--client=app", f"--scope={SCOPE}", "--no-browser", *more)
    with desk.begin(*arguments) as command:
        yield command, desk.page(command.says("Waiting for the browser to come back"))


async def ending(page: Page) -> list[str]:
    """The sentences on the page that the browser ended on; there is no secret in its source, and no script."""
    assert not SECRETS.search(await page.content())
    assert await page.locator("script").count() == 0
    return await page.locator(".verdict, .said li, footer p").all_inner_texts()


async def test_accept_ends_on_a_page_that_says_what_was_stored_and_where(
    page: Page, desk: Desk, redirect_uri: str
) -> None:
    registered(desk, redirect_uri)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it wants to name its listeners
    with authorizing(desk) as (command, url):
        await page.goto(url)
        await accept(page)
        heading, *said, farewell = await ending(page)
        assert command.end() == 0, command.heard
    where = f"{desk.site.corner.mount}/zoho/credentials/crm-prod"
    assert (heading, farewell) == ("Connected", "You may close this page.")
    assert f"The credential of crm-prod is in Vault, at {where}, as version 1." in said
    assert "Zoho's API says: the token works; it belongs to Tidewater Looms (60001234567)." in said
    assert desk.version("credentials/crm-prod") == 1
    (last,) = [answer for answer in answers if answer.url.startswith(redirect_uri)]
    assert last.headers["cache-control"] == "no-store"
    assert last.headers["referrer-policy"] == "no-referrer"


async def test_reject_ends_on_a_page_that_says_what_to_do(page: Page, desk: Desk, redirect_uri: str) -> None:
    registered(desk, redirect_uri)
    with authorizing(desk) as (command, url):
        await page.goto(url)
        await reject(page)
        heading, *said, _ = await ending(page)
        assert command.end() == 1
        assert "Traceback" not in command.heard, command.heard
    assert heading == "Not connected"
    assert any(sentence.startswith("The consent was refused on Zoho's page") for sentence in said), said
    assert desk.version("credentials/crm-prod") == 0


async def test_a_person_of_another_data_centre_is_connected_there(page: Page, desk: Desk, redirect_uri: str) -> None:
    registered(desk, redirect_uri)
    with authorizing(desk) as (command, url):
        await page.goto(url)
        await accept(page, user=BOB)
        heading, *_ = await ending(page)
        assert command.end() == 0, command.heard
    assert heading == "Connected"
    assert desk.credential()["accounts_server"] == desk.site.zoho.eu.accounts_server


async def test_a_data_centre_for_which_the_client_has_no_secret_is_named(
    page: Page, desk: Desk, redirect_uri: str
) -> None:
    registered(desk, redirect_uri, same_secret=False)
    with authorizing(desk) as (command, url):
        await page.goto(url)
        await accept(page, user=BOB)
        heading, *said, _ = await ending(page)
        assert command.end() == 1
    assert heading == "Not connected"
    assert "add client_secret_other to it" in said[-1]
    assert desk.version("credentials/crm-prod") == 0


@pytest.mark.parametrize("query", ["?state=another&code=1000.x&location=us", "?error=access_denied", ""])
async def test_a_foreign_hit_does_not_end_the_wait(page: Page, desk: Desk, redirect_uri: str, query: str) -> None:
    registered(desk, redirect_uri)
    with authorizing(desk) as (command, url):
        await page.goto(redirect_uri + query)
        heading, *said, _ = await ending(page)
        assert heading == "This is no answer to the consent"
        assert said[-1].startswith("The command still waits")
        await page.goto(url)
        await accept(page)
        heading, *_ = await ending(page)
        assert command.end() == 0, command.heard
    assert heading == "Connected"
    assert desk.version("credentials/crm-prod") == 1


async def test_a_code_that_was_used_already_is_told(page: Page, desk: Desk, redirect_uri: str) -> None:
    application = registered(desk, redirect_uri)
    with authorizing(desk) as (command, url):
        address = desk.decided(url)
        # Somebody saw it on its way and was faster; without the verifier of PKCE that spoils the code, and no more.
        assert desk.exchanged(application, address) == {"error": "invalid_code"}
        await page.goto(address)
        heading, *said, _ = await ending(page)
        assert command.end() == 1
    assert heading == "Not connected"
    assert said[-1].startswith("Zoho does not accept the code: it expired, was used before")
    assert desk.version("credentials/crm-prod") == 0


async def test_a_code_that_expired_on_its_way_is_told(page: Page, desk: Desk, redirect_uri: str) -> None:
    registered(desk, redirect_uri)
    with authorizing(desk) as (command, url):
        address = desk.decided(url)
        desk.site.zoho.advance(timedelta(minutes=3))
        await page.goto(address)
        heading, *said, _ = await ending(page)
        assert command.end() == 1
    assert heading == "Not connected"
    assert said[-1].startswith("Zoho does not accept the code: it expired")
    assert desk.version("credentials/crm-prod") == 0


async def test_a_port_that_is_taken_is_named_before_anything_is_asked(desk: Desk, redirect_uri: str) -> None:
    registered(desk, redirect_uri)
    port = int(redirect_uri.rpartition(":")[2].partition("/")[0])
    with closing(socket.create_server(("127.0.0.1", port))):
        ended = desk.run("authorize", "web", "crm-prod", "--client=app", f"--scope={SCOPE}", "--no-browser")
    assert ended.code == 1
    assert f"zoho-tokend: --redirect-uri: cannot listen on 127.0.0.1:{port}: Address already in use" in ended.err
    assert "oauth/v2/auth" not in ended.err
