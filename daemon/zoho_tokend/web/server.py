"""The web server: uvicorn inside the daemon's own loop, so that a hung loop fails its probe by itself.

A crowd cannot block it. uvicorn waits for ever for a connection's first request, and beyond its limit it answers 503 to
everybody, which would make the kubelet restart a healthy daemon; and idle connections could use up the file descriptors
that a refresh needs. So a connection that asks nothing gives way, and a probe is always answered.
"""

import asyncio
import errno
import os
import socket
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from zoho_tokend.core.errors import BadSettings

MOST_CONNECTIONS: Final = 256
_GRACE_SECONDS: Final = 5
_LARGEST_HEAD_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one connection may keep us waiting, in seconds.

    Attributes:
        head: for the end of a request's head, counted from the connection's begin or from the head's first byte.
        pause: between two requests.
        answer: for an answer to be made and fetched.
    """

    head: float = 10.0
    pause: int = 5
    answer: float = 30.0


PATIENCE: Final = Patience()


class PatientProtocol(H11Protocol):
    """One connection, broken off when our patience ends, or when it is the longest silent of too many.

    Nobody is refused: who comes when all the others ask takes the place of the one that has asked longest.

    Attributes:
        heard_at: when it last sent something, by the loop's time.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        patience: Patience,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._patience = patience
        self._end: asyncio.TimerHandle | None = None
        self.heard_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn itself
        super().connection_made(transport)
        self.heard_at = self.loop.time()
        self._break_off_after(self._patience.head)
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        self.heard_at = self.loop.time()
        was_asking = self.is_asking
        super().data_received(data)
        if self.is_asking and not was_asking:
            self._break_off_after(self._patience.answer)
        elif self._end is None:
            self._break_off_after(self._patience.head)

    def on_response_complete(self) -> None:
        self._forbear()
        super().on_response_complete()
        if self.is_asking:  # the next request had come with the one before
            self._break_off_after(self._patience.answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forbear()
        super().connection_lost(exc)

    @property
    def is_asking(self) -> bool:
        """Whether a request is under way."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _make_room(self) -> None:
        """Those that ask stay rather than those that are silent, and the latest rather than the first."""
        here = [each for each in self.connections if not each.transport.is_closing()]
        if len(here) > MOST_CONNECTIONS:
            crowd = [each for each in here if isinstance(each, PatientProtocol)]
            min(crowd, key=lambda each: (each.is_asking, each.heard_at)).transport.abort()

    def _break_off_after(self, seconds: float) -> None:
        self._forbear()
        self._end = self.loop.call_later(seconds, self.transport.abort)

    def _forbear(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


class Server:
    """Listens from the moment it is made; answers while ``serve`` runs.

    Args:
        called: the setting or option that names the address, for the complaint.

    Raises:
        BadSettings: the address cannot be listened on.
    """

    def __init__(
        self, app: ASGIApp, *, host: str, port: int, called: str = "LISTEN", patience: Patience = PATIENCE
    ) -> None:
        self._socket = _bind(host, port, called)
        self._address = self._socket.getsockname()[:2]
        self._server = _SignallessServer(
            uvicorn.Config(
                app,
                http=partial(PatientProtocol, patience=patience),  # type: ignore[arg-type]  # it is called, and no more
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=patience.pause,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                h11_max_incomplete_event_size=_LARGEST_HEAD_BYTES,
            )
        )

    @property
    def bound_address(self) -> tuple[str, int]:
        """The host and the port that it listens on, the port being the real one where 0 was asked for."""
        host, port = self._address
        return str(host), int(port)

    async def serve(self) -> None:
        """Answers requests until ``stop``, then those under way for 5 s at most; the port is free afterwards."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._server.release()
            self._socket.close()
            await asyncio.sleep(0)  # connections that were broken off are gone after the loop's next turn

    def stop(self) -> None:
        """``serve`` is about to end."""
        self._server.should_exit = True


class _SignallessServer(uvicorn.Server):
    """uvicorn would take SIGTERM for itself, and raise it again at its end."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # ours captures nothing
        return nullcontext()

    def release(self) -> None:
        """Nothing listens any more, even where ``serve`` was cancelled before it could tidy up.

        A browser opens connections in advance: one that came in at the last moment is broken off.
        """
        for server in getattr(self, "servers", ()):
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _bind(host: str, port: int, called: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, dualstack_ipv6=host == "::")
    except OSError as problem:
        raise BadSettings(
            f"{called}: cannot listen on {host}:{port}: {_reason(problem)}. Name another address or free this one."
        ) from problem
    # asyncio sees to this only for sockets that name their protocol; without it each answer waits for 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _reason(problem: OSError) -> str:
    number = problem.errno
    return os.strerror(number) if number is not None and number in errno.errorcode else "there is no such address"
