"""A daemon that many tenants share, one of whom means harm: what he may do in Vault, what nobody else may suffer."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count, pairwise
from pathlib import Path
from typing import Final

import httpx

from tests.support.places.site import Site, a_site
from tests.support.processes.process import Daemon
from tests.support.servers.openbao import Corner
from tests.support.servers.stranger import Stranger, a_stranger
from zoho_simulator.rules.shapes import fingerprint
from zoho_tokend.core.model import ConnectionName, Secret
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.targets import parse_target
from zoho_tokend.vault.policy import daemon_policy, operator_policy, tenant_policy

TENANTS: Final = tuple(ConnectionName(f"tenant-{number:02}") for number in range(12))
TARGET: Final = parse_target("airflow-variable=variables/zoho-{connection}")
# Replaced after some 20 s: often enough to show that refreshes go on, and within the budget for minutes.
LIFETIME: Final = timedelta(minutes=2)
_REFRESH_AT: Final = 0.2
FLOOR: Final = Policy(refresh_at=_REFRESH_AT).floor_of(LIFETIME)
_LARGEST: Final = 28 * 2**20


class Visitor:
    """Somebody at Vault, whose token has these rules alone; what is written is JSON of any kind."""

    def __init__(self, corner: Corner, rules: str) -> None:
        self._http = httpx.Client(
            base_url=f"{corner.address}/v1/{corner.mount}/data/{corner.layout.prefix}/",
            headers={"X-Vault-Token": corner.admin.token(corner.admin.policy(rules)).reveal()},
            trust_env=False,
            timeout=120,
        )

    def write(self, path: str, fields: Mapping[str, str]) -> int:
        """Write a record, each field a text of JSON; returns the status."""
        body = ",".join(f"{json.dumps(name)}:{text}" for name, text in fields.items())
        return self._http.post(path, content=f'{{"data":{{{body}}}}}'.encode()).status_code

    def close(self) -> None:
        self._http.close()


class HostileTenant:
    """One who means harm, with the rights of a tenant and those of whoever operates this one connection."""

    def __init__(self, site: Site, name: ConnectionName) -> None:
        corner = site.corner
        self.name = name
        self.refresh_token = ""
        self._site = site
        self._client = site.zoho.add_client(name, home="eu")
        self._tenant = Visitor(corner, tenant_policy(corner.layout, name))
        self._operator = Visitor(corner, operator_policy(corner.layout, name))

    def credential(self, **changes: str | None) -> dict[str, str]:
        """The fields of a credential with a client and a grant of its own.

        Changes are texts of JSON; None takes a field away.
        """
        self.refresh_token = self._site.zoho.consent(self._client)
        usual = self._site.fields(self._client, refresh_token=self.refresh_token)
        fields = {name: json.dumps(value) for name, value in usual.items()} | changes
        return {name: text for name, text in fields.items() if text is not None}

    def token_record(self, **changes: str) -> dict[str, str]:
        """The fields of a token record; changes are texts of JSON."""
        usual = self._site.token(TENANTS[0]) | {"connection": self.name}
        return {name: json.dumps(value) for name, value in usual.items()} | changes

    def requests(self) -> int:
        """How often Zoho was asked with this client."""
        return len(self._site.zoho.journal.requests(client_id=self._client.client_id))

    def writes_credential(self, fields: Mapping[str, str]) -> None:
        assert self._tenant.write(f"credentials/{self.name}", fields) == httpx.codes.OK

    def writes_report(self, fields: Mapping[str, str]) -> None:
        assert self._tenant.write(f"reports/{self.name}", fields) == httpx.codes.OK

    def writes_token_record(self, fields: Mapping[str, str]) -> None:
        """As an operator: a tenant may not."""
        assert self._tenant.write(f"tokens/{self.name}", fields) == httpx.codes.FORBIDDEN
        assert self._operator.write(f"tokens/{self.name}", fields) == httpx.codes.OK

    def close(self) -> None:
        self._tenant.close()
        self._operator.close()


@dataclass
class Tenancy:
    """The site, its tenants, and the one daemon that all of them share.

    Attributes:
        grants: the refresh token of each healthy connection that there is or was.
        newcomers: who came since somebody means harm; they leave with that one.
        stranger: a server that none of the settings names.
    """

    site: Site
    stranger: Stranger
    folder: Path
    grants: dict[ConnectionName, str] = field(default_factory=dict)
    newcomers: list[ConnectionName] = field(default_factory=list)
    _daemon: Daemon | None = None
    _begun_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    _asked_before: int = 0
    _numbers: Iterator[int] = field(default_factory=count)

    # --- the tenants

    def settle(self) -> None:
        """The healthy tenants have their credentials: some with a client of their own, some with one in common."""
        for number, name in enumerate(TENANTS):
            home = ("eu", "us", "in")[number % 3]
            if number % 2:
                self.grants[name] = self.site.connect(name, data_center=home)
                continue
            client = self.site.clients[name] = self.site.zoho.add_client(name, home=home)
            self.site.corner.put(f"clients/{name}", **self.site.fields(client, home), connections=name)
            self.grants[name] = self.site.zoho.consent(client, f"{name}@example.com")
            self.site.put(name, {"client": name, "refresh_token": self.grants[name]})

    def newcomer(self) -> None:
        """One more tenant comes, and finds a token."""
        name = ConnectionName(f"newcomer-{next(self._numbers)}")
        self.grants[name] = self.site.connect(name)
        self.newcomers.append(name)
        self.daemon.until(lambda: self.site.has_token(name), f"{name} has a token")

    @cached_property
    def longest_text(self) -> str:
        """A text of JSON that is as long as Vault takes one, or half as long."""
        corner, size = self.site.corner, _LARGEST
        path = f"{corner.mount}/%s/elsewhere"
        while not corner.admin.succeeds("POST", path % "data", {"data": {"text": "x" * size}}):
            size //= 2
        corner.admin.ask("DELETE", path % "metadata")
        return json.dumps("x" * size)

    def report(self, name: ConnectionName) -> None:
        """A healthy tenant's token dies before its time, and is reported and replaced."""
        self.daemon.until_state(name, "fresh")
        dead = str(self.site.token(name)["access_token"])
        self.site.zoho.evict(self.grants[name], 10)
        self.site.corner.put(f"reports/{name}", fingerprint=Secret(dead).fingerprint())
        self.daemon.until(lambda: self.site.token(name)["access_token"] != dead, f"{name} has another token")

    def until_told(self, name: ConnectionName) -> None:
        """The tenant's publish target tells the token that is published."""
        corner = self.site.corner
        path = f"{corner.mount}/data/{TARGET.path_of(name)}"

        def is_told() -> bool:
            return corner.admin.text("GET", path, "data", "data", "value") == self.site.token(name)["access_token"]

        self.daemon.until(is_told, f"the target of {name} is told")

    def has_report(self, name: ConnectionName) -> bool:
        """Whether a report on the connection stands in Vault."""
        path = f"{self.site.corner.mount}/data/{self.site.corner.layout.prefix}/reports/{name}"
        return self.site.corner.admin.succeeds("GET", path, {})

    # --- the daemon

    @property
    def daemon(self) -> Daemon:
        """The daemon that runs."""
        assert self._daemon is not None
        return self._daemon

    @contextmanager
    def beset(self) -> Iterator[HostileTenant]:
        """A daemon runs, whatever became of the one before, and somebody comes who means harm, until the block ends."""
        if self._daemon is None or not self._daemon.runs:
            self.close()
            self.start()
        self.until_served()
        self.stranger.seen.clear()
        self._begun_at, self._asked_before = self.site.zoho.now(), len(self.site.zoho.journal.entries)
        name = ConnectionName(f"hostile-{next(self._numbers)}")
        with closing(HostileTenant(self.site, name)) as hostile:
            yield hostile
        for gone in (name, *self.newcomers):
            for folder in ("credentials", "tokens", "reports"):
                self.site.corner.erase(f"{folder}/{gone}")
        self.newcomers.clear()

    def start(self) -> None:
        """A daemon runs, with its printed policy alone."""
        corner = self.site.corner
        rules = daemon_policy(corner.layout, reports=True, targets=(TARGET,))
        folder = self.folder / f"daemon-{next(self._numbers)}"
        folder.mkdir()
        environment = self.site.environment(
            VAULT_TOKEN=corner.admin.token(corner.admin.policy(rules)).reveal(),
            REFRESH_AT=str(_REFRESH_AT),
            REPORTS="on",
            PUBLISH_TARGETS=str(TARGET),
        )
        self._daemon = Daemon(environment, folder)

    def restart(self) -> None:
        """The daemon is stopped as an orchestrator stops it, and another one starts."""
        self.daemon.stop()
        self.close()
        self.start()

    def close(self) -> None:
        """No daemon runs."""
        if self._daemon is not None:
            self._daemon.close()

    # --- what nobody may suffer

    def assert_nobody_suffers(self) -> None:
        """The rule: discovery is complete, every other tenant is served, and no secret of theirs went astray."""
        self.daemon.until_ready()
        self.until_served()
        for name in (*TENANTS, *self.newcomers):
            self._assert_never_below_the_floor(name)
        self._assert_no_secret_went_astray()

    def until_served(self) -> None:
        """Every healthy tenant is known, and their token good."""
        self.daemon.until(lambda: not self._unserved(), "every healthy tenant is known and fresh")

    def _unserved(self) -> set[ConnectionName]:
        rows = self.daemon.get("/status").json()["connections"]
        return {*TENANTS, *self.newcomers}.difference(
            row["name"] for row in rows if row["state"] in {"fresh", "refreshing"}
        )

    def _assert_never_below_the_floor(self, name: ConnectionName) -> None:
        versions = self.site.token_versions(name)
        for older, newer in pairwise(versions):
            if (replaced_at := _instant(newer["issued_at"])) > self._begun_at:
                left = _instant(older["expires_at"]) - replaced_at
                assert left >= FLOOR, f"{name} had a token with {left} left"
        left = _instant(versions[-1]["expires_at"]) - self.site.zoho.now()
        assert left >= FLOOR, f"{name} has a token with {left} left"

    def _assert_no_secret_went_astray(self) -> None:
        assert not self.stranger.seen
        homes = {client.client_id: client.home for client in self.site.clients.values()}
        grants = {fingerprint(refresh_token) for refresh_token in self.grants.values()}
        for entry in self.site.zoho.journal.entries[self._asked_before :]:
            if entry.client_id in homes:
                assert entry.data_center == homes[entry.client_id], "a client secret reached a server not its own"
                assert entry.refresh_token in grants, "a tenant's grant went out with another one's client secret"


def _instant(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


@contextmanager
def a_tenancy(corner: Corner, folder: Path) -> Iterator[Tenancy]:
    """Twelve tenants, and nobody who means harm yet."""
    with ExitStack() as stack:
        site = stack.enter_context(a_site(corner, folder, lifetime=LIFETIME))
        stranger = stack.enter_context(a_stranger())
        tenancy = Tenancy(site, stranger, folder)
        stack.callback(tenancy.close)
        tenancy.settle()
        yield tenancy
