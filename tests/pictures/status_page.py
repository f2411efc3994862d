"""A picture of the status page in either theme: the real page in Chromium, of an invented fleet at a fixed moment."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.async_api import Browser, async_playwright

from tests.component.web.status_page.stage import Stage
from tests.support.people.browser import ARGUMENTS, CHROMIUM
from tests.support.samples.fleet_samples import a_fleet
from zoho_tokend.core.facts import ConnectionFacts

_SCHEMES: Final[Sequence[Literal["light", "dark"]]] = ("light", "dark")
_PICTURED: Final = {"crm-sandbox", "reports-eu", "crm-uk", "billing-eu", "crm-prod", "crm-us"}
_WIDTH: Final = 1080
_SHARP: Final = 1.5
_COLOURS: Final = 96


async def take_status_page(folder: Path) -> list[Path]:
    """``status-light.png`` and ``status-dark.png``."""
    async with Stage() as stage, async_playwright() as playwright:
        stage.connections = _kept()
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        taken = [await _take(browser, stage, scheme, folder / f"status-{scheme}.png") for scheme in _SCHEMES]
        await browser.close()
    return taken


async def _take(browser: Browser, stage: Stage, scheme: Literal["light", "dark"], to: Path) -> Path:
    page = await browser.new_page(
        color_scheme=scheme, viewport={"width": _WIDTH, "height": 700}, device_scale_factor=_SHARP
    )
    await page.goto(stage.url)
    whole = Image.open(BytesIO(await page.screenshot(full_page=True)))
    await page.close()
    few_colours = whole.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    few_colours.save(to, optimize=True)
    return to


def _kept() -> Sequence[ConnectionFacts]:
    """Some of the fleet for which the promise is kept, although two of them need a look."""
    return [row for row in a_fleet() if row.name in _PICTURED]
