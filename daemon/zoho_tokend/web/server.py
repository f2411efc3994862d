"""The web server: uvicorn inside the daemon's own loop, so that a hung loop fails its probe by itself."""

import asyncio
import errno
import os
import socket
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from zoho_tokend.core.errors import BadSettings
from zoho_tokend.web.crowd import PATIENCE, Patience, PatientProtocol

_GRACE_SECONDS: Final = 5
_LARGEST_HEAD_BYTES: Final = 16 * 1024


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
