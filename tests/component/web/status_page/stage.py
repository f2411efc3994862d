"""A daemon to look at: the real web server, and facts that a test changes between two looks."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from playwright.async_api import Page

from tests.support.samples.fact_samples import a_daemon, a_row
from tests.support.samples.fleet_samples import FLOOR
from tests.support.samples.web_sources import READY, sources
from zoho_tokend.core.facts import ConnectionFacts
from zoho_tokend.web.app import create_app
from zoho_tokend.web.server import Server

REFRESH = 10_000
"""Milliseconds after which the page looks again."""


class Stage:
    """The server, and what it shows.

    Attributes:
        looks: how often somebody looked at the fleet.
        complaints: what the browser's console said.
    """

    def __init__(self) -> None:
        self.connections: Sequence[ConnectionFacts] = [a_row(floor=FLOOR)]
        self.daemon = a_daemon(floor=FLOOR)
        self.ready = READY
        self.looks = 0
        self.complaints: list[str] = []
        self.url = ""
        self._port = 0
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """It answers, always at the same address."""
        app = create_app(
            sources(connections=self._look, daemon=lambda: self.daemon, ready=lambda: self.ready),
            shared_for=timedelta(),
        )
        server = Server(app, host="127.0.0.1", port=self._port)
        self._port = server.bound_address[1]
        self.url = f"http://127.0.0.1:{self._port}/"
        tasks = await self._running.enter_async_context(asyncio.TaskGroup())
        tasks.create_task(server.serve())
        self._running.callback(server.stop)

    async def stop(self) -> None:
        """It does not answer."""
        await self._running.aclose()

    def pass_time(self, span: timedelta, **changes: Any) -> None:
        """So much time passes for the daemon."""
        self.daemon = replace(self.daemon, now=self.daemon.now + span, **changes)

    def _look(self) -> Sequence[ConnectionFacts]:
        self.looks += 1
        return self.connections


async def look_again(page: Page) -> None:
    """The page has looked again, and shows what it saw."""
    async with page.expect_response(lambda answer: answer.request.resource_type == "xhr") as answer:
        await page.clock.run_for(REFRESH)
    await (await answer.value).finished()
    await page.evaluate("() => new Promise((done) => queueMicrotask(done))")
