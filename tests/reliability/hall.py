"""Where stages are set up, and all that stood on them is cleared away at the end."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import hvac
import requests

from tests.reliability.stage import CONNECTION, LIFETIME, PATIENCE, POLICY, Stage
from tests.reliability.witness import jobs_reading
from tests.support.places.site import Site, a_site
from tests.support.processes.process import FROM_SOURCE, Daemon, Launcher
from tests.support.servers.openbao import Admin, Server, new_corner
from tests.support.servers.raft import RaftNode, Tls
from tests.support.servers.relay_in_thread import relay_in_thread
from zoho_tokend.core.model import Secret
from zoho_tokend.core.policy import Policy
from zoho_tokend.vault.policy import reader_policy

_GLANCE: Final = 0.1
# What starts keeps a core busy: of many at once, none would be ready before the last.
_STARTING: Final = threading.Semaphore(4)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A server as it is reached through something."""

    address: str
    root_token: Secret
    ca_bundle: Path | None = None


class SharedVault:
    """One server for all scenarios that leave Vault itself alone; it starts when the first of them asks for it."""

    def __init__(self, folder: Path) -> None:
        self._node = RaftNode(folder)
        self._starting = threading.Lock()

    def running(self) -> RaftNode:
        """The server."""
        with self._starting:
            if not self._node.root_token.reveal():
                self._node.found()
            return self._node

    def close(self) -> None:
        """Stop the server."""
        self._node.close()


@dataclass(kw_only=True)
class Hall:
    """Of one scenario.

    Attributes:
        folder: its own.
        shared: the server of those that need none of their own.
        full_size: whether its fleet is as large as the page says; a smaller one shows the same in less time.
        after: what is to be done when it is over, last first.
    """

    folder: Path
    shared: SharedVault
    full_size: bool
    after: ExitStack = field(default_factory=ExitStack)

    def vault(self, *, tls: Tls | None = None, audit: Path | None = None, data: Path | None = None) -> RaftNode:
        """A server of its own."""
        node = RaftNode(self.folder / "vault", tls=tls, audit=audit, data=data)
        self.after.callback(node.close)
        with _STARTING:
            node.found()
        return node

    def cluster(self) -> list[RaftNode]:
        """Three servers, the first of which leads."""
        nodes = [RaftNode(self.folder / name, name=name) for name in ("first", "second", "third")]
        for node in nodes:
            self.after.callback(node.close)
        founder, *others = nodes
        with _STARTING:
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
        deadline = time.monotonic() + PATIENCE
        while not question():
            assert time.monotonic() < deadline, f"not in time: {what}"
            time.sleep(_GLANCE)

    def site(self, vault: Server | None = None, *, namespace: str = "", lifetime: timedelta = LIFETIME) -> Site:
        """A corner of this server, or of the shared one, and a Zoho whose tokens live so long."""
        admin = self.after.enter_context(closing(Admin(vault or self.shared.running(), namespace=namespace)))
        return self.after.enter_context(a_site(new_corner(admin), self.folder, lifetime=lifetime))

    def stage(
        self,
        site: Site,
        *,
        launcher: Launcher = FROM_SOURCE,
        refresh_token: str = "",
        policy: Policy = POLICY,
        **settings: str,
    ) -> Stage:
        """The daemon keeps the connection, and the jobs read its token.

        Args:
            launcher: of the daemon.
            refresh_token: of the connection, where it has its credential already.
            policy: how eagerly the daemon replaces tokens.
        """
        refresh_token = refresh_token or site.connect(CONNECTION)
        usual = {
            "REFRESH_AT": str(policy.refresh_at),
            "ISSUES_PER_TEN_MINUTES": str(policy.issues_per_ten_minutes),
            "VAULT_CACERT": "",
        }
        environment = site.environment(**(usual | settings))

        def start_daemon() -> Daemon:
            folder = self.folder / f"daemon-{len(list(self.folder.iterdir()))}"
            folder.mkdir()
            daemon = self.after.enter_context(closing(Daemon(environment, folder, launcher=launcher)))
            daemon.patience = PATIENCE
            return daemon

        with _STARTING:
            daemon = start_daemon()
            daemon.until_state(CONNECTION, "fresh")
        jobs = self.after.enter_context(jobs_reading(site, CONNECTION, client=lambda: _job(site)))
        return Stage(
            site=site,
            daemon=daemon,
            jobs=jobs,
            refresh_token=refresh_token,
            start_daemon=start_daemon,
            lifetime=site.zoho.limits.token_lifetime,
            policy=policy,
        )


def _job(site: Site) -> hvac.Client:
    """Logged in with the policy of readers and no other."""
    admin = site.corner.admin
    token = admin.token(admin.policy(reader_policy(site.corner.layout)))
    session = requests.Session()
    session.trust_env = False
    session.verify = str(admin.server.ca_bundle) if admin.server.ca_bundle else True
    return hvac.Client(site.corner.address, token=token.reveal(), session=session, namespace=admin.namespace or None)
