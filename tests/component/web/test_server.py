import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.support.samples.web_sources import sources
from zoho_tokend.core.errors import BadSettings
from zoho_tokend.web.app import create_app
from zoho_tokend.web.server import Server


def a_server(*, host: str = "127.0.0.1", port: int = 0) -> Server:
    return Server(create_app(sources()), host=host, port=port)


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    host, port = server.bound_address
    async with asyncio.TaskGroup() as group, httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=60) as web:
        group.create_task(server.serve())
        yield web
        server.stop()


async def test_a_server_answers_and_does_not_say_what_it_is() -> None:
    async with running(a_server()) as web:
        got, head = await web.get("/readyz?verbose"), await web.head("/readyz?verbose")
    assert got.text.endswith("readyz check passed\n")
    assert (head.status_code, head.content) == (200, b"")
    assert "server" not in got.headers


async def test_a_server_that_is_told_to_stop_frees_its_port() -> None:
    first = a_server()
    async with running(first) as web:
        assert (await web.get("/livez")).status_code == 200
    host, port = first.bound_address
    async with running(a_server(host=host, port=port)) as web:
        assert (await web.get("/livez")).status_code == 200


async def test_a_server_stopped_before_it_served_ends_at_once() -> None:
    server = a_server()
    server.stop()
    await asyncio.wait_for(server.serve(), 60)


async def test_a_cancelled_server_listens_no_more() -> None:
    server = a_server()
    host, port = server.bound_address
    async with asyncio.TaskGroup() as group, httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=60) as web:
        serving = group.create_task(server.serve())
        assert (await web.get("/livez")).status_code == 200
        serving.cancel()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, port)


async def test_a_taken_port_is_a_bad_setting_told_in_one_line() -> None:
    taken = a_server()
    host, port = taken.bound_address
    with pytest.raises(BadSettings) as refusal:
        a_server(host=host, port=port)
    taken.stop()
    await taken.serve()
    assert str(refusal.value) == (
        f"LISTEN: cannot listen on {host}:{port}: Address already in use. Choose another address, or free this one."
    )


@pytest.mark.parametrize(("host", "port"), [("256.0.0.1", 8080), ("no such host", 1)])
def test_an_address_that_there_is_not_is_a_bad_setting(host: str, port: int) -> None:
    with pytest.raises(BadSettings, match="LISTEN: cannot listen on"):
        a_server(host=host, port=port)


async def test_a_request_head_without_end_is_cut_off() -> None:
    server = a_server()
    async with running(server):
        reader, writer = await asyncio.open_connection(*server.bound_address)
        writer.write(b"GET /livez HTTP/1.1\r\nX-Long: " + b"a" * 100_000)
        answer = await reader.read()
        writer.close()
    assert b" 400 " in answer


async def test_the_signals_of_the_process_stay_with_the_daemon() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with running(a_server()) as web:
        await web.get("/livez")
        assert signal.getsignal(signal.SIGTERM) is before
