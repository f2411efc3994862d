"""The status page of the real process: what it tells of a real fleet, and whether the command that it shows helps."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from playwright.async_api import Page, expect

from tests.support.people.browser import IN_BROWSER
from tests.support.places.site import Site

pytestmark = IN_BROWSER

BAO = Path(sys.executable).with_name("bao")


def carried_out(site: Site, command: str, *, typed: str) -> None:
    """The command as the page writes it, with what is in capitals filled in."""
    program, *words = command.split()
    assert program == "vault"
    subprocess.run(
        [BAO, *words],
        env={"BAO_ADDR": site.corner.address, "BAO_TOKEN": site.corner.admin.server.root_token.reveal()},
        input=typed,
        text=True,
        check=True,
        capture_output=True,
    )


async def test_the_command_that_the_page_shows_helps_and_the_page_shows_that_it_did(site: Site, page: Page) -> None:
    site.connect("crm-prod")
    site.connect("crm-new", client_secret="")
    with site.daemon() as daemon:
        await asyncio.to_thread(daemon.until_state, "crm-new", "misconfigured")
        await asyncio.to_thread(daemon.until_state, "crm-prod", "fresh")
        await page.goto(daemon.address)
        verdict, row = page.locator("h1"), page.locator("tbody").filter(has_text="crm-new")
        await expect(verdict).to_have_text("The promise is kept, but 1 of 2 connections has no good token.")
        await expect(row).to_contain_text("the field 'client_secret' is empty")
        command = await row.locator("code").inner_text()
        secret = site.client("eu").secrets["eu"]
        await asyncio.to_thread(carried_out, site, command.replace("FIELD", "client_secret"), typed=secret)
        await asyncio.to_thread(daemon.until_state, "crm-new", "fresh")
        await expect(verdict).to_have_text("The promise is kept.", timeout=120_000)
        await expect(row).to_contain_text("fresh")


async def test_nothing_that_the_page_loads_holds_a_secret(site: Site, page: Page) -> None:
    refresh_token = site.connect("crm-prod")
    site.connect("crm-revoked", refresh_token=f"1000.{'0' * 32}.{'1' * 32}")
    client = site.client("eu")
    bodies: list[str] = []
    with site.daemon() as daemon:
        await asyncio.to_thread(daemon.until_state, "crm-prod", "fresh")
        for path in ("/", "/status", "/style.css", "/refresh.js"):
            answer = await page.goto(daemon.address + path)
            assert answer is not None
            bodies.append(await answer.text())
        access_token = str(site.token("crm-prod")["access_token"])
    told = "\n".join(bodies)
    assert "crm-revoked" in told
    for secret in (refresh_token, client.secrets["eu"], client.client_id, access_token, "0" * 32):
        assert secret not in told
    assert not re.search(r"1000\.[0-9a-f]{32}", told)
