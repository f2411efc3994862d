"""A token endpoint that does nothing but answer, so that it is not what is measured.

``python -m tests.benchmarks.token_server`` prints its port, and ends with its standard input. A POST is answered with a
new token that lives an hour; a GET with how many were handed out.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class TokenServer:
    """The server, as it is seen from another process."""

    origin: str

    @property
    def issued(self) -> int:
        """How many tokens it has handed out."""
        with urllib.request.urlopen(self.origin) as answer:
            return int(answer.read())


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """The server in a process of its own, until the block ends."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.closing(process.stdin):
            yield TokenServer(f"http://127.0.0.1:{int(process.stdout.readline())}")


class _Conversation(asyncio.Protocol):
    """One connection, kept open; one request at a time, as httpx sends them."""

    _numbers = count()
    _issued = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= _body_length(head):
            self._received = b""
            self._transport.write(_answer(self._new_token() if head.startswith(b"POST") else self._issued))

    @classmethod
    def _new_token(cls) -> dict[str, object]:
        cls._issued += 1
        return {
            "access_token": f"1000.{next(cls._numbers):032x}.{0:032x}",
            "api_domain": "https://www.zohoapis.eu",
            "token_type": "Bearer",
            "expires_in": 3600,
        }


def _body_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0] or 0)


def _answer(content: object) -> bytes:
    body = json.dumps(content).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    orphaned = asyncio.Event()
    loop.add_reader(sys.stdin, orphaned.set)
    server = await loop.create_server(_Conversation, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await orphaned.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
