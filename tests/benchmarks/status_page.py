"""What the status page of a large fleet costs beside a scrape of it, and whether it holds up the event loop."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import httpx

from tests.benchmarks.figure import Figure
from tests.benchmarks.idle_sweep import a_fleet_at_rest
from tests.support.samples.builders import NOON
from tests.support.samples.web_sources import sources
from zoho_tokend.web.app import create_app

_LARGEST_RATIO = 1.5
_LARGEST_HOLD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """Processor time of a page and of a scrape; and for what share of the page's making the loop stood still."""

    connections: int
    page_seconds: float
    scrape_seconds: float
    hold: float

    @property
    def ratio(self) -> float:
        """How many scrapes a page costs."""
        return self.page_seconds / self.scrape_seconds

    def figures(self) -> list[Figure]:
        milliseconds = f"{self.page_seconds * 1e3:.0f} ms against {self.scrape_seconds * 1e3:.0f} ms"
        return [
            Figure(
                what=f"Processor time of the status page over that of a scrape, at {self.connections:,} connections",
                measured=f"{self.ratio:.2f} ({milliseconds})",
                target=f"at most {_LARGEST_RATIO:g}",
                holds=self.ratio <= _LARGEST_RATIO,
            ),
            Figure(
                what="Longest stand-still of the event loop while the page is made, over the time that it takes",
                measured=f"{self.hold:.2f}",
                target=f"at most {_LARGEST_HOLD:g}",
                holds=self.hold <= _LARGEST_HOLD,
            ),
        ]


async def measure(*, connections: int, rounds: int) -> StatusPage:
    """The median of some rounds, in which page and scrape take turns; no page is shared."""
    fleet = a_fleet_at_rest(connections)
    app = create_app(sources(connections=lambda: fleet.facts(NOON)), shared_for=timedelta())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as web:
        pages, scrapes, holds = [], [], []
        for _ in range(rounds):
            pages.append(await _processor_time(web, "/"))
            scrapes.append(await _processor_time(web, "/metrics"))
            holds.append(await _hold(web))
    return StatusPage(
        connections=connections, page_seconds=median(pages), scrape_seconds=median(scrapes), hold=median(holds)
    )


async def _processor_time(web: httpx.AsyncClient, path: str) -> float:
    begun = time.process_time()
    (await web.get(path)).raise_for_status()
    return time.process_time() - begun


async def _hold(web: httpx.AsyncClient) -> float:
    """The longest that the loop took for one turn while a page was made, as a share of the whole."""
    longest, begun = 0.0, time.perf_counter()
    look = asyncio.ensure_future(web.get("/"))
    while not look.done():
        turned = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - turned)
    return longest / (time.perf_counter() - begun)
