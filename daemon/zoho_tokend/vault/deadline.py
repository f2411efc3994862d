"""Time-outs for a whole response: `requests` limits each read alone, so a byte a second would last for ever."""

import io
import socket
from http.client import HTTPResponse
from time import monotonic
from typing import Any, Final

from requests.adapters import HTTPAdapter

_NEGLIGIBLE_SECONDS: Final = 0.05


class DeadlineAdapter(HTTPAdapter):
    """Applies the read time-out to the response as a whole."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # whatever requests passes on
        """Create the pools, with connections that apply the deadline."""
        super().init_poolmanager(*args, **kwargs)
        pools = self.poolmanager.pool_classes_by_scheme
        self.poolmanager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}


def _bounded(pool: Any) -> Any:  # noqa: ANN401  # a class of pools of urllib3, which is a dependency of requests alone
    connection = type("DeadlineConnection", (pool.ConnectionCls,), {"response_class": _Response})
    return type("DeadlinePool", (pool,), {"ConnectionCls": connection})


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(sock, *args, **kwargs)
        if (seconds := sock.gettimeout()) is not None:
            self.fp = io.BufferedReader(_Reading(self.fp.detach(), sock, monotonic() + seconds))


class _Reading(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw: Final = raw
        self._sock: Final = sock
        self._deadline: Final = deadline
        self._timeout = deadline - monotonic()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401  # any writable buffer
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        if (
            left < self._timeout - _NEGLIGIBLE_SECONDS
        ):  # most responses arrive within it, and setting a time-out costs a system call
            self._sock.settimeout(left)
            self._timeout = left
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
