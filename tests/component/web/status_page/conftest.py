"""The status page in a real browser, served by the real server; the facts behind it are the test's to change."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.component.web.status_page.stage import Stage
from tests.support.people.browser import browser

__all__ = ["browser"]


@pytest_asyncio.fixture(loop_scope="session")
async def stage() -> AsyncIterator[Stage]:
    async with Stage() as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, stage: Stage) -> AsyncIterator[Page]:
    """A page whose clock is the test's; whatever it complained of fails the test."""
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(10_000)
    page = await context.new_page()
    page.on("console", lambda message: stage.complaints.append(message.text))
    page.on("pageerror", lambda error: stage.complaints.append(str(error)))
    page.on("dialog", lambda dialog: stage.complaints.append(dialog.message))
    await page.clock.install()
    yield page
    await context.close()
    assert stage.complaints == []
