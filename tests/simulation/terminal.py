"""A person at a terminal: the real ``refresh`` and ``revoke``, beside the daemons that work meanwhile."""

from collections.abc import Callable
from typing import cast

from tests.simulation.daemon import app_role
from tests.simulation.machine import Machine
from tests.simulation.roads import VAULT, RoadToVault, SimulatedPool, SimulatedTransport
from tests.simulation.virtual_loop import Process, VirtualLoop
from tests.simulation.zoho_side import Call, Reply, ZohoSide
from zoho_tokend.clock import SystemClock
from zoho_tokend.core.consent import Revocation
from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.model import Client, Secret, connection_name
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.policy import Policy
from zoho_tokend.engine.one_shot import OneShotRefresh
from zoho_tokend.operations.revocation import Revoking
from zoho_tokend.vault.client import VaultConfig
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.pool import VaultClientPool
from zoho_tokend.vault.registry import Registry
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.vault.targets import VaultTargets
from zoho_tokend.zoho.calls import Calls
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.endpoint import ZohoEndpoint
from zoho_tokend.zoho.transport import Transport


class RevocationDesk:
    """Does what `zoho_tokend.zoho.consent_endpoint.ConsentEndpoint` does to end a grant."""

    def __init__(self, zoho: ZohoSide) -> None:
        self._zoho = zoho

    async def revoke(self, refresh_token: Secret, client: Client, *, accounts_server: Origin) -> Revocation:
        """The grant is dead at once."""
        del client, accounts_server
        self._zoho.revoke(refresh_token.reveal())
        return Revocation.REVOKED


class Terminal:
    """Where a person types commands, each of which is a process of its own."""

    def __init__(
        self,
        loop: VirtualLoop,
        *,
        zoho: ZohoSide,
        road: RoadToVault,
        policy: Policy,
        asked: Callable[[Call], None],
        met: Callable[[Call, Reply], None],
    ) -> None:
        self._loop = loop
        self._zoho = zoho
        self._road = road
        self._policy = policy
        self._asked = asked
        self._met = met
        self._clock_of = Machine(loop, rate=1.0)

    def refresh(self, name: str) -> None:
        """As ``zoho-tokend refresh``."""
        process = Process(f"refresh {name}")
        self._loop.start(process, self._refresh(name, process))

    def revoke(self, name: str, done: Callable[[], None]) -> None:
        """As ``zoho-tokend revoke``; ``done`` is called once it says that the grant is revoked."""
        process = Process(f"revoke {name}")
        self._loop.start(process, self._revoke(name, process, done))

    async def _refresh(self, name: str, process: Process) -> None:
        session, store, clock = self._open(process)
        transport = SimulatedTransport(self._zoho, process, clock, asked=self._asked, met=self._met)
        endpoint = ZohoEndpoint(
            cast("Transport", transport), Calls(), servers=AccountsServers(), clock=clock, emit=lambda _event: None
        )
        once = OneShotRefresh(records=store, endpoint=endpoint, policy=self._policy, clock=clock)
        try:
            await session.open()
            await once.refresh(connection_name(name))
        except TokendError:
            """The person is told, and does something else."""

    async def _revoke(self, name: str, process: Process, done: Callable[[], None]) -> None:
        session, store, clock = self._open(process)
        revoking = Revoking(
            records=Registry(session, Layout()),
            targets=VaultTargets(session, Layout(), ()),
            credentials=store,
            zoho=RevocationDesk(self._zoho),
            clock=clock,
        )
        try:
            await session.open()
            await revoking.revoke(connection_name(name))
        except TokendError:
            """As above."""
        else:
            done()

    def _open(self, process: Process) -> tuple[Session, VaultStore, SystemClock]:
        clock = SystemClock(wall=self._clock_of.wall, monotonic=self._clock_of.monotonic)
        session = Session(VaultConfig(address=VAULT), app_role(), clock=clock, emit=lambda _event: None)
        session._pool = cast("VaultClientPool", SimulatedPool(self._road, process))
        return session, VaultStore(session, Layout(), clock=clock, location_of=AccountsServers().location), clock
