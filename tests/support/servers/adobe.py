"""A stand-in for Adobe on loopback: its login and a streaming inlet, with the odd answers that Adobe's pages show.

https://experienceleague.adobe.com/en/docs/experience-platform/sources/api-tutorials/create/streaming/http: a batch is
answered with 207 and one element for each message; statuses are texts; a dead token is 401, or 400 with a code.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

CLIENT_ID, SECRET, ORG = "4d0c3e", "p8e-invented-secret", "0A1B@AdobeOrg"
MOST_BYTES = 1_000_000

Answer = tuple[int, Mapping[str, object], Mapping[str, str]]


@dataclass
class AdobeStandIn:
    """What it knows, and what it is to do next.

    Attributes:
        taken: the messages, in the order in which they came.
        refuses: the reason for which a message is not taken; None where it is.
        next: answers to batches, in place of what would be said; the messages of these are not taken.
        tokens: that were issued.
    """

    origin: str = ""
    taken: list[dict[str, object]] = field(default_factory=list)
    refuses: Callable[[Mapping[str, object]], str | None] = lambda _message: None
    next: deque[Answer] = field(default_factory=deque)
    tokens: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    @property
    def inlet(self) -> str:
        return f"{self.origin}/collection/inlet-1"

    def login(self, form: Mapping[str, str]) -> Answer:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, SECRET):
            return 400, {"error": "invalid_client", "error_description": "invalid client_secret parameter"}, {}
        self.tokens.append(f"ims-{len(self.tokens)}")
        return 200, {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 86399}, {}

    def batch(self, headers: Mapping[str, str], body: bytes) -> Answer:
        if headers.get("authorization") != f"Bearer {self.tokens[-1] if self.tokens else None}":
            report = {"message": "[1] Ims service token is empty"}
            kind = "https://ns.adobe.com/adobecloud/problem/data-collection-service-authorization"
            return 401, {"type": kind, "status": "401", "title": "Authorization", "report": report}, {}
        if not all(headers.get(name) for name in ("x-api-key", "x-gw-ims-org-id", "x-sandbox-name", "x-adobe-flow-id")):
            return 400, {"error_code": "400003", "message": "A header is missing."}, {}
        if len(body) > MOST_BYTES:
            return 413, {"type": "about:blank", "status": "413"}, {}
        if self.next:
            return self.next.popleft()
        messages = json.loads(body)["messages"]
        self.batches.append(len(messages))
        responses: list[dict[str, object]] = []
        for number, message in enumerate(messages):
            reason = self.refuses(message)
            if reason is None:
                self.taken.append(message)
                responses.append({"xactionId": f"x-{number}"})
            else:
                kind = f"https://ns.adobe.com/adobecloud/problem/{reason}"
                responses.append({"type": kind, "status": "400", "title": "Invalid", "report": message})
        return 207, {"inletId": "inlet-1", "batchId": "b", "receivedTimeMs": 1, "responses": responses}, {}


@contextmanager
def an_adobe() -> Iterator[AdobeStandIn]:
    """The stand-in, listening on a port of its own."""
    adobe = AdobeStandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if self.path == "/ims/token/v3":
                form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                status, said, more = adobe.login(form)
            elif self.path == "/collection/batch/inlet-1":
                status, said, more = adobe.batch(headers, body)
            else:
                status, said, more = 404, {}, {}
            text = json.dumps(said).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    adobe.origin = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield adobe
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
