"""What others on the machine can learn of our processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.canary import assert_no_canary
from tests.support.places.site import BRISK, Site
from tests.support.processes.process import call
from tests.support.servers.openbao import Corner

_DUMPABLE = """
import ctypes
from zoho_tokend.cli import main
main(["version"], standalone_mode=False)
print("dumpable:", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


_KEY_LOGS = """
import httpx, urllib3.util
from zoho_tokend.cli import main
main(["version"], standalone_mode=False)
print("logs:", httpx.create_ssl_context().keylog_filename, urllib3.util.create_urllib3_context().keylog_filename)
"""


def secrets_in(site: Site, name: str) -> list[str]:
    fields = site.corner.fields(f"credentials/{name}")
    return [str(fields[field]) for field in ("client_secret", "refresh_token")] + [
        str(site.token(name)["access_token"])
    ]


def test_a_command_cannot_be_looked_into_by_others_of_its_user() -> None:
    done = subprocess.run([sys.executable, "-c", _DUMPABLE], capture_output=True, text=True, check=True)

    assert "dumpable: 0" in done.stdout


def test_no_key_of_a_tls_connection_is_logged(tls_corner: Corner, tmp_path: Path) -> None:
    log = tmp_path / "keys.log"
    variables = {"SSLKEYLOGFILE": str(log)}
    bundle = tls_corner.admin.server.ca_bundle
    token = tls_corner.admin.token(tls_corner.policy).reveal()
    vault = {"VAULT_ADDR": tls_corner.address, "VAULT_TOKEN": token, "VAULT_CACERT": str(bundle)}

    listed = call("connections", environment={**vault, **variables, "ZOHO_TOKEND_MOUNT": tls_corner.mount})
    done = subprocess.run(
        [sys.executable, "-c", _KEY_LOGS], capture_output=True, text=True, check=True, env=os.environ | variables
    )

    assert listed.code == 0, listed.err
    assert "logs: None None" in done.stdout
    assert not log.exists()


def test_a_crashing_daemon_leaves_no_core_file(site: Site, tmp_path: Path) -> None:
    with site.daemon() as daemon:
        daemon.until_ready()
        limits = Path(f"/proc/{daemon.pid}/limits").read_text()
        os.kill(daemon.pid, signal.SIGABRT)
        code = daemon.exit_code()

    assert "Max core file size        0                    0" in limits
    assert code == -signal.SIGABRT
    assert not list(tmp_path.glob("core*"))


def test_the_daemon_starts_no_other_program_and_shows_no_secret_in_the_process_list(site: Site, tmp_path: Path) -> None:
    """With Vault's token in a file, which is how the manifests have it."""
    site.connect("crm")
    vault_token = tmp_path / "vault-token"
    token = site.corner.admin.token(site.corner.policy).reveal()
    vault_token.write_text(token)
    settings = {"VAULT_AUTH": "token-file", "VAULT_TOKEN_FILE": str(vault_token), "VAULT_TOKEN": ""}
    with site.daemon(**settings, **BRISK) as daemon:
        daemon.until(lambda: site.has_token("crm"), "the first token is there")
        process = Path(f"/proc/{daemon.pid}")
        children = [(task / "children").read_text() for task in (process / "task").iterdir()]
        shown = [(process / name).read_bytes() for name in ("cmdline", "environ")]

    assert not "".join(children).strip()
    assert_no_canary([token, *secrets_in(site, "crm")], *shown)
