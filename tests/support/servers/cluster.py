"""A cluster's API server on loopback that knows Leases and nothing else, and is as strict about them as the real one.

Every write is compared with the ``resourceVersion`` that it names; times are MicroTimes of six digits; unknown fields
and wrong types are refused; what a token may do is told by verbs.
https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]

NAMESPACE: Final = "tokens"
TOKEN: Final = "invented-service-account-token"
_PATH: Final = re.compile(
    r"/apis/coordination\.k8s\.io/v1/namespaces/(?P<namespace>[^/?]+)/leases(?:/(?P<name>[^/?]+))?"
)
_MICRO_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)")
_VERBS: Final = {"GET": "get", "POST": "create", "PUT": "update"}
_REASONS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


class Refusal(Exception):
    """An answer that is no object."""

    def __init__(self, code: int, message: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.headers = headers or {}


@dataclass(frozen=True)
class Call:
    """One request that arrived."""

    verb: str
    name: str
    token: str


# What happens to one request: it is done by calling, and may be left undone.
Fault = Callable[[Callable[[], Json]], Json | None]


def lost_request(_serve: Callable[[], Json]) -> Json | None:
    """The connection ends before anything is done."""
    return None


def lost_answer(serve: Callable[[], Json]) -> Json | None:
    """It is done, and the connection ends without an answer."""
    serve()
    return None


def refusing(code: int, **headers: str) -> Fault:
    """Nothing is done, and the answer is this one."""

    def fault(_serve: Callable[[], Json]) -> Json | None:
        raise Refusal(code, "as the test wants it", headers)

    return fault


@dataclass
class Cluster:
    """The server.

    Attributes:
        tokens: which tokens it knows.
        verbs: what they may do with leases.
        namespaces: which there are.
        calls: the requests that arrived so far.
        reigns: when each holder got a lease, by the monotonic clock; an empty one gave it back.
        cut: every connection ends at once.
        slow: how many seconds an answer takes.
    """

    port: int = 0
    scheme: str = "http"
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    verbs: set[str] = field(default_factory=lambda: set(_VERBS.values()))
    namespaces: set[str] = field(default_factory=lambda: {NAMESPACE, "default"})
    calls: list[Call] = field(default_factory=list)
    reigns: list[tuple[float, str]] = field(default_factory=list)
    cut: bool = False
    slow: float = 0.0
    _leases: dict[tuple[str, str], Json] = field(default_factory=dict)
    _faults: list[Fault] = field(default_factory=list)
    _versions: int = 100
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    # What a person does

    def lease(self, name: str, namespace: str = NAMESPACE) -> Json:
        """As ``kubectl get lease -o json``; empty where there is none."""
        with self._lock:
            return json.loads(json.dumps(self._leases.get((namespace, name), {})))  # type: ignore[no-any-return]

    def holder(self, name: str, namespace: str = NAMESPACE) -> str:
        """Who holds the lease; empty where nobody does."""
        found: str = self.lease(name, namespace).get("spec", {}).get("holderIdentity", "")
        return found

    def put(self, name: str, *, labels: dict[str, str] | None = None, **spec: object) -> None:
        """A lease stands there with these fields, whatever was there before."""
        with self._lock:
            metadata = {"name": name, "namespace": NAMESPACE, "labels": labels or {}}
            self._store((NAMESPACE, name), {"metadata": metadata, "spec": spec})

    def delete(self, name: str) -> None:
        with self._lock:
            del self._leases[NAMESPACE, name]

    def next(self, *faults: Fault) -> None:
        """What happens to the next requests, in turn."""
        self._faults += faults

    def kubeconfig(self, folder: Path, *, address: str = "") -> Path:
        """A file with which a client comes in."""
        path = folder / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "current-context": "test",
                    "clusters": [{"name": "test", "cluster": {"server": address or self.address}}],
                    "users": [{"name": "test", "user": {"token": TOKEN}}],
                    "contexts": [
                        {"name": "test", "context": {"cluster": "test", "user": "test", "namespace": NAMESPACE}}
                    ],
                }
            )
        )
        return path

    # The server

    def stop(self) -> None:
        self._stopping.set()

    def serve(self, method: str, path: str, token: str, body: bytes) -> Json | None:
        """The answer's object; None where the connection ends without one."""
        if self.cut:
            return None
        match = _PATH.fullmatch(path)
        verb = _VERBS.get(method, "")
        if match is None or not verb:
            raise Refusal(404, "the server could not find the requested resource")
        self.calls.append(Call(verb, match["name"] or "", token))
        self._stopping.wait(self.slow)

        def do() -> Json:
            with self._lock:
                return self._do(verb, token, match["namespace"], match["name"], body)

        return self._faults.pop(0)(do) if self._faults else do()

    def _do(self, verb: str, token: str, namespace: str, name: str | None, body: bytes) -> Json:
        if token not in self.tokens:
            raise Refusal(401, "Unauthorized")
        if verb not in self.verbs:
            raise Refusal(403, f'leases.coordination.k8s.io is forbidden: User "test" cannot {verb} resource "leases"')
        if verb == "get":
            return self._found(namespace, name)
        lease = _checked(body, namespace)
        if verb == "create":
            return self._create(namespace, lease)
        return self._update(namespace, name, lease)

    def _found(self, namespace: str, name: str | None) -> Json:
        found = self._leases.get((namespace, name or ""))
        if found is None:
            raise Refusal(404, f'leases.coordination.k8s.io "{name}" not found')
        return found

    def _create(self, namespace: str, lease: Json) -> Json:
        name = lease["metadata"]["name"]
        if namespace not in self.namespaces:
            raise Refusal(404, f'namespaces "{namespace}" not found')
        if lease["metadata"].get("resourceVersion"):
            raise Refusal(400, "resourceVersion should not be set on objects to be created")
        if (namespace, name) in self._leases:
            raise Refusal(409, f'leases.coordination.k8s.io "{name}" already exists')
        return self._store((namespace, name), lease)

    def _update(self, namespace: str, name: str | None, lease: Json) -> Json:
        standing = self._found(namespace, name)
        if lease["metadata"].get("name") != name:
            raise Refusal(400, "the name of the object does not match the name on the URL")
        if not lease["metadata"].get("resourceVersion"):
            raise Refusal(422, "metadata.resourceVersion: Invalid value: must be specified for an update")
        if lease["metadata"]["resourceVersion"] != standing["metadata"]["resourceVersion"]:
            raise Refusal(409, "the object has been modified; please apply your changes to the latest version")
        return self._store((namespace, name or ""), lease)

    def _store(self, key: tuple[str, str], lease: Json) -> Json:
        self._versions += 1
        metadata = {**lease["metadata"], "namespace": key[0], "resourceVersion": str(self._versions)}
        kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
        self._leases[key] = {**kind, "metadata": metadata, "spec": lease["spec"]}
        holder = lease["spec"].get("holderIdentity", "")
        if not self.reigns or self.reigns[-1][1] != holder:
            self.reigns.append((time.monotonic(), holder))
        return self._leases[key]


_FIELDS: Final[dict[str, Callable[[object], bool]]] = {
    "holderIdentity": lambda value: isinstance(value, str),
    "leaseDurationSeconds": lambda value: type(value) is int and value > 0,
    "leaseTransitions": lambda value: type(value) is int and value >= 0,
    "acquireTime": lambda value: isinstance(value, str) and bool(_MICRO_TIME.fullmatch(value)),
    "renewTime": lambda value: isinstance(value, str) and bool(_MICRO_TIME.fullmatch(value)),
}


def _checked(body: bytes, namespace: str) -> Json:
    """The lease that was sent, with nothing in it that the server would not take."""
    lease: Json = json.loads(body)
    if (lease.get("apiVersion"), lease.get("kind")) != ("coordination.k8s.io/v1", "Lease"):
        raise Refusal(400, "the object provided is unrecognized")
    if lease["metadata"].get("namespace", namespace) != namespace:
        raise Refusal(400, "the namespace of the provided object does not match the namespace sent on the request")
    for name, value in lease.get("spec", {}).items():
        if name not in _FIELDS:
            raise Refusal(400, f"unknown field spec.{name}")
        if not _FIELDS[name](value):
            raise Refusal(422 if "Duration" in name or "Transitions" in name else 400, f"spec.{name}: {value!r}")
    return lease


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            code, headers = 201 if self.command == "POST" else 200, {}
            try:
                found = cluster.serve(self.command, self.path, token, body)
            except Refusal as refusal:
                code, headers = refusal.code, refusal.headers
                found = {
                    "kind": "Status",
                    "apiVersion": "v1",
                    "status": "Failure",
                    "message": str(refusal),
                    "reason": _REASONS[code],
                    "code": code,
                }
            if found is None:
                self.close_connection = True
                return
            text = json.dumps(found).encode()
            self.send_response(code)
            for name, value in {"Content-Type": "application/json", "Content-Length": len(text), **headers}.items():
                self.send_header(name.replace("_", "-"), str(value))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_arguments: object) -> None:
            """Nobody listens."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """A client that has gone is no error of ours."""


@contextmanager
def a_cluster(*, tls: ssl.SSLContext | None = None) -> Iterator[Cluster]:
    """The server, listening on a port of its own."""
    cluster = Cluster(scheme="https" if tls else "http")
    server = _Server(("127.0.0.1", 0), _handler(cluster))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    cluster.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield cluster
    finally:
        cluster.stop()
        server.shutdown()
        thread.join()
        server.server_close()
