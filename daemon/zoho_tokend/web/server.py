"""The web server: uvicorn inside the daemon's own loop, so that a hung loop fails its probe by itself.

Many connections cannot block it. uvicorn waits for ever for a connection's first request, and beyond its limit it
answers 503 to everybody, which would make the kubelet restart a healthy daemon; and idle connections could use up the
file descriptors that a refresh needs. So idle connections are closed first, and a probe is always answered.
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
    """The time-outs of one connection, in seconds.

    Attributes:
        head: to receive a request's head, from the start of the connection or the first byte of the head.
        pause: between two requests.
        answer: to make an answer and send it.
    """

    head: float = 10.0
    pause: int = 5
    answer: float = 30.0


PATIENCE: Final = Patience()


class PatientProtocol(H11Protocol):
    """One connection, aborted at its time-out, or when there are too many and it is the longest idle.

    No connection is refused: where all the others have a request in progress, a new one replaces the oldest of them.

    Attributes:
        received_at: when it last sent something, by the loop's time.
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
        self.received_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn itself
        super().connection_made(transport)
        self.received_at = self.loop.time()
        self._abort_after(self._patience.head)
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        self.received_at = self.loop.time()
        was_asking = self.is_asking
        super().data_received(data)
        if self.is_asking and not was_asking:
            self._abort_after(self._patience.answer)
        elif self._end is None:
            self._abort_after(self._patience.head)

    def on_response_complete(self) -> None:
        self._cancel_timeout()
        super().on_response_complete()
        if self.is_asking:  # the next request was pipelined
            self._abort_after(self._patience.answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timeout()
        super().connection_lost(exc)

    @property
    def is_asking(self) -> bool:
        """Whether a request is in progress."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _make_room(self) -> None:
        """Abort the connection that is idle, or else the one that sent its last bytes the longest ago."""
        here = [each for each in self.connections if not each.transport.is_closing()]
        if len(here) > MOST_CONNECTIONS:
            crowd = [each for each in here if isinstance(each, PatientProtocol)]
            min(crowd, key=lambda each: (each.is_asking, each.received_at)).transport.abort()

    def _abort_after(self, seconds: float) -> None:
        self._cancel_timeout()
        self._end = self.loop.call_later(seconds, self.transport.abort)

    def _cancel_timeout(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


class Server:
    """Listens from its creation; answers while ``serve`` runs.

    Args:
        called: the setting or option that names the address, for the error.

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
                http=partial(PatientProtocol, patience=patience),  # type: ignore[arg-type]  # it is only called
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
        """The host and the port that it listens on; the actual port where 0 was given."""
        host, port = self._address
        return str(host), int(port)

    async def serve(self) -> None:
        """Answer requests until ``stop``, then finish those in progress within 5 s; the port is free afterwards."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._server.release()
            self._socket.close()
            await asyncio.sleep(0)  # aborted connections are gone after the next iteration of the loop

    def stop(self) -> None:
        """Let ``serve`` end."""
        self._server.should_exit = True


class _SignallessServer(uvicorn.Server):
    """uvicorn without its own handling of SIGTERM, which it would raise again at its end."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # ours captures nothing
        return nullcontext()

    def release(self) -> None:
        """Stop listening, even where ``serve`` was cancelled before it could clean up.

        A browser opens connections in advance: one that came in at the last moment is aborted.
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
            f"{called}: cannot listen on {host}:{port}: {_reason(problem)}. Choose another address, or free this one."
        ) from problem
    # asyncio sets this only for sockets with an explicit protocol; without it each answer is delayed by 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _reason(problem: OSError) -> str:
    number = problem.errno
    return os.strerror(number) if number is not None and number in errno.errorcode else "there is no such address"
