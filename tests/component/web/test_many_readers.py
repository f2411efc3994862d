"""Many read `/status`, `/` and `/metrics` of a running server at once, and the fleet takes as long as a test wants."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

import httpx
import pytest

from tests.support.samples.fact_samples import a_daemon, a_row
from tests.support.samples.web_sources import sources
from zoho_tokend.core.facts import ConnectionFacts
from zoho_tokend.web.app import MOST_AT_ONCE, create_app
from zoho_tokend.web.server import Server

PATIENCE = 120
READ = ["/status?limit=1000", "/", "/metrics"]


@dataclass(frozen=True)
class Gate:
    """Whoever passes has shown that it came, and waits until it is opened."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def passed(self) -> None:
        self.reached.set()
        assert self.opened.wait(PATIENCE), "nobody opened the gate: the event loop stood still"

    async def until_reached(self) -> None:
        while not self.reached.is_set():  # noqa: ASYNC110 - a thread sets it, and no other may be taken to wait for it
            await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Fleet:
    """One connection behind a gate; ``looks`` counts who went through it."""

    gate: Gate = field(default_factory=Gate)
    looks: list[str] = field(default_factory=list)

    def __call__(self) -> Iterator[ConnectionFacts]:
        self.looks.append("one more")
        self.gate.passed()
        yield a_row()


@asynccontextmanager
async def a_server(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running server; in the end the gate is open."""
    server = Server(create_app(sources(connections=fleet)), host="127.0.0.1", port=0)
    address = "http://{}:{}".format(*server.bound_address)
    unlimited = httpx.Limits(max_connections=None)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        try:
            async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=unlimited) as web:
                yield web
        finally:
            fleet.gate.opened.set()
            server.stop()


def crowd(web: httpx.AsyncClient, path: str, many: int) -> list[asyncio.Future[httpx.Response]]:
    return [asyncio.ensure_future(web.get(path)) for _reader in range(many)]


@pytest.mark.parametrize("path", READ)
async def test_while_readers_wait_for_the_fleet_probes_and_names_are_answered(path: str) -> None:
    fleet, loop = Fleet(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))  # which looks host names up, one after another
    async with a_server(fleet) as web:
        readers = crowd(web, path, MOST_AT_ONCE)
        await fleet.gate.until_reached()
        async with asyncio.timeout(PATIENCE):
            assert (await web.get("/livez")).status_code == 200
            assert (await web.get("/readyz")).status_code == 200
            assert await loop.getaddrinfo("localhost", 443)
        fleet.gate.opened.set()
        answers = await asyncio.gather(*readers)
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("path", READ)
async def test_pages_are_made_while_every_thread_waits_for_a_name_server(path: str) -> None:
    fleet, loop, names = Fleet(), asyncio.get_running_loop(), Gate()
    fleet.gate.opened.set()
    loop.set_default_executor(ThreadPoolExecutor(1))
    look_up = loop.run_in_executor(None, names.passed)
    async with a_server(fleet) as web:
        await names.until_reached()
        assert (await web.get(path)).status_code == 200
        names.opened.set()
    await look_up


@pytest.mark.parametrize("path", READ)
async def test_who_comes_to_a_crowd_is_told_to_come_again_and_nobody_else_is(path: str) -> None:
    fleet = Fleet()
    async with a_server(fleet) as web:
        readers = crowd(web, path, MOST_AT_ONCE + 3)
        async with asyncio.timeout(PATIENCE):
            while len(refused := [reader.result() for reader in readers if reader.done()]) < 3:
                await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED, timeout=0.05)
        others = [asyncio.ensure_future(web.get(other)) for other in READ if other != path]
        fleet.gate.opened.set()
        answers = await asyncio.gather(*readers, *others)
        again = await web.get(path)
    assert {(answer.status_code, answer.headers["retry-after"]) for answer in refused} == {(503, "1")}
    assert "Busy" in refused[0].text
    assert sorted(answer.status_code for answer in answers) == [200] * (MOST_AT_ONCE + len(others)) + [503] * 3
    assert again.status_code == 200


async def test_readers_of_the_status_and_of_its_page_share_one_look_at_the_fleet() -> None:
    fleet = Fleet()
    async with a_server(fleet) as web:
        readers = [*crowd(web, "/status", 4), *crowd(web, "/", 4)]
        await fleet.gate.until_reached()
        fleet.gate.opened.set()
        answers = await asyncio.gather(*readers)
    assert {answer.status_code for answer in answers} == {200}
    assert len(fleet.looks) == 1


async def test_probes_are_answered_while_the_status_is_being_written() -> None:
    fleet, gate = Fleet(), Gate()
    fleet.gate.opened.set()

    class SlowInstant(datetime):
        def astimezone(self, tz: tzinfo | None = None) -> "SlowInstant":
            gate.passed()
            return super().astimezone(tz)

    slow = SlowInstant.fromisoformat("2026-01-01T12:00:00+00:00")
    app = create_app(sources(daemon=lambda: replace(a_daemon(), started_at=slow), connections=fleet))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as web:
        look = asyncio.ensure_future(web.get("/status"))
        await gate.until_reached()
        assert (await web.get("/livez")).status_code == 200
        gate.opened.set()
        assert (await look).json()["started_at"] == "2026-01-01T12:00:00Z"


async def test_scrapes_that_wait_share_a_rendering_begun_after_they_came() -> None:
    fleet = Fleet()
    async with a_server(fleet) as web:
        first = crowd(web, "/metrics", 1)
        await fleet.gate.until_reached()
        rest = crowd(web, "/metrics", MOST_AT_ONCE)  # one too many, so that all the others have come when it is refused
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait(rest, return_when=asyncio.FIRST_COMPLETED)
        fleet.gate.opened.set()
        answers = await asyncio.gather(*first, *rest)
    assert sorted(answer.status_code for answer in answers) == [200] * MOST_AT_ONCE + [503]
    assert len(fleet.looks) == 2
