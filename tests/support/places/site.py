"""A site: a corner of a real Vault, a Zoho on loopback, and the daemons that somebody starts there."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.processes.process import Daemon, running
from tests.support.servers.openbao import Corner
from zoho_simulator import Client, Simulator, Zoho, in_thread

LIFETIME = timedelta(hours=1)
# For tests that wait for refreshes: each token is replaced after some two seconds, with eight left to live.
BRISK = {"REFRESH_AT": "0.2"}
BRISK_LIFETIME = timedelta(seconds=10)


@dataclass(frozen=True)
class Site:
    """What surrounds the daemon, and what people do to it."""

    corner: Corner
    zoho: Zoho
    folder: Path
    clients: dict[str, Client] = field(default_factory=dict)

    # --- what a person puts into Vault

    def connect(self, name: str, *, data_center: str = "eu", **changes: object) -> str:
        """A consent is given and its credential put into Vault by hand; answers the refresh token."""
        client = self.client(data_center)
        refresh_token = self.zoho.consent(client, f"{name}@example.com")
        self.put(name, self.fields(client, data_center, refresh_token=refresh_token) | changes)
        return refresh_token

    def put(self, name: str, fields: Mapping[str, object]) -> None:
        """The credential has these fields, but for those that are None."""
        given = {field: value for field, value in fields.items() if value is not None}
        self.corner.put(f"credentials/{name}", **given)

    def fields(self, client: Client, data_center: str = "eu", **more: object) -> dict[str, object]:
        """The fields of a credential with its client inline."""
        return {
            "client_id": client.client_id,
            "client_secret": client.secrets[data_center],
            "accounts_server": self.zoho[data_center].accounts_server,
            **more,
        }

    def client(self, data_center: str = "eu") -> Client:
        """The one application that is registered in this data centre."""
        if data_center not in self.clients:
            self.clients[data_center] = self.zoho.add_client(f"jobs {data_center}", home=data_center)
        return self.clients[data_center]

    # --- what a job finds there

    def has_token(self, name: str) -> bool:
        return self.corner.admin.succeeds("GET", f"{self.corner.mount}/data/zoho/tokens/{name}", {})

    def token(self, name: str) -> dict[str, object]:
        return self.corner.fields(f"tokens/{name}")

    def versions(self, name: str) -> int:
        """How many versions of the token record there have been."""
        if not self.corner.admin.succeeds("GET", f"{self.corner.mount}/metadata/zoho/tokens/{name}", {}):
            return 0
        answer = self.corner.admin.ask("GET", f"{self.corner.mount}/metadata/zoho/tokens/{name}")
        data = answer["data"]
        assert isinstance(data, dict)
        return int(data["current_version"])

    def token_versions(self, name: str) -> list[dict[str, object]]:
        """Every version of the token record, oldest first."""
        path = f"{self.corner.mount}/data/zoho/tokens/{name}"
        answers = [self.corner.admin.ask("GET", f"{path}?version={n + 1}") for n in range(self.versions(name))]
        return [answer["data"]["data"] for answer in answers]  # type: ignore[index]  # Vault's own shape

    def least_life(self, name: str) -> timedelta:
        """The least life that any of its records, but the latest, had left when the next one took its place."""
        times = [
            [datetime.fromisoformat(str(record[field])) for field in ("issued_at", "expires_at")]
            for record in self.token_versions(name)
        ]
        return min((before[1] - after[0] for before, after in pairwise(times)), default=timedelta.max)

    # --- the daemon

    def environment(self, **settings: str) -> Mapping[str, str]:
        """The variables of a daemon of this site; an empty setting is left out."""
        origins = ",".join(center.accounts_server for center in self.zoho.data_centers)
        usual = {
            "VAULT_ADDR": self.corner.address,
            "MOUNT": self.corner.mount,
            "LISTEN": "127.0.0.1:0",
            "LOG_FORMAT": "json",
            "DISCOVERY_INTERVAL": "1s",
            "ALLOWED_ACCOUNTS_SERVERS": origins,
        }
        if settings.keys().isdisjoint({"VAULT_AUTH", "VAULT_TOKEN"}):
            usual["VAULT_TOKEN"] = self.corner.admin.token(self.corner.policy).reveal()
        return {f"ZOHO_TOKEND_{name}": value for name, value in (usual | settings).items() if value}

    @contextmanager
    def daemon(self, **settings: str) -> Iterator[Daemon]:
        """A daemon of this site until the block ends, at the latest."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        with running(self.environment(**settings), folder) as daemon:
            yield daemon


@contextmanager
def a_site(corner: Corner, folder: Path, *, lifetime: timedelta = LIFETIME) -> Iterator[Site]:
    """A site whose access tokens live so long; nobody there may ever have put a secret into a URL."""
    with in_thread(Simulator(data_centers=("us", "eu", "in"), lifetime=lifetime)) as zoho:
        yield Site(corner, zoho, folder)
        assert not zoho.journal.violations


@pytest.fixture
def site(corner: Corner, tmp_path: Path) -> Iterator[Site]:
    """A site of the test's own."""
    with a_site(corner, tmp_path) as site:
        yield site


@pytest.fixture
def brisk_site(corner: Corner, tmp_path: Path) -> Iterator[Site]:
    """A site of the test's own whose tokens live ten seconds; ``BRISK`` settings replace them early."""
    with a_site(corner, tmp_path, lifetime=BRISK_LIFETIME) as site:
        yield site
