"""A real HTTP server on loopback that keeps what it was sent and answers byte for byte as told.

A behaviour is what happens on a connection after a request was read: `answering`, `dripping`, `silent` and so on.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body's form fields, each of which stands there once."""
        fields = parse_qs(self.body.decode(), strict_parsing=True, keep_blank_values=True)
        return {name: value for name, (value,) in fields.items()}


@dataclass(slots=True)
class LoopbackServer:
    """The server: change ``behaviour`` at any time.

    Attributes:
        connections: how many were opened to it, with a request or without.
    """

    behaviour: Behaviour
    scheme: str = "http"
    port: int = 0
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)
    _conversations: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def has_received(self, count: int) -> None:
        """Returns once that many requests have come in."""
        while len(self.received) < count:
            self._arrival.clear()
            await self._arrival.wait()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        conversation = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._conversations[conversation] = writer

    async def hang_up(self) -> None:
        for _ in range(5):  # a connection that is being accepted takes a few turns of the loop to get its writer
            await asyncio.sleep(0)
        for conversation, writer in self._conversations.items():
            conversation.cancel()
            writer.transport.abort()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        await asyncio.sleep(0)  # for the sockets to close

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.received.append(await _request(reader))
                self._arrival.set()
                await self.behaviour(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def loopback_server(behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[LoopbackServer]:
    """The server, listening on a port of its own."""
    server = LoopbackServer(behaviour, scheme="https" if tls else "http")
    listening = await asyncio.start_server(server.connected, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await server.hang_up()


def answering(
    status: str = "200 OK", body: bytes = b"", headers: dict[str, str] | None = None, *, length: int | None = None
) -> Behaviour:
    """A whole answer; with ``length``, one that promises another number of bytes."""
    lines = {"Content-Length": str(len(body) if length is None else length), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return writing(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


def writing(answer: bytes) -> Behaviour:
    """These very bytes."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return behave


def dripping(start: bytes, *, every: float = 0.02) -> Behaviour:
    """The start, and then a byte now and again, for ever."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            await writer.drain()
            await asyncio.sleep(every)
            writer.write(b"x")

    return behave


def silent() -> Behaviour:
    """Nothing, for ever."""

    async def behave(_writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return behave


def closing_after(start: bytes) -> Behaviour:
    """These bytes, and the end of the connection."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return behave


async def _request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *header_lines = head.strip().split("\r\n")
    method, target, _version = request_line.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in header_lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body)
