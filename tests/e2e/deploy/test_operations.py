"""docs/operations.md, followed: its commands as they stand against a real Vault, and the daemon as it is deployed."""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.kubelet import Content, Kubelet
from tests.manifests import NAME, Rendered
from tests.newcomer import Newcomer, newcomer
from tests.openbao import Admin, Corner, running
from tests.operations_page import commands, files, section
from tests.process import running as running_daemon
from tests.site import Site, a_site
from tests.token_review import Cluster, cluster
from zoho_simulator import ClientKind
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout

CONNECTION = "crm-prod"

# Some thirty commands, each a process of its own.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A Vault that nobody has touched, which speaks https with a certificate of its own authority, and a Zoho."""
    (tmp_path / "tls").mkdir()
    for server in running(OpenBao(tls_folder=tmp_path / "tls")):
        with closing(Admin(server)) as admin, a_site(Corner(admin, Layout()), tmp_path) as site:
            yield site


def a_newcomer(site: Site, folder: Path, here: Cluster) -> Newcomer:
    """Somebody with a self client at this Zoho; what the page says of an example is said of it."""
    client = site.zoho.add_client("self", home="eu", kind=ClientKind.SELF)
    site.clients["eu"] = client
    told = {
        "https://kubernetes.default.svc": here.origin,
        "--accounts-server eu": f"--accounts-server {site.zoho.eu.accounts_server}",
        "1000.XXXX": client.client_id,
    }
    settings = {"ALLOWED_ACCOUNTS_SERVERS": site.zoho.eu.accounts_server, "LISTEN": "127.0.0.1:9"}
    return newcomer(folder, site.corner.admin, kubernetes_ca=here.authority, told=told, settings=settings)


def connects(person: Newcomer, site: Site) -> None:
    """The person follows the page to a first connection."""
    client = site.clients["eu"]
    person.follows("The first connection", client.secrets["eu"], site.zoho.grant_code(client))


def environment(rendered: Rendered, site: Site, here: Cluster, secrets: Mapping[str, Content]) -> Mapping[str, str]:
    """The variables of the pod, but for the addresses: they lead to what is on loopback here."""
    beside: dict[tuple[str, str], Content] = {("ConfigMap", "kube-root-ca.crt"): {"ca.crt": here.authority}}
    beside |= {("Secret", name): content for name, content in secrets.items()}
    pod = Kubelet(rendered, site.folder / "pod", beside, token=here.token).environment()
    given = {
        "VAULT_ADDR": site.corner.address,
        "LISTEN": "127.0.0.1:0",
        "ALLOWED_ACCOUNTS_SERVERS": site.zoho.eu.accounts_server,
    }
    return {**pod, **{f"ZOHO_TOKEND_{name}": value for name, value in given.items()}}


def replaces_the_token(variables: Mapping[str, str], site: Site) -> None:
    """A daemon with these variables, and nothing else, brings a token of its own, without one complaint."""
    before = site.versions(CONNECTION)
    site.corner.put(f"tokens/{CONNECTION}", **site.token(CONNECTION) | OLD)
    with running_daemon(variables, site.folder) as daemon:
        daemon.until_ready()
        daemon.until_state(CONNECTION, "fresh")
        assert daemon.metric("vault_requests_total", outcome="forbidden") == 0
        daemon.stop()
    assert site.versions(CONNECTION) == before + 2


OLD = {
    "issued_at": "2020-01-01T00:00:00Z",
    "refresh_after": "2020-01-01T00:30:00Z",
    "expires_at": "2020-01-01T01:00:00Z",
    "expires_at_epoch": 1577840400,
}


async def test_a_newcomer_gets_from_nothing_to_a_daemon_that_replaces_tokens_and_back(
    site: Site, tmp_path: Path
) -> None:
    async with cluster(namespace=NAME, account=NAME) as here:
        await asyncio.to_thread(_from_nothing_and_back, site, tmp_path, here)


def _from_nothing_and_back(site: Site, folder: Path, here: Cluster) -> None:
    person = a_newcomer(site, folder, here)
    person.follows("Vault")
    connects(person, site)
    rendered = person.deploys(*files(section("Deploy")))
    person.follows("Deploy")
    replaces_the_token(environment(rendered, site, here, {}), site)

    person.follows("Upgrade, and go back")
    person.follows("Back up and restore")
    person.follows("Scrape, alert and look")
    rotations = [
        command.strip("`, ").removeprefix("`")
        for command in section("Rotate secrets").split("`")
        if command.startswith("zoho-tokend")
    ]
    client = site.clients["eu"]
    person.runs(rotations, client.secrets["eu"], site.zoho.grant_code(client))
    replaces_the_token(environment(rendered, site, here, {}), site)

    person.follows("Uninstall")
    assert not site.corner.admin.succeeds("LIST", "secret/metadata/zoho/credentials", {})
    assert not site.corner.admin.succeeds("LIST", "secret/metadata/zoho/tokens", {})
    assert not site.corner.admin.succeeds("LIST", "secret/metadata/zoho/clients", {})


async def test_a_newcomer_with_an_approle_gets_as_far_and_can_rotate_it(site: Site, tmp_path: Path) -> None:
    async with cluster(namespace=NAME, account=NAME) as here:
        await asyncio.to_thread(_with_an_approle, site, tmp_path, here)


def _with_an_approle(site: Site, folder: Path, here: Cluster) -> None:
    person = a_newcomer(site, folder, here)
    person.runs(commands(section("Vault"))[:1])
    connects(person, site)
    rendered = deploys_instead(person, "overlays/approle")
    seen = []
    for heading in ("Where Vault cannot ask Kubernetes", "Rotate secrets"):
        person.follows(heading)
        secrets = created(person)
        replaces_the_token(environment(rendered, site, here, secrets), site)
        seen.append(secrets["zoho-tokend-approle"]["secret-id"])
    assert len(set(seen)) == 2


async def test_a_newcomer_who_tries_it_out_gets_as_far(site: Site, tmp_path: Path) -> None:
    async with cluster(namespace=NAME, account=NAME) as here:
        await asyncio.to_thread(_trying_it_out, site, tmp_path, here)


def _trying_it_out(site: Site, folder: Path, here: Cluster) -> None:
    person = a_newcomer(site, folder, here)
    person.runs(commands(section("Vault"))[:1])
    connects(person, site)
    person.follows("To try it out")
    rendered = deploys_instead(person, "overlays/dev")
    replaces_the_token(environment(rendered, site, here, created(person)), site)


def deploys_instead(person: Newcomer, overlay: str) -> Rendered:
    """The page's own folder, with this overlay in the place of its own."""
    (kustomization,) = files(section("Deploy"))
    assert "overlays/kubernetes-auth" in kustomization
    return person.deploys(kustomization.replace("overlays/kubernetes-auth", overlay))


def created(person: Newcomer) -> Mapping[str, Content]:
    """The Secret that the person has created, by its name."""
    secret = yaml.safe_load(person.secret.read_text())
    content = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    return {secret["metadata"]["name"]: content}
