"""One process of the daemon: every real part but the sockets, the threads, the web server and APScheduler.

The clockwork is driven by what is due instead of ticking in vain: a sweep that finds nothing due and a discovery that
finds nothing new change nothing, so those alone are left out. Sweeps come at whole intervals, as APScheduler's do.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from random import Random
from typing import Final, cast

from tests.simulation.lease_side import ApiServer, SimulatedLease
from tests.simulation.machine import Machine
from tests.simulation.roads import VAULT, RoadToVault, SimulatedPool, SimulatedTransport
from tests.simulation.virtual_loop import Process, VirtualLoop
from tests.simulation.zoho_side import Call, Reply, ZohoSide
from zoho_tokend.clock import SystemClock
from zoho_tokend.core.election import Candidate, Timing
from zoho_tokend.core.events import DiscoveryEnded, Event, LeaderElected, LeaderLost, Parked
from zoho_tokend.core.lease import Alone
from zoho_tokend.core.model import Secret
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.ports import Leadership
from zoho_tokend.core.sharding import WHOLE, Shard
from zoho_tokend.engine.clockwork import Command
from zoho_tokend.engine.elector import Elector
from zoho_tokend.engine.engine import Engine, Ports
from zoho_tokend.engine.runner import Inbox
from zoho_tokend.vault.auth import AppRole
from zoho_tokend.vault.client import VaultConfig
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.pool import VaultClientPool
from zoho_tokend.vault.renewal import next_step
from zoho_tokend.vault.secret_file import Given
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.zoho.calls import Calls
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.endpoint import ZohoEndpoint
from zoho_tokend.zoho.transport import Transport

DISCOVERY_INTERVAL: Final = 30.0
# Longer than by default, for a renewal every second of a year would be most of what is simulated.
TERMS: Final = Timing(
    lease=timedelta(minutes=2), renew_deadline=timedelta(seconds=80), retry_period=timedelta(seconds=40)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every replica has in common.

    Attributes:
        api_server: holds the lease; None where no replica waits for another.
        tell: hears of every event of a process that lives.
        asked: hears of every request to Zoho, ``met`` of what its caller met.
        ended: hears of a process that came to its end by itself.
    """

    loop: VirtualLoop
    zoho: ZohoSide
    road: RoadToVault
    api_server: ApiServer | None
    policy: Policy
    slots: int
    tell: Callable[["Daemon", Event], None]
    asked: Callable[["Daemon", Call], None]
    met: Callable[["Daemon", Call, Reply], None]
    ended: Callable[["Daemon", BaseException | None], None]


class Daemon:
    """One process of a replica, from its start to its end, and the shard that it works for.

    Attributes:
        touched: something happened in it since its clockwork and its books were looked at.
    """

    def __init__(self, world: Surroundings, machine: Machine, *, name: str, rng: Random, shard: Shard = WHOLE) -> None:
        self._world = world
        self._shard = shard
        self.machine = machine
        self.process = Process(name)
        self.clock = SystemClock(wall=machine.wall, monotonic=machine.monotonic)
        self.inbox: Inbox = Inbox()
        self.leadership = self._leadership(rng)
        self.touched = True
        self._phase = rng.random()
        self._pace = rng.uniform(600.0, 3600.0)
        self._looked_at = -inf
        self._news = True
        self._looking_since = -inf
        self._armed_for = inf
        self._beats: dict[Command, float] = {}
        self._last: dict[Command, float] = {}
        self._intervals = {
            Command.KEEP_VAULT_SESSION: 1.0,
            Command.SWEEP: world.policy.sweep_interval.total_seconds(),
            Command.DISCOVER: DISCOVERY_INTERVAL,
        }
        self._build()
        world.loop.start(self.process, self._live())

    def _leadership(self, rng: Random) -> Leadership:
        server = self._world.api_server
        if server is None:
            return Alone()
        candidate = Candidate(identity=f"{self.process.name} {rng.random()}", timing=TERMS)
        return Elector(
            candidate,
            lease=SimulatedLease(server, self.process),
            clock=self.clock,
            emit=self._emit,
            elected=lambda: self.inbox.put_nowait(Command.SWEEP),
        )

    def _build(self) -> None:
        world, process = self._world, self.process
        self.session = Session(VaultConfig(address=VAULT), app_role(), clock=self.clock, emit=self._emit)
        self.session._pool = cast("VaultClientPool", SimulatedPool(world.road, process))
        store = VaultStore(self.session, Layout(), clock=self.clock, location_of=AccountsServers().location)
        transport = SimulatedTransport(
            world.zoho,
            process,
            self.clock,
            asked=lambda call: world.asked(self, call),
            met=lambda call, reply: world.met(self, call, reply),
        )
        endpoint = ZohoEndpoint(
            cast("Transport", transport), Calls(), servers=AccountsServers(), clock=self.clock, emit=lambda _event: None
        )
        ports = Ports(
            records=store,
            endpoint=endpoint,
            clock=self.clock,
            emit=self._emit,
            session=self.session,
            leadership=self.leadership,
        )
        engine = Engine(world.policy, ports, slots=world.slots, inbox=self.inbox, shard=self._shard)
        self.fleet, self.runner = engine.fleet, engine.runner

    async def _live(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.leadership.run())
                await self.runner.run()
        except Exception as error:  # noqa: BLE001 - the world decides what it thinks of it
            self._end(error.exceptions[0] if isinstance(error, ExceptionGroup) else error)
        else:
            self._end(None)

    def _end(self, error: BaseException | None) -> None:
        if not self.process.dead:
            self.process.dead = True
            self._world.ended(self, error)

    def _emit(self, event: Event) -> None:
        if self.process.dead:
            return
        self.touched = True
        if isinstance(event, Parked):
            self.look_for_news()
        elif isinstance(event, DiscoveryEnded) and self._found_everything(event):
            self._looked_at = self._looking_since
            self._news = False
        elif isinstance(event, LeaderLost | LeaderElected):
            self.inbox.put_nowait(Command.SWEEP)
            self.look_for_news()
        self._world.tell(self, event)

    def _found_everything(self, ended: DiscoveryEnded) -> bool:
        return not ended.error and not ended.unreadable and self._looking_since > self._looked_at

    # --- the clockwork -----------------------------------------------------------------------------------------

    def look_for_news(self) -> None:
        """Something changed in Vault that a discovery would see."""
        self._news = self.touched = True
        self._looking_since = -inf

    def stop(self) -> None:
        """As after SIGTERM."""
        self.inbox.put_nowait(Command.STOP)

    def arm(self) -> None:
        """The next command comes when it has something to find."""
        self.touched = False
        if self.process.dead or self.process.paused:
            return
        self._beats = {command: self._beat(command, at) for command, at in self._due().items()}
        at = min(self._beats.values())
        if at < self._armed_for:
            self._armed_for = at
            self._world.loop.in_the_world(at - self._world.loop.time(), self._tick, at)

    def _tick(self, armed_for: float) -> None:
        if armed_for != self._armed_for:
            return
        self._armed_for = inf
        self.touched = True
        if self.process.dead or self.process.paused:
            return
        for command, at in self._beats.items():
            if at <= armed_for:
                self._last[command] = armed_for
                self._obey(command)

    def _obey(self, command: Command) -> None:
        if command is Command.DISCOVER:
            under_way = self.runner._running.get(command)
            if under_way is not None and not under_way.done():
                return
            self._looking_since = self._world.loop.time()
        self.inbox.put_nowait(command)

    def _due(self) -> dict[Command, float]:
        """When each command has something to find."""
        now = self._world.loop.time()
        due = {Command.KEEP_VAULT_SESSION: now + self._session_is_due_in()}
        if self.runner._open:
            due[Command.SWEEP] = now + self._sweep_is_due_in()
            due[Command.DISCOVER] = now if self._news else self._looked_at + self._pace
        return due

    def _beat(self, command: Command, at: float) -> float:
        """The first beat of the command's own interval by then, and after its last one."""
        if at == inf:
            return inf
        interval = self._intervals[command]
        phase = self._phase * interval
        beat = math.ceil((max(at, self._world.loop.time()) - phase) / interval) * interval + phase
        return beat if beat > self._last.get(command, -1.0) else beat + interval

    def _sweep_is_due_in(self) -> float:
        waiting = self.fleet._queue._heap
        if not waiting:
            return inf
        return max((waiting[0][0] - self.clock.now()).total_seconds() / self.machine.rate, 0.0)

    def _session_is_due_in(self) -> float:
        if not self.runner._open:
            at = self.runner._log_in_at
        else:
            held = self.session._held
            at = next_step(held.lease if held else None, self.session._trouble).at
            at = min(at, held.lease.ends) if held else at
        return max((at - self.clock.monotonic()) / self.machine.rate, 0.0)


def app_role() -> AppRole:
    """The login of daemons and of people."""
    return AppRole(
        role_id=Given(Secret("daemon"), "VAULT_ROLE_ID"), secret_id=Given(Secret("invented"), "VAULT_SECRET_ID")
    )
