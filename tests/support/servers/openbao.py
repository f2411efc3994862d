"""A real OpenBao server for the tests: one for them all, in which each test has a corner of its own."""

import json
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.clocks.wall_clock import WallClock
from tests.support.servers.relay import Relay
from tests.support.stand_ins.fakes import zoho_location
from zoho_tokend.core.events import Event, VaultAnswered
from zoho_tokend.core.model import Secret
from zoho_tokend.demo.openbao import NoServer, OpenBao
from zoho_tokend.vault.auth import Token
from zoho_tokend.vault.client import VaultConfig
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.secret_file import Given
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore

_MOUNT_READY_SECONDS = 60.0


class Server(Protocol):
    """A server that runs, as far as root needs to know it."""

    @property
    def address(self) -> str: ...

    @property
    def root_token(self) -> Secret: ...

    @property
    def ca_bundle(self) -> Path | None: ...


class Admin:
    """Root at a server, in one of its namespaces perhaps: asks it for anything."""

    def __init__(self, server: Server, *, namespace: str = "") -> None:
        self.server = server
        self.namespace = namespace
        self._http = httpx.Client(
            base_url=f"{server.address}/v1/",
            headers={"X-Vault-Token": server.root_token.reveal()}
            | ({"X-Vault-Namespace": namespace} if namespace else {}),
            verify=ssl.create_default_context(cafile=str(server.ca_bundle)) if server.ca_bundle else True,
            trust_env=False,
            timeout=60,
        )

    def ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, **headers: str
    ) -> dict[str, object]:
        """The answer's body; it must be a success."""
        response = self._http.request(
            method, path, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        assert response.is_success, (method, path, response.status_code, response.text)
        answer: dict[str, object] = response.json() if response.content else {}
        return answer

    def ask_text(self, method: str, path: str, body: str) -> None:
        """The same with a body as it is."""
        response = self._http.request(method, path, content=body.encode())
        assert response.is_success, (method, path, response.status_code, response.text)

    def succeeds(self, method: str, path: str, body: Mapping[str, object]) -> bool:
        """Whether the answer is a success."""
        return self._http.request(method, path, json=body).is_success

    def text(self, method: str, path: str, *names: str, body: Mapping[str, object] | None = None) -> str:
        """One text of the answer, by the names that lead to it."""
        found: object = self.ask(method, path, body)
        for name in names:
            assert isinstance(found, dict), found
            found = found[name]
        assert isinstance(found, str), found
        return found

    def policy(self, rules: str) -> str:
        """A policy of these rules; answers its name."""
        name = f"policy-{secrets.token_hex(4)}"
        self.ask("PUT", f"sys/policies/acl/{name}", {"policy": rules})
        return name

    def token(self, *policies: str, **wishes: object) -> Secret:
        """A new token with these policies."""
        body = {"policies": list(policies), **wishes}
        return Secret(self.text("POST", "auth/token/create", "auth", "client_token", body=body))

    def close(self) -> None:
        self._http.close()


@dataclass(frozen=True)
class Corner:
    """A KV v2 mount of a test's own, and what a person does to it."""

    admin: Admin
    layout: Layout
    denied: set[str] = field(default_factory=set)

    @property
    def address(self) -> str:
        return self.admin.server.address

    @property
    def mount(self) -> str:
        return self.layout.mount

    @property
    def policy(self) -> str:
        """The name of the policy that allows everything in this corner but what is denied."""
        return f"all-{self.mount}"

    def put(self, path: str, **fields: object) -> int:
        answer = self.admin.ask("POST", f"{self.mount}/data/zoho/{path}", {"data": fields})
        data = answer["data"]
        assert isinstance(data, dict)
        version: int = data["version"]
        return version

    def put_texts(self, path: str, fields: Mapping[str, str]) -> None:
        """As ``put``, each field a text of JSON, which may be one that Python does not write."""
        body = ",".join(f"{json.dumps(name)}:{text}" for name, text in fields.items())
        self.admin.ask_text("POST", f"{self.mount}/data/zoho/{path}", f'{{"data":{{{body}}}}}')

    def fields(self, path: str) -> dict[str, object]:
        data = self.admin.ask("GET", f"{self.mount}/data/zoho/{path}")["data"]
        assert isinstance(data, dict)
        fields: dict[str, object] = data["data"]
        return fields

    def delete(self, path: str) -> None:
        self.admin.ask("DELETE", f"{self.mount}/data/zoho/{path}")

    def erase(self, path: str) -> None:
        self.admin.ask("DELETE", f"{self.mount}/metadata/zoho/{path}")

    def forbid(self, path: str) -> None:
        self.denied.add(path)
        self.write_policy()

    def allow(self, path: str) -> None:
        self.denied.discard(path)
        self.write_policy()

    def write_policy(self) -> None:
        all_of_it = f'path "{self.mount}/*" {{ capabilities = ["create", "read", "update", "list"] }}\n'
        denials = (f'path "{self.mount}/+/zoho/{path}" {{ capabilities = ["deny"] }}\n' for path in self.denied)
        self.admin.ask("PUT", f"sys/policies/acl/{self.policy}", {"policy": all_of_it + "".join(denials)})


def new_corner(admin: Admin) -> Corner:
    """A fresh mount, ready for use."""
    corner = Corner(admin, Layout(mount=f"kv-{secrets.token_hex(4)}"))
    make_ready(corner)
    return corner


def make_ready(corner: Corner) -> None:
    """The corner has its mount, with nothing in it."""
    admin, mount = corner.admin, corner.mount
    admin.ask("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "2"}})
    deadline = time.monotonic() + _MOUNT_READY_SECONDS
    # Upon Raft it is ready only some time after it says so.
    while admin.text(
        "GET", f"sys/internal/ui/mounts/{mount}", "data", "options", "version"
    ) != "2" or not admin.succeeds("GET", f"{mount}/config", {}):
        assert time.monotonic() < deadline, "the mount does not become ready"
    corner.write_policy()


@dataclass(frozen=True)
class SteeredVault:
    """The real store upon a real server, with the steering wheel of ``FakeVault``."""

    store: VaultStore
    session: Session
    corner: Corner
    relay: Relay
    events: list[Event]

    @property
    def requests(self) -> list[VaultAnswered]:
        return [event for event in self.events if isinstance(event, VaultAnswered)]

    def put(self, path: str, **fields: object) -> int:
        return self.corner.put(path, **fields)

    def fields(self, path: str) -> dict[str, object]:
        return self.corner.fields(path)

    def delete(self, path: str) -> None:
        self.corner.delete(path)

    def erase(self, path: str) -> None:
        self.corner.erase(path)

    def forbid(self, path: str) -> None:
        self.corner.forbid(path)

    def down(self) -> None:
        self.relay.cut()

    def up(self) -> None:
        self.relay.mend()

    def lose_next_answer(self) -> None:
        self.relay.lose_next_answer()


@asynccontextmanager
async def steered(corner: Corner) -> AsyncIterator[SteeredVault]:
    """A store that is logged in with the corner's policy, behind a relay."""
    events: list[Event] = []
    clock = WallClock()
    async with Relay(urlsplit(corner.address).port or 0).running() as relay:
        config = VaultConfig(address=relay.address)
        auth = Token(token=Given(corner.admin.token(corner.policy), "VAULT_TOKEN"))
        session = Session(config, auth, clock=clock, emit=events.append)
        try:
            await session.open()
            store = VaultStore(session, corner.layout, clock=clock, location_of=zoho_location)
            yield SteeredVault(store, session, corner, relay, events)
        finally:
            await session.close()


def running(server: OpenBao) -> Iterator[OpenBao]:
    """The server while it runs; without its package the test is skipped, but in CI nothing is."""
    try:
        server.start()
    except NoServer as missing:
        pytest.skip(str(missing))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def openbao() -> Iterator[OpenBao]:
    """The server of all tests that ask for none of their own."""
    yield from running(OpenBao())


@pytest.fixture(scope="session")
def admin(openbao: OpenBao) -> Iterator[Admin]:
    """Root at that server."""
    with closing(Admin(openbao)) as root:
        yield root


@pytest.fixture
def corner(admin: Admin) -> Corner:
    """A mount of the test's own."""
    return new_corner(admin)


@pytest.fixture(scope="session")
def tls_openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A server that speaks https with a certificate of its own authority, and asks for ours."""
    yield from running(OpenBao(tls_folder=tmp_path_factory.mktemp("tls")))


@pytest.fixture
def tls_corner(tls_openbao: OpenBao) -> Iterator[Corner]:
    """A mount of the test's own there."""
    with closing(Admin(tls_openbao)) as root:
        yield new_corner(root)
