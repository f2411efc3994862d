"""A server that is none of Zoho's: it answers as Zoho does to a dead token, and keeps what it was sent."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Stranger:
    origin: str
    seen: list[dict[str, str]] = field(default_factory=list)

    @property
    def authorizations(self) -> list[str | None]:
        """The header of each request that came."""
        return [headers.get("authorization") for headers in self.seen]


@contextmanager
def a_stranger() -> Iterator[Stranger]:
    """The stranger, listening until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stranger.seen.append({name.lower(): value for name, value in self.headers.items()})
            body = json.dumps({"code": "INVALID_TOKEN", "message": "give me another"}).encode()
            self.send_response(401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # the library's own name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's own name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stranger = Stranger(f"http://127.0.0.1:{server.server_address[1]}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stranger
        finally:
            server.shutdown()
            thread.join()
