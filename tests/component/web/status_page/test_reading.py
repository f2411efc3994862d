"""The page can be read by everybody: at any width, in either theme, on paper, by keyboard and ear, without a script."""

from collections.abc import Sequence
from typing import Literal

import pytest
from playwright.async_api import Browser, Error, Page, expect

from tests.component.web.status_page.contrast import FAINT_MARKS, FAINT_TEXTS
from tests.component.web.status_page.stage import Stage, look_again
from tests.support.people.browser import IN_BROWSER
from tests.support.samples.fact_samples import a_row
from tests.support.samples.fleet_samples import LARGE, a_fleet, a_large_fleet
from zoho_tokend.core.facts import State

pytestmark = IN_BROWSER

PHONE, DESK = 390, 1280
HOSTILE = '</td><script>alert(1)</script><img src=x onerror="alert(2)">\'&lt;b&gt;'


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("connected", [True, False])
async def test_every_text_stands_out_from_what_is_behind_it(
    stage: Stage, page: Page, scheme: Literal["light", "dark"], *, connected: bool
) -> None:
    """At least 4.5 to 1, and 3 to 1 for marks: https://www.w3.org/TR/WCAG22/#contrast-minimum."""
    stage.connections = a_fleet() if connected else []
    await page.emulate_media(color_scheme=scheme)
    await page.goto(stage.url)
    assert await page.evaluate(FAINT_TEXTS) == []
    assert await page.evaluate(FAINT_MARKS) == []


@pytest.mark.parametrize("width", [320, PHONE, 768, 1024, DESK])
@pytest.mark.parametrize("fleet", [a_fleet(), []], ids=["a fleet", "none"])
async def test_nothing_is_wider_than_the_screen(stage: Stage, page: Page, width: int, fleet: Sequence[object]) -> None:
    stage.connections = [*a_fleet(), a_row("x" * 128, State.FAILING, error="y" * 300)] if fleet else []
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(stage.url)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_the_table_is_a_table_to_a_screen_reader_at_every_width(stage: Stage, page: Page, width: int) -> None:
    stage.connections = a_fleet()
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(stage.url)
    table = page.get_by_role("table", name="Connections: 15, trouble first")
    await expect(table.get_by_role("row")).to_have_count(1 + 15 + 7)
    await expect(table.get_by_role("columnheader")).to_have_count(5)
    await expect(table.get_by_role("rowheader")).to_have_count(15)
    await expect(table.get_by_role("cell")).to_have_count(15 * 4 + 7)


async def test_the_page_has_one_heading_and_its_parts_have_names(stage: Stage, page: Page) -> None:
    stage.connections = a_fleet()
    await page.goto(stage.url)
    await expect(page.get_by_role("heading")).to_have_count(1)
    for role in ("banner", "main", "contentinfo", "search"):
        await expect(page.get_by_role(role)).to_have_count(1)
    await expect(page.get_by_role("navigation", name="Connections by state")).to_have_count(1)
    await expect(page.get_by_role("searchbox", name="Find by name")).to_have_count(1)


async def test_all_that_can_be_done_can_be_done_by_keyboard(stage: Stage, page: Page) -> None:
    stage.connections = a_fleet()
    await page.goto(stage.url)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the connections")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    reached = set()
    doable = await page.locator("main :is(a, button, input):visible, footer a").count()
    for _ in range(doable):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert len(reached) == doable


async def test_without_a_script_all_is_there_and_the_search_works(stage: Stage, browser: Browser) -> None:
    stage.connections = a_fleet()
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{stage.url}?state=fresh")
    await expect(page.locator("noscript")).to_have_count(1)
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in await page.content()
    await expect(page.get_by_role("button", name="Copy the command")).to_have_count(0)
    await page.get_by_role("searchbox").fill("CRM")
    await page.get_by_role("button", name="Find").click()
    assert [text.split()[0] for text in await page.get_by_role("rowheader").all_inner_texts()] == ["crm-prod", "crm-us"]
    await context.close()


async def test_nothing_is_loaded_from_elsewhere(stage: Stage, page: Page) -> None:
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    await page.goto(stage.url)
    await look_again(page)
    assert {f"{stage.url}style.css", f"{stage.url}refresh.js"} <= set(loaded)
    assert [url for url in loaded if not url.startswith(stage.url)] == []


@pytest.mark.parametrize(
    "attempt",
    [
        "document.body.innerHTML = '<b>x</b>'",
        "document.createElement('script').text = 'x'",
        "document.body.setAttribute('onclick', 'x')",
    ],
)
async def test_the_browser_lets_no_text_become_markup_or_a_script(stage: Stage, page: Page, attempt: str) -> None:
    await page.goto(stage.url)
    with pytest.raises(Error, match="requires 'Trusted"):
        await page.evaluate(attempt)
    assert any("requires 'Trusted" in complaint for complaint in stage.complaints)
    stage.complaints.clear()


async def test_hostile_names_are_shown_at_first_and_after_a_refresh_and_never_obeyed(stage: Stage, page: Page) -> None:
    stage.connections = [a_row(HOSTILE, State.FAILING, error=HOSTILE, data_center=HOSTILE)]
    await page.goto(f"{stage.url}?search=%3Cscript%3E")
    row = page.get_by_role("rowheader")
    await expect(row).to_contain_text(HOSTILE)
    stage.connections = [*stage.connections, a_row(f"2 {HOSTILE}", State.FAILING, error=HOSTILE)]
    await look_again(page)
    await expect(row).to_have_count(2)
    await expect(row.first).to_contain_text(f"2 {HOSTILE}")
    await expect(page.locator("script")).to_have_count(1)
    await expect(page.locator("img")).to_have_count(0)


async def test_on_paper_there_is_what_can_be_read_and_nothing_to_press(stage: Stage, page: Page) -> None:
    stage.connections = a_fleet()
    await page.emulate_media(media="print", color_scheme="dark")
    await page.goto(stage.url)
    await expect(page.get_by_role("button").locator("visible=true")).to_have_count(0)
    await expect(page.get_by_role("searchbox")).to_be_hidden()
    await expect(page.get_by_role("rowheader")).to_have_count(15)
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert await page.evaluate(FAINT_TEXTS) == []


async def test_one_of_ten_thousand_is_found_by_page_by_state_and_by_name(stage: Stage, page: Page) -> None:
    stage.connections = a_large_fleet()
    await page.goto(stage.url)
    rows = page.get_by_role("rowheader")
    await expect(rows).to_have_count(25)
    await page.get_by_text("75 more connections, all well").first.click()
    await expect(rows).to_have_count(100)
    await expect(page.locator("caption").first).to_contain_text("1 to 100 of 10,000")
    await page.get_by_role("link", name="Next page").click()
    await expect(page.locator("caption").first).to_contain_text("101 to 200 of 10,000")
    await page.get_by_role("link", name="Previous page").click()
    await expect(page.locator("caption").first).to_contain_text("1 to 100 of 10,000")
    await page.get_by_role("link", name="failing").click()
    await expect(page.locator("caption").first).to_contain_text("Connections: 12")
    await page.get_by_role("link", name="all").click()
    await page.get_by_role("searchbox").fill(f"TENANT-0{LARGE - 1}")
    await page.clock.run_for(300)
    await expect(rows).to_have_text([f"tenant-0{LARGE - 1} eu"])
