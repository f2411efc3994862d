"""The commands of `deploy/readers/cronjob.yaml`, taken from it and run; the test is the cluster."""

import asyncio
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from stat import S_IMODE
from typing import Any

import jwt as pyjwt
import pytest
import trustme
import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.documents.reader_rows import READERS
from tests.support.places.default_site import ROLE, DefaultSite
from tests.support.processes.process import Finished
from tests.support.processes.spied_programs import SpiedPrograms
from tests.support.servers.loopback_server import answering, loopback_server
from tests.support.servers.openbao import Corner

AUTHORITY = trustme.CA()
VAULT_TOKEN = re.compile(r"\bs\.\w{20,}")  # https://openbao.org/docs/concepts/tokens/
NAMESPACE, ACCOUNT, UID = "jobs", "crm-jobs", "invented-uid"


def pod() -> Mapping[str, Any]:
    """The pod of the shipped manifest."""
    manifest = yaml.safe_load((READERS / "cronjob.yaml").read_text())
    spec: Mapping[str, Any] = manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


def service_account_token() -> str:
    now = int(time.clock_gettime(time.CLOCK_REALTIME))
    account = {"namespace": NAMESPACE, "serviceaccount": {"name": pod()["serviceAccountName"], "uid": UID}}
    subject = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
    claims = {"sub": subject, "iat": now, "exp": now + 600, "kubernetes.io": account}
    return pyjwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")


@pytest.fixture
async def cluster(default_corner: Corner) -> AsyncIterator[None]:
    """A cluster that takes every token for that of the account, and a Vault that trusts it."""
    user = {"username": f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}", "uid": UID, "groups": []}
    review = {"kind": "TokenReview", "status": {"authenticated": True, "user": user}}
    headers = {"Content-Type": "application/json", "Connection": "close"}
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(tls)
    async with loopback_server(answering("201 Created", json.dumps(review).encode(), headers), tls=tls) as api:
        trust_in(default_corner, api.origin)
        yield
    default_corner.admin.ask("DELETE", "sys/auth/kubernetes")


def trust_in(corner: Corner, cluster: str) -> None:
    ask = corner.admin.ask
    ask("POST", "sys/auth/kubernetes", {"type": "kubernetes"})
    authority = AUTHORITY.cert_pem.bytes().decode()
    config = {"kubernetes_host": cluster, "kubernetes_ca_cert": authority, "disable_local_ca_jwt": True}
    ask("POST", "auth/kubernetes/config", config)
    accounts = {"bound_service_account_names": [ACCOUNT], "bound_service_account_namespaces": [NAMESPACE]}
    ask("POST", f"auth/kubernetes/role/{ROLE}", {**accounts, "token_policies": [ROLE]})


class Kubelet:
    """It runs the containers of the pod in order, in the folder that they share."""

    def __init__(self, here: DefaultSite, folder: Path) -> None:
        for name in ("token", "programs"):
            (folder / name).mkdir()
        self.folder = folder / "token"
        self.programs = SpiedPrograms(folder / "programs", "bao", "curl", "cat")
        (folder / "jwt").write_text(service_account_token())
        self._cluster = {"BAO_ADDR": here.address, "JWT_FILE": str(folder / "jwt")}

    async def run(self, container: Mapping[str, Any]) -> Finished:
        declared = {variable["name"] for variable in container.get("env", [])}
        environment = {name: value for name, value in self._cluster.items() if name in declared}
        process = await asyncio.create_subprocess_exec(
            *container["command"],
            cwd=self.folder,
            env={"PATH": self.programs.path, "HOME": "/nowhere", **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Finished(process.returncode or 0, out.decode(), err.decode())


@pytest.mark.usefixtures("cluster")
async def test_the_cron_jobs_two_commands_reach_the_crm(here: DefaultSite, tmp_path: Path) -> None:
    await asyncio.to_thread(here.publish)
    kubelet = Kubelet(here, tmp_path)
    (first,), (second,) = pod()["initContainers"], pod()["containers"]

    got = await kubelet.run(first)
    assert got.code == 0, got.err
    assert str(here.record()["access_token"]) not in got.out + got.err
    assert S_IMODE((kubelet.folder / "header").stat().st_mode) == 0o600

    worked = await kubelet.run(second)
    assert (worked.code, worked.err) == (0, "")
    assert json.loads(worked.out)["org"]
    assert here.crm_calls() == [200]


@pytest.mark.usefixtures("cluster")
async def test_the_cron_job_shows_no_secret_and_leaves_no_token_of_vault(here: DefaultSite, tmp_path: Path) -> None:
    await asyncio.to_thread(here.publish)
    kubelet = Kubelet(here, tmp_path)
    before = here.corner.admin.ask("LIST", "auth/token/accessors")["data"]
    for container in (*pod()["initContainers"], *pod()["containers"]):
        await kubelet.run(container)
    assert here.corner.admin.ask("LIST", "auth/token/accessors")["data"] == before
    assert [line.split()[:3] for line in kubelet.programs.lines if line.startswith("bao kv")] == [
        ["bao", "kv", "get"],
        ["bao", "kv", "get"],
    ]
    everything = "\n".join(kubelet.programs.lines)
    assert str(here.record()["access_token"]) not in everything
    assert (tmp_path / "jwt").read_text() not in everything
    assert not VAULT_TOKEN.search(everything)


@pytest.mark.usefixtures("cluster")
async def test_the_cron_job_fails_before_its_work_where_there_is_no_token(here: DefaultSite, tmp_path: Path) -> None:
    kubelet = Kubelet(here, tmp_path)
    got = await kubelet.run(pod()["initContainers"][0])
    assert got.code != 0
    assert "No value found at secret/data/zoho/tokens/crm-prod" in got.err
    assert not (kubelet.folder / "header").exists()
