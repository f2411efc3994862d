"""The page refreshes itself, and takes nothing from its reader."""

from datetime import timedelta

from playwright.async_api import Page, Route, expect

from tests.component.web.status_page.stage import REFRESH, Stage, look_again
from tests.support.people.browser import IN_BROWSER
from tests.support.samples.fact_samples import a_row
from tests.support.samples.fleet_samples import FLOOR, a_fleet, a_large_fleet
from zoho_tokend.core.facts import State

pytestmark = IN_BROWSER

MINUTE = timedelta(minutes=1)
ILL = a_row("aaa-new", State.NEEDS_CONSENT, floor=FLOOR, error="Zoho says no", expires_at=None)


async def test_what_changed_is_shown_without_a_reload(stage: Stage, page: Page) -> None:
    await page.goto(stage.url)
    await page.evaluate("window.stays = true")
    stage.connections = [*stage.connections, ILL]
    stage.pass_time(MINUTE)
    await look_again(page)
    await expect(page.locator("h1")).to_have_text("The promise is kept, but 1 of 2 connections has no good token.")
    await expect(page.locator("tbody").filter(has_text="aaa-new")).to_contain_text("Zoho says no")
    await expect(page.locator("#now")).to_have_text("12:01:00 UTC")
    assert await page.title() == "(1) zoho-tokend"
    assert await page.evaluate("window.stays")


async def test_rows_come_go_and_change_places_as_the_fleet_does(stage: Stage, page: Page) -> None:
    names = page.get_by_role("rowheader")
    stage.connections = [a_row(name) for name in "abcd"]
    await page.goto(stage.url)
    stage.connections = [a_row("a"), a_row("b"), a_row("d", State.FAILING), a_row("e")]
    await look_again(page)
    assert [text.split()[0] for text in await names.all_inner_texts()] == ["d", "a", "b", "e"]
    stage.connections = []
    await look_again(page)
    await expect(page.locator("h1")).to_have_text("There are no connections yet.")
    stage.connections = [a_row("z")]
    await look_again(page)
    assert [text.split()[0] for text in await names.all_inner_texts()] == ["z"]


async def test_the_reader_keeps_the_place_to_which_they_scrolled(stage: Stage, page: Page) -> None:
    stage.connections = a_large_fleet(90)
    await page.goto(stage.url)
    await page.get_by_text("89 more connections, all well").first.click()
    row = page.get_by_role("row").filter(has_text="tenant-00060")
    await row.scroll_into_view_if_needed()
    before = await row.bounding_box()
    stage.connections = [ILL, *stage.connections]
    stage.pass_time(MINUTE)
    await look_again(page)
    await expect(page.get_by_text("aaa-new", exact=True)).to_be_attached()
    after = await row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 1
    assert await page.evaluate("scrollY") > 1_000


async def test_focus_stays_where_it_was_though_its_row_moves(stage: Stage, page: Page) -> None:
    stage.connections = a_fleet()
    await page.goto(stage.url)
    button = page.get_by_role("row").filter(has_text="reports-eu").get_by_role("button")
    await button.focus()
    stage.connections = [row for row in a_fleet() if row.state is not State.EXPIRED] + [
        a_row("reports-eu", State.EXPIRED, error="Zoho is away", floor=FLOOR)
    ]
    stage.connections = [row for row in stage.connections if (row.name, row.state) != ("reports-eu", State.THROTTLED)]
    await look_again(page)
    await expect(page.get_by_role("rowheader").first).to_have_text("reports-eu eu")
    await expect(button).to_be_focused()


async def test_what_is_being_typed_stays_typed(stage: Stage, page: Page) -> None:
    stage.connections = a_fleet()
    await page.goto(stage.url)
    search = page.get_by_role("searchbox", name="Find by name")
    await search.fill("crm-prod")
    await page.clock.run_for(300)
    await expect(page.get_by_role("rowheader")).to_have_count(1)
    await search.press("Home")
    await search.evaluate("(field) => (field.value = 'half ' + field.value)")
    stage.pass_time(MINUTE)
    await look_again(page)
    await expect(page.locator("#now")).to_have_text("12:01:00 UTC")
    await expect(search).to_be_focused()
    await expect(search).to_have_value("half crm-prod")
    assert page.url == f"{stage.url}?search=crm-prod"


async def test_selected_text_stays_selected_and_the_page_waits_for_it(stage: Stage, page: Page) -> None:
    stage.connections = [ILL]
    await page.goto(stage.url)
    await page.locator(".cause p").first.evaluate("(told) => getSelection().selectAllChildren(told)")
    stage.pass_time(MINUTE)
    await page.clock.run_for(3 * REFRESH)
    await expect(page.get_by_role("status")).to_have_text("Not refreshed while text is selected.")
    assert await page.evaluate("getSelection().toString()") == "Zoho says no."
    await expect(page.locator("#now")).to_have_text("12:00:00 UTC")
    await page.evaluate("getSelection().removeAllRanges()")
    await look_again(page)
    await expect(page.locator("#now")).to_have_text("12:01:00 UTC")
    await expect(page.get_by_role("status")).to_be_empty()


async def test_a_page_that_nobody_sees_does_not_ask(stage: Stage, page: Page) -> None:
    await page.goto(stage.url)
    await _hide(page, hidden=True)
    await page.clock.run_for(20 * REFRESH)
    assert stage.looks == 1
    stage.pass_time(MINUTE)
    await _hide(page, hidden=False)
    await expect(page.locator("#now")).to_have_text("12:01:00 UTC")
    assert stage.looks == 2


async def test_a_page_that_is_hidden_while_it_asks_does_not_ask_again(stage: Stage, page: Page) -> None:
    async def hide_first(route: Route) -> None:
        await _hide(page, hidden=True)
        await route.continue_()

    await page.goto(stage.url)
    await page.route(stage.url, hide_first)
    await look_again(page)
    await page.clock.run_for(20 * REFRESH)
    assert stage.looks == 2


async def test_a_daemon_that_is_gone_is_told_and_its_return_is_noticed(stage: Stage, page: Page) -> None:
    await page.goto(stage.url)
    await stage.stop()
    await page.clock.run_for(REFRESH)
    notice = page.get_by_role("status")
    await expect(notice).to_have_text(
        "The daemon cannot be reached: this is how it was at 12:00:00 UTC. Asked again every 10 s."
    )
    await expect(page.get_by_role("row").filter(has_text="crm-prod")).to_be_visible()
    stage.pass_time(MINUTE)
    await stage.start()
    await look_again(page)
    await expect(notice).to_be_empty()
    await expect(page.locator("#now")).to_have_text("12:01:00 UTC")
    assert all("ERR_CONNECTION_REFUSED" in complaint for complaint in stage.complaints)
    stage.complaints.clear()


async def test_an_answer_that_is_no_page_is_told_and_not_shown(stage: Stage, page: Page) -> None:
    await page.goto(stage.url)
    stage.daemon = None  # type: ignore[assignment]  # an error of our own
    await look_again(page)
    await expect(page.get_by_role("status")).to_contain_text("The daemon answers with status 500")
    await expect(page.get_by_role("row").filter(has_text="crm-prod")).to_be_visible()
    stage.complaints.clear()


async def test_a_command_is_copied_by_its_button(stage: Stage, page: Page) -> None:
    stage.connections = [ILL]
    await page.goto(stage.url)
    button = page.get_by_role("button", name="Copy the command")
    await button.click()
    await expect(page.get_by_role("status")).to_have_text("Copied.")
    assert await page.evaluate("navigator.clipboard.readText()") == "zoho-tokend refresh aaa-new"


async def test_where_the_clipboard_is_not_allowed_the_command_is_selected(stage: Stage, page: Page) -> None:
    stage.connections = [ILL]
    await page.goto(stage.url)
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    await page.get_by_role("button", name="Copy the command").click()
    assert await page.evaluate("getSelection().toString()") == "zoho-tokend refresh aaa-new"


async def _hide(page: Page, *, hidden: bool) -> None:
    await page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
