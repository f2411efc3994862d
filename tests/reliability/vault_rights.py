"""Vault answers, and does not let the daemon do its work."""

import os
import select
import threading
from contextlib import suppress

from tests.reliability.hall import Hall
from tests.reliability.scenario import Scenarios
from tests.reliability.stage import CONNECTION, Stage
from tests.servers.openbao import make_ready

SCENARIOS = Scenarios()

_NAMESPACE = "team"


@SCENARIOS.scenario("The daemon's policy is narrowed: it may not write, and may again later")
def policy_narrowed(hall: Hall) -> Stage:
    stage = hall.stage(hall.site(hall.vault()))
    corner = stage.site.corner
    with stage.fault():
        corner.forbid(f"tokens/{CONNECTION}")
        stage.sit_it_out()
        assert stage.daemon.lines("record.unsaved", connection=CONNECTION)
        corner.allow(f"tokens/{CONNECTION}")
    return stage


@SCENARIOS.scenario(
    "The namespace is removed with all that it holds, and set up anew later", hides_vault=True, loses_record=True
)
def namespace_removed(hall: Hall) -> Stage:
    vault = hall.vault()
    vault.ask("POST", f"sys/namespaces/{_NAMESPACE}", {})
    site = hall.site(vault, namespace=_NAMESPACE)
    corner = site.corner
    login = hall.folder / "vault-token"
    login.write_text(corner.admin.token(corner.policy).reveal())
    refresh_token = site.connect(CONNECTION)
    credential = corner.fields(f"credentials/{CONNECTION}")
    stage = hall.stage(
        site,
        refresh_token=refresh_token,
        VAULT_NAMESPACE=_NAMESPACE,
        VAULT_AUTH="token-file",
        VAULT_TOKEN_FILE=str(login),
    )
    with stage.fault():
        vault.ask("DELETE", f"sys/namespaces/{_NAMESPACE}")
        stage.sit_it_out()
        vault.ask("POST", f"sys/namespaces/{_NAMESPACE}", {})
        make_ready(corner)
        corner.put(f"credentials/{CONNECTION}", **credential)
        login.write_text(corner.admin.token(corner.policy).reveal())
        stage.jobs.log_in()
    return stage


@SCENARIOS.scenario(
    "OpenBao's audit device is blocked, so that it answers nobody, and flows again later", hides_vault=True
)
def audit_blocked(hall: Hall) -> Stage:
    pipe = hall.folder / "audit"
    os.mkfifo(pipe)
    reader = AuditReader(os.open(pipe, os.O_RDWR))
    hall.after.callback(reader.close)
    stage = hall.stage(hall.site(hall.vault(audit=pipe)))
    with stage.fault():
        reader.pause()
        stage.sit_it_out()
        reader.go_on()
    return stage


class AuditReader:
    """Takes in what the audit device writes into its pipe, unless it pauses: a pipe that is full blocks its writer."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._reads, self._over = threading.Event(), False
        self._reads.set()
        threading.Thread(target=self._read, daemon=True).start()

    def pause(self) -> None:
        """Not a byte is read, and as many lie in the pipe as it holds."""
        self._reads.clear()
        os.set_blocking(self._pipe, False)
        with suppress(BlockingIOError):
            while True:
                os.write(self._pipe, bytes(4096))

    def go_on(self) -> None:
        self._reads.set()

    def close(self) -> None:
        self._over = True
        self.go_on()

    def _read(self) -> None:
        while not self._over:
            self._reads.wait()
            readable, _, _ = select.select([self._pipe], [], [], 0.2)
            if readable and self._reads.is_set():
                with suppress(BlockingIOError):
                    os.read(self._pipe, 1 << 16)
        os.close(self._pipe)
