"""A TCP relay on loopback before real servers: it can be cut, and it can lose an answer that was given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Relay:
    """Each connection goes to the first of the servers that takes it."""

    def __init__(self, *upstream_ports: int) -> None:
        self._upstream_ports = upstream_ports
        self._cut = False
        self._losing = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.address = ""

    def cut(self) -> None:
        self._cut = True
        for writer in self._connections.values():
            writer.transport.abort()

    def stall(self) -> None:
        """Requests reach the server; its answers wait here until ``mend``."""
        self._flowing.clear()

    def mend(self) -> None:
        self._cut = False
        self._flowing.set()

    def lose_next_answer(self) -> None:
        """The next POST reaches the server; its answer reaches nobody."""
        self._losing = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in list(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(self._connections.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not self._cut:
                with suppress(OSError):
                    await self._join(reader, writer)
        finally:
            await _end(writer)

    async def _upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        *others, last = self._upstream_ports
        for port in others:
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return await asyncio.open_connection("127.0.0.1", last)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        above, up = await self._upstream()
        lost = asyncio.Event()

        async def upward() -> None:
            while data := await reader.read(65536):
                if self._losing and data.startswith(b"POST "):
                    self._losing = False
                    lost.set()
                up.write(data)
            up.close()

        async def downward() -> None:
            while data := await above.read(65536):
                await self._flowing.wait()
                if lost.is_set():
                    break
                writer.write(data)
            writer.transport.abort()

        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(upward())
                both.create_task(downward())
        except* OSError:
            pass
        finally:
            await _end(up)


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
