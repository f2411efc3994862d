import asyncio

import pytest

from tests.support.samples.web_sources import sources
from zoho_tokend.web.app import create_app
from zoho_tokend.web.server import Server


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", b" 404 "),
        (b"GET /static/../../../app.py HTTP/1.1\r\nHost: a\r\n\r\n", b" 404 "),
        (b"GET /static/%2e%2e%2f%2e%2e%2fapp.py HTTP/1.1\r\nHost: a\r\n\r\n", b" 404 "),
        (b"GET //readyz HTTP/1.1\r\nHost: a\r\n\r\n", b" 404 "),
        (b"GET /readyz/%00 HTTP/1.1\r\nHost: a\r\n\r\n", b" 404 "),
        (b"GET /readyz/..%2fmetrics HTTP/1.1\r\nHost: a\r\n\r\n", b" 404 "),
        (b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", b" 405 "),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", b" 405 "),
        (b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\n\r\n", b" 40"),
        (b"GET http://169.254.169.254/ HTTP/1.1\r\nHost: a\r\n\r\n", b" 404 "),
        (b"GET / HTTP/1.1\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\nX\x00: c\r\n\r\n", b" 400 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, b" 400 "),
    ],
    ids=lambda part: part[:40].decode("latin-1") if isinstance(part, bytes) else str(part),
)
async def test_an_ill_meant_request_is_refused(request_bytes: bytes, status: bytes) -> None:
    server = Server(create_app(sources()), host="127.0.0.1", port=0)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        reader, writer = await asyncio.open_connection(*server.bound_address)
        writer.write(request_bytes)
        answer = await reader.readline()
        writer.close()
        server.stop()
    assert status in answer
