"""uvicorn inside an event loop that belongs to somebody else."""

import asyncio
import contextlib
import socket
from typing import Final

from starlette.types import ASGIApp, Scope
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

LOOPBACK: Final = "127.0.0.1"
_TRANSPORT: Final = "zoho_simulator.transport"


def listening_socket(port: int = 0) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    listening = socket.create_server((LOOPBACK, port))
    # asyncio sees to this only for sockets that name their protocol; without it each answer takes 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def origin(listening: socket.socket) -> str:
    """``http://127.0.0.1:<port>``."""
    return f"http://{LOOPBACK}:{listening.getsockname()[1]}"


def hang_up(scope: Scope) -> None:
    """The connection of this request closes once what was sent has left."""
    scope["state"][_TRANSPORT].close()


class EmbeddedServer(Server):
    """A server that takes no signals, starts on a bound socket, and when told to stop waits for no connection."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            Config(
                app,
                http=_DroppableProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
            )
        )
        self.listening = asyncio.Event()
        self.stop = asyncio.Event()

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]  # no generator
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        await self.stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002  # uvicorn's signature
        for server in self.servers:
            server.close()
        while self.server_state.connections:
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)


class _DroppableProtocol(H11Protocol):
    """Lets the application close the connection, which ASGI has no word for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}
