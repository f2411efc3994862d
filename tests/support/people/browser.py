"""A real browser, and what a person does in it on the pages of a simulated Zoho.

One Chromium, Debian's, serves all tests; each test has a page with a profile of its own. A browser belongs to the event
loop that started it, so the tests that use it run in the session's loop: ``pytestmark = IN_BROWSER``.
"""

import shutil
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

IN_BROWSER: Final = pytest.mark.asyncio(loop_scope="session")

CHROMIUM: Final = "/usr/bin/chromium"
ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The one browser; where there is none its tests are skipped, but in CI nothing is."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"{CHROMIUM} is not there: apt-get install chromium")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty page that knows nothing of other tests."""
    context = await browser.new_context()
    context.set_default_timeout(20_000)
    yield await context.new_page()
    await context.close()


# --- the consent page, on which the page must be


async def accept(page: Page, user: str | None = None) -> None:
    """The person says yes; the browser is then where that leads. ``user`` is an address; None stays with the first."""
    await _choose(page, user)
    await _press(page, "Accept")


async def reject(page: Page) -> None:
    """The person says no; the browser is then where that leads."""
    await _press(page, "Reject")


# --- the device page


async def approve_device(page: Page, code: str, user: str | None = None) -> None:
    """The person types the code into the device page, on which the page must be, and says yes."""
    await _type_code(page, code)
    await _choose(page, user)
    await _press(page, "Approve")


async def deny_device(page: Page, code: str) -> None:
    """The person types the code into the device page, on which the page must be, and says no."""
    await _type_code(page, code)
    await _press(page, "Deny")


# --- the console


async def create_client(page: Page, console: str, title: str, *, name: str, redirect_uri: str | None = None) -> None:
    """A client of the type with this title is created; the page then shows it. ``console`` is the console's URL."""
    await page.goto(console)
    await page.get_by_role("link", name=title).click()
    await page.get_by_label("Client name").fill(name)
    if redirect_uri is not None:
        await page.get_by_label("Authorized redirect URIs").fill(redirect_uri)
    await _press(page, "Create")


async def client_id(page: Page) -> str:
    """The id of the client that the page shows."""
    return await page.locator("#client_id").inner_text()


async def client_secret(page: Page, data_center: str) -> str:
    """The secret of the client that the page shows, in this data centre; it takes a click to see it."""
    secret = page.locator(f"#secret_{data_center}")
    assert not await secret.is_visible()
    await page.locator("summary").filter(has_text=data_center).click()
    return await secret.inner_text()


async def generate_code(page: Page, scope: str, *, minutes: int = 3) -> str:
    """A code of the self client that the page shows."""
    await page.get_by_label("Scope", exact=True).fill(scope)
    await page.get_by_label("Time duration").select_option(f"{minutes} minutes")
    await page.get_by_label("Scope description").fill("for a test")
    await _press(page, "Create")
    return await page.locator("#code").inner_text()


async def _choose(page: Page, user: str | None) -> None:
    if user is not None:
        await page.get_by_label(user).check()


async def _type_code(page: Page, code: str) -> None:
    await page.get_by_label("The code that your device shows").fill(code)
    await _press(page, "Continue")


async def _press(page: Page, button: str) -> None:
    async with page.expect_event("load"):
        await page.get_by_role("button", name=button, exact=True).click()
