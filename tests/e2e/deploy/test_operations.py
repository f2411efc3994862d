"""docs/operations.md, followed: its commands as they stand against a real Vault, and the daemon as it is deployed."""

import asyncio
import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.documents.manifests import NAME
from tests.support.documents.operations_page import commands, files, section
from tests.support.people.newcomer import Newcomer, newcomer
from tests.support.places.site import Site, a_site
from tests.support.processes.deployed import Deployed
from tests.support.processes.kubelet import Content
from tests.support.servers.cluster import Cluster as LeaseServer
from tests.support.servers.cluster import a_cluster
from tests.support.servers.openbao import Admin, Corner, running
from tests.support.servers.token_review import Cluster, cluster
from zoho_simulator import ClientKind
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout

CONNECTION = "crm-prod"
LONG_DEAD = {
    "issued_at": "2020-01-01T00:00:00Z",
    "refresh_after": "2020-01-01T00:30:00Z",
    "expires_at": "2020-01-01T01:00:00Z",
    "expires_at_epoch": 1577840400,
}

# Some thirty commands, each a process of its own.


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A Vault that nobody has touched, which speaks https with a certificate of its own authority, and a Zoho."""
    (tmp_path / "tls").mkdir()
    for server in running(OpenBao(tls_folder=tmp_path / "tls")):
        with closing(Admin(server)) as admin, a_site(Corner(admin, Layout()), tmp_path) as site:
            yield site


@dataclass(frozen=True)
class Follower:
    """A person who follows the page, and what is around them."""

    person: Newcomer
    site: Site
    accounts: Cluster
    leases: LeaseServer

    def connects(self) -> None:
        """The page's first connection is made."""
        client = self.site.clients["eu"]
        self.person.follows("The first connection", client.secrets["eu"], self.site.zoho.grant_code(client))

    def rotates(self) -> None:
        """The secrets of Zoho are rotated, by the commands of the page's table."""
        table = re.findall(r"`(zoho-tokend [^`]+)`", section("Rotate secrets"))
        client = self.site.clients["eu"]
        self.person.runs(table, client.secrets["eu"], self.site.zoho.grant_code(client))

    def deploys(self, overlay: str) -> Deployed:
        """The page's own folder with this overlay, and the Secret that was created last."""
        (kustomization,) = files(section("Deploy"))
        assert "overlays/kubernetes-auth" in kustomization
        rendered = self.person.deploys(kustomization.replace("overlays/kubernetes-auth", f"overlays/{overlay}"))
        return Deployed(rendered, self.site, self.accounts, self.leases, self._created())

    def _created(self) -> Mapping[str, Content]:
        if not self.person.secret.exists():
            return {}
        secret = yaml.safe_load(self.person.secret.read_text())
        content = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
        return {secret["metadata"]["name"]: content}

    def runs(self, deployed: Deployed) -> None:
        """A pod that finds a record as a restored Vault has it brings a new token, and asks for nothing it may not."""
        before = self.site.versions(CONNECTION)
        self.site.corner.put(f"tokens/{CONNECTION}", **self.site.token(CONNECTION) | LONG_DEAD)
        with deployed.pod() as daemon:
            daemon.until_ready()
            daemon.until_state(CONNECTION, "fresh")
            assert daemon.metric("vault_requests_total", outcome="forbidden") == 0
            daemon.stop()
        assert self.site.versions(CONNECTION) == before + 2
        examined = deployed.executes("doctor")
        assert examined.code == 0, examined.out
        assert deployed.beyond_the_role() == set()


async def followed(page: Callable[[Follower], None], site: Site) -> None:
    """Somebody with a self client at this Zoho; what the page says of its examples is said of what is here."""
    client = site.clients["eu"] = site.zoho.add_client("self", home="eu", kind=ClientKind.SELF)
    async with cluster(namespace=NAME, account=NAME) as accounts:
        told = {
            "https://kubernetes.default.svc": accounts.origin,
            "--accounts-server eu": f"--accounts-server {site.zoho.eu.accounts_server}",
            "1000.XXXX": client.client_id,
        }
        settings = {"ALLOWED_ACCOUNTS_SERVERS": site.zoho.eu.accounts_server, "LISTEN": "127.0.0.1:9"}
        person = newcomer(
            site.folder, site.corner.admin, kubernetes_ca=accounts.authority, told=told, settings=settings
        )
        with a_cluster() as leases:
            leases.tokens.clear()
            await asyncio.to_thread(page, Follower(person, site, accounts, leases))


async def test_a_newcomer_gets_from_nothing_to_a_daemon_that_replaces_tokens_and_back(site: Site) -> None:
    await followed(_from_nothing_and_back, site)


def _from_nothing_and_back(follower: Follower) -> None:
    follower.person.follows("Vault")
    follower.connects()
    deployed = follower.deploys("kubernetes-auth")
    follower.person.follows("Deploy")
    follower.runs(deployed)
    _one_stops_and_the_other_takes_over(deployed)

    for heading in ("The standby", "Scrape, alert and look", "Beyond one process", "Upgrade, and go back"):
        follower.person.follows(heading)
    follower.person.follows("Back up and restore")
    follower.rotates()
    follower.runs(deployed)

    follower.person.follows("Uninstall")
    for kind in ("credentials", "tokens", "clients"):
        assert not follower.site.corner.admin.succeeds("LIST", f"secret/metadata/zoho/{kind}", {})


def _one_stops_and_the_other_takes_over(deployed: Deployed) -> None:
    with deployed.pod(0) as leader:
        leader.until(lambda: leader.metric("leader") == 1, "it leads")
        with deployed.pod(1) as standby:
            standby.until_ready()
            assert standby.metric("leader") == 0
            leader.stop()
            standby.until(lambda: standby.metric("leader") == 1, "it leads in turn")
            standby.stop()
    assert deployed.beyond_the_role() == set()


async def test_a_newcomer_with_an_approle_gets_as_far_and_can_rotate_it(site: Site) -> None:
    await followed(_with_an_approle, site)


def _with_an_approle(follower: Follower) -> None:
    follower.person.runs(commands(section("Vault"))[:1])
    follower.connects()
    seen = set()
    for heading in ("Where Vault cannot ask Kubernetes", "Rotate secrets"):
        follower.person.follows(heading)
        deployed = follower.deploys("approle")
        follower.runs(deployed)
        seen.add(deployed.secrets["zoho-tokend-approle"]["secret-id"])
    assert len(seen) == 2


async def test_a_newcomer_who_tries_it_out_gets_as_far(site: Site) -> None:
    await followed(_trying_it_out, site)


def _trying_it_out(follower: Follower) -> None:
    follower.person.runs(commands(section("Vault"))[:1])
    follower.connects()
    follower.person.follows("To try it out")
    follower.runs(follower.deploys("dev"))
