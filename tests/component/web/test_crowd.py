import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from tests.support.samples.web_sources import sources
from zoho_tokend.web.app import create_app
from zoho_tokend.web.server import MOST_CONNECTIONS, Patience, Server

REQUEST = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"


@asynccontextmanager
async def a_door(patience: Patience | None = None) -> AsyncIterator[tuple[str, int]]:
    """The address of a running server."""
    server = Server(create_app(sources()), host="127.0.0.1", port=0, patience=patience or Patience())
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        yield server.bound_address
        server.stop()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The head of the answer, whose body is read too."""
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
    return head


@asynccontextmanager
async def entering(address: tuple[str, int]) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, closed in the end."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def is_put_out(reader: asyncio.StreamReader) -> bool:
    """Whether the server ends the connection; it is waited for as long as the test may last."""
    with suppress(ConnectionError):
        while await reader.read(1 << 16):
            pass
    return True


@pytest.mark.parametrize("said", [b"", b"GET /livez HT", REQUEST + b"GET /liv"])
async def test_who_does_not_end_a_request_is_put_out(said: bytes) -> None:
    async with a_door(Patience(head=0.2, pause=1)) as address, entering(address) as (reader, writer):
        writer.write(said)
        assert await asyncio.wait_for(is_put_out(reader), 60)


async def test_who_does_not_fetch_the_answer_is_put_out() -> None:
    async with a_door(Patience(answer=0.2)) as address:
        with socket.create_connection(address) as greedy:
            greedy.setblocking(False)
            with suppress(BlockingIOError, ConnectionError):
                for _ in range(100_000):
                    greedy.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
                    await asyncio.sleep(0)
            async with asyncio.timeout(60):
                while await still_there(greedy):  # noqa: ASYNC110 - a socket tells nothing by itself
                    await asyncio.sleep(0.05)


async def test_the_longest_silent_gives_way_to_the_next() -> None:
    async with a_door() as address, AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(entering(address)) for _ in range(MOST_CONNECTIONS)]
        assert b" 200 " in await ask(*crowd[0])
        newcomer = await stack.enter_async_context(entering(address))
        assert b" 200 " in await ask(*newcomer)
        assert await asyncio.wait_for(is_put_out(crowd[1][0]), 60)
        assert b" 200 " in await ask(*crowd[2])


async def test_who_asks_again_and_again_stays() -> None:
    async with a_door(Patience(head=2)) as address, entering(address) as streams:
        for _ in range(8):
            assert b" 200 " in await ask(*streams)
            await asyncio.sleep(0.3)


async def still_there(connection: socket.socket) -> bool:
    """Whether the other side has not ended the connection; what it sends is left where it is."""
    try:
        connection.send(b"G")
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return True
