"""Where stages are set up, and all that stood on them is cleared away at the end."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import hvac
import requests

from tests.places.site import Site, a_site
from tests.processes.process import FROM_SOURCE, Daemon, Launcher
from tests.reliability.stage import CONNECTION, LIFETIME, POLICY, Stage
from tests.reliability.witness import jobs_reading
from tests.servers.openbao import Admin, Server, new_corner
from tests.servers.raft import RaftNode, Tls
from tests.servers.relay_in_thread import relay_in_thread
from zoho_tokend.core.model import Secret
from zoho_tokend.vault.policy import reader_policy

_SETTINGS: Final = {"REFRESH_AT": str(POLICY.refresh_at), "VAULT_CACERT": ""}
_PATIENCE: Final = 60.0
_GLANCE: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A server as it is reached through something."""

    address: str
    root_token: Secret
    ca_bundle: Path | None = None


@dataclass(kw_only=True)
class Hall:
    """Of one scenario.

    Attributes:
        folder: its own.
        after: what is to be done when it is over, last first.
    """

    folder: Path
    after: ExitStack = field(default_factory=ExitStack)

    def vault(self, *, tls: Tls | None = None, audit: Path | None = None, data: Path | None = None) -> RaftNode:
        """A server that runs."""
        node = RaftNode(self.folder / "vault", tls=tls, audit=audit, data=data)
        self.after.callback(node.close)
        node.found()
        return node

    def cluster(self) -> list[RaftNode]:
        """Three servers, the first of which leads."""
        nodes = [RaftNode(self.folder / name, name=name) for name in ("first", "second", "third")]
        for node in nodes:
            self.after.callback(node.close)
        founder, *others = nodes
        founder.found()
        for node in others:
            node.join(founder)
        self.until(lambda: all(map(founder.knows_as_voter, others)), "every node has a vote")
        return nodes

    def balanced(self, nodes: Sequence[RaftNode]) -> Server:
        """All of them behind one address: whoever asks there gets the first that runs, which asks the leader."""
        relay = self.after.enter_context(relay_in_thread(*(node.address for node in nodes)))
        return Reached(address=relay.address, root_token=nodes[0].root_token)

    @staticmethod
    def until(question: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not question():
            assert time.monotonic() < deadline, f"not in time: {what}"
            time.sleep(_GLANCE)

    def site(self, vault: Server, *, namespace: str = "") -> Site:
        """A corner of it, and a Zoho."""
        admin = self.after.enter_context(closing(Admin(vault, namespace=namespace)))
        return self.after.enter_context(a_site(new_corner(admin), self.folder, lifetime=LIFETIME))

    def stage(
        self,
        site: Site,
        *,
        launcher: Launcher = FROM_SOURCE,
        refresh_token: str = "",
        **settings: str,
    ) -> Stage:
        """The daemon keeps the connection, and the jobs read its token.

        Args:
            launcher: of the daemon.
            refresh_token: of the connection, where it has its credential already.
        """
        refresh_token = refresh_token or site.connect(CONNECTION)
        environment = site.environment(**(_SETTINGS | settings))

        def start_daemon() -> Daemon:
            folder = self.folder / f"daemon-{len(list(self.folder.iterdir()))}"
            folder.mkdir()
            return self.after.enter_context(closing(Daemon(environment, folder, launcher=launcher)))

        daemon = start_daemon()
        daemon.until_state(CONNECTION, "fresh")
        jobs = self.after.enter_context(jobs_reading(site, CONNECTION, client=lambda: _job(site)))
        return Stage(site=site, daemon=daemon, jobs=jobs, refresh_token=refresh_token, start_daemon=start_daemon)


def _job(site: Site) -> hvac.Client:
    """Logged in with the policy of readers and no other."""
    admin = site.corner.admin
    token = admin.token(admin.policy(reader_policy(site.corner.layout)))
    session = requests.Session()
    session.trust_env = False
    session.verify = str(admin.server.ca_bundle) if admin.server.ca_bundle else True
    return hvac.Client(site.corner.address, token=token.reveal(), session=session, namespace=admin.namespace or None)
