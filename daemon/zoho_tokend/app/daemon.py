"""The daemon: every part, built once and joined; what it shows; how it starts, obeys changed settings, and stops."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import get_args

from zoho_tokend import __version__
from zoho_tokend.app.adapters import layout_of, policy_of, vault
from zoho_tokend.app.service_manager import Notify, ServiceManager, nobody
from zoho_tokend.app.wiring import intervals_of, leadership, own_shard, ports_of
from zoho_tokend.clock import SystemClock
from zoho_tokend.core import health
from zoho_tokend.core.errors import BadSettings, VaultLoginRefused
from zoho_tokend.core.events import Event, Reloaded, Reloading, Sink, Started
from zoho_tokend.core.facts import ConnectionFacts, DaemonFacts
from zoho_tokend.core.health import Check
from zoho_tokend.engine.clockwork import Clockwork, Command
from zoho_tokend.engine.engine import Engine
from zoho_tokend.engine.runner import Inbox
from zoho_tokend.settings import Settings, changes
from zoho_tokend.settings.model import VaultAuth
from zoho_tokend.telemetry.connection_series import PerConnection
from zoho_tokend.telemetry.log import LogLevel, set_level
from zoho_tokend.telemetry.metrics import Metrics
from zoho_tokend.web.app import Sources, create_app
from zoho_tokend.web.server import Server
from zoho_tokend.zoho.datacenters import DATA_CENTERS, AccountsServers
from zoho_tokend.zoho.endpoints import endpoints


class Daemon:
    """One process that keeps every connection fresh, from ``run`` to ``send(Command.STOP)``.

    Attributes:
        address: where it serves probes, metrics and status; empty until it runs.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        reread: Callable[[], Settings],
        sinks: Sequence[Sink] = (),
        notify: Notify = nobody,
    ) -> None:
        """Build what needs no event loop.

        Args:
            reread: the settings as they are now, for SIGHUP; raises BadSettings.
            sinks: who hears of every event, beside the metrics.
            notify: how the service manager is told what it must know.
        """
        self._settings = settings
        self._reread = reread
        self._clock = SystemClock()
        self._metrics = Metrics(
            version=__version__,
            data_centers=[center.location for center in DATA_CENTERS],
            login_methods=get_args(VaultAuth),
            shard=str(own_shard(settings).number),
            per_connection=PerConnection(settings.per_connection_metrics),
        )
        manager = ServiceManager(notify, live=self._live, monotonic=self._clock.monotonic)
        self._sinks: Sequence[Sink] = (*sinks, self._metrics, manager)
        self._inbox: Inbox = asyncio.Queue()
        self._leadership = leadership(
            settings, clock=self._clock, emit=self._emit, elected=partial(self.send, Command.SWEEP)
        )
        self._session, self._store = vault(settings, clock=self._clock, emit=self._emit)
        self._started_at = self._clock.now()
        self._metrics.promise(policy_of(settings).floor)
        self._metrics.lead(leading=self._leadership.term is not None)
        self.address = ""

    async def run(self) -> None:
        """Keep every connection fresh until it is told to stop; then end what is under way, and leave nothing behind.

        Raises:
            BadSettings: the address cannot be listened on, or the environment names a proxy that cannot be used.
            VaultLoginRefused: Vault refused the first login.
        """
        settings = self._settings
        app = create_app(self._sources(), hosts=(settings.listen.host, *settings.status_hosts))
        server = Server(app, host=settings.listen.host, port=settings.listen.port)
        async with AsyncExitStack() as stack:
            servers = AccountsServers(settings.allowed_accounts_servers)
            zoho = endpoints(servers, clock=self._clock, emit=self._emit)
            self._zoho = await stack.enter_async_context(zoho)
            ports = ports_of(
                settings,
                session=self._session,
                store=self._store,
                zoho=self._zoho,
                leadership=self._leadership,
                clock=self._clock,
                emit=self._emit,
            )
            self._engine = Engine(
                policy_of(settings),
                ports,
                slots=settings.concurrency,
                inbox=self._inbox,
                shard=own_shard(settings),
                targets=settings.publish_targets,
                reload=self._reload,
            )
            self._clockwork = Clockwork(self.send, intervals_of(settings, self._engine.background_tasks))
            self.address = "http://{}:{}".format(*server.bound_address)
            self._emit(Started(version=__version__, listen=self.address, vault=settings.vault_addr))
            await self._run(server)

    def send(self, command: Command) -> None:
        """Put the command into the inbox of the run loop."""
        self._inbox.put_nowait(command)

    def connections(self) -> Iterable[ConnectionFacts]:
        """What anybody may know of each connection, now; it may be gone through once, in any thread."""
        return self._engine.fleet.facts(self._clock.now())

    async def _run(self, server: Server) -> None:
        refused: VaultLoginRefused | None = None
        async with asyncio.TaskGroup() as group:
            group.create_task(self._serve(server))
            group.create_task(self._leadership.run())
            self._clockwork.start()
            try:
                await self._engine.runner.run()
            except VaultLoginRefused as error:
                refused = error
            finally:
                self._clockwork.stop()
                server.stop()
        if refused is not None:
            raise refused

    async def _serve(self, server: Server) -> None:
        await server.serve()
        if not self._engine.runner.stopping:
            raise RuntimeError("the web server ended by itself")

    # --- what it shows -----------------------------------------------------------------------------------------

    def _sources(self) -> Sources:
        return Sources(
            live=self._live,
            ready=self._ready,
            check_vault=self._session.check,
            daemon=self._facts,
            connections=self.connections,
            render=self._metrics.render,
        )

    def _live(self) -> Sequence[Check]:
        now = self._clock.monotonic()
        return health.liveness(
            heartbeat_age=timedelta(seconds=now - self._engine.runner.beat_at),
            sweep_age=timedelta(seconds=now - self._engine.runner.swept_at),
            clock_drift=self._clock.drift,
        )

    def _ready(self) -> Sequence[Check]:
        return health.readiness(
            vault_session=self._session.alive,
            vault_error=self._session.error,
            discovered=self._engine.discovery.complete,
            discovery_error=self._engine.discovery.error,
            stopping=self._engine.runner.stopping,
            election=self._leadership.problem,
        )

    def _facts(self) -> DaemonFacts:
        return DaemonFacts(
            version=__version__,
            now=self._clock.now(),
            started_at=self._started_at,
            floor=self._engine.fleet.policy.floor,
            vault_alive=self._session.alive and self._session.error is None,
            vault_error=self._session.error,
            vault_since=self._session.error_since,
            vault_expires_at=self._session.expires_at,
            unsaved=self._engine.fleet.unsaved,
            credentials=str(layout_of(self._settings).credentials()),
            leader=self._engine.fleet.term is not None,
            holder=self._leadership.holder,
            discovered=self._engine.discovery.complete,
            discovery_error=self._engine.discovery.error,
            undiscovered=dict(self._engine.discovery.undiscovered),
            ill_named=self._engine.discovery.ill_named,
            noticed_within=self._settings.discovery_interval,
            shard=own_shard(self._settings),
        )

    def _emit(self, event: Event) -> None:
        for sink in self._sinks:
            sink(event)

    # --- changed settings --------------------------------------------------------------------------------------

    def _reload(self) -> None:
        self._emit(Reloading())
        try:
            settings = self._reread()
        except BadSettings as error:
            self._emit(Reloaded(error=str(error)))
            return
        changed, needs_restart = changes(self._settings, settings)
        self._settings = settings
        self._engine.fleet.obey(policy_of(settings), self._clock.now())
        self._zoho.obey(AccountsServers(settings.allowed_accounts_servers))
        self._clockwork.pace(intervals_of(settings, self._engine.background_tasks))
        self._metrics.per_connection = PerConnection(settings.per_connection_metrics)
        self._metrics.promise(self._engine.fleet.policy.floor)
        set_level(LogLevel(settings.log_level))
        self._emit(Reloaded(changed=tuple(changed), needs_restart=tuple(needs_restart)))
