"""A whole daemon on virtual time: the real core, use cases and run loop, beside a fake Vault and a fake Zoho."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from tests.support.clocks.loop_clock import LoopClock
from tests.support.samples.builders import CRM, HOUR, secret
from tests.support.stand_ins.fake_lease import FakeLease, Line
from tests.support.stand_ins.fake_zoho import FakeZoho
from tests.support.stand_ins.fakes import FakeVault
from zoho_tokend.core.election import Candidate, Terms
from zoho_tokend.core.errors import VaultLoginRefused, VaultUnavailable
from zoho_tokend.core.events import Event
from zoho_tokend.core.facts import ConnectionFacts, State
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.lease import Alone
from zoho_tokend.core.model import ConnectionName, TokenRecord
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.ports import Leadership
from zoho_tokend.core.sharding import WHOLE, Shard
from zoho_tokend.core.targets import Target
from zoho_tokend.engine.clockwork import BEAT_INTERVAL, Command
from zoho_tokend.engine.discovery import Discovery
from zoho_tokend.engine.elector import Elector
from zoho_tokend.engine.refresher import Refresher
from zoho_tokend.engine.reports import Reports
from zoho_tokend.engine.runner import Inbox, Runner
from zoho_tokend.engine.targets import Targets

E = TypeVar("E", bound=Event)

DISCOVERY_INTERVAL = timedelta(seconds=30)
TERMS = Terms(lease=timedelta(seconds=15), renew_deadline=timedelta(seconds=10), retry_period=timedelta(seconds=2))

_NUMBERS = itertools.count()


class FakeSession:
    """A login that is accepted, unless it is told to be refused or away.

    Attributes:
        refused: the login is refused with this sentence.
        away_for: how many logins find no Vault first.
    """

    def __init__(self) -> None:
        self.refused = ""
        self.away_for = 0
        self.alive = False
        self.expires_at: datetime | None = None
        self.closed = False

    async def open(self) -> None:
        if self.refused:
            raise VaultLoginRefused(self.refused)
        if self.away_for:
            self.away_for -= 1
            raise VaultUnavailable("Vault is sealed")
        self.alive = True

    async def upkeep(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        self.alive, self.closed = False, True


class World:
    """The daemon and what surrounds it; entered by `a_world`."""

    def __init__(
        self,
        *,
        policy: Policy,
        places: int,
        lifetime: timedelta,
        reports: bool = False,
        targets: Sequence[Target] = (),
        beside: "World | None" = None,
        lease: FakeLease | None = None,
        shard: Shard = WHOLE,
    ) -> None:
        """``beside`` another, it has the same Vault and the same Zoho; with a lease, it stands in its election."""
        self.clock = LoopClock()
        self.events: list[Event] = []
        self.vault: FakeVault = beside.vault if beside else FakeVault(clock=self.clock)
        self.zoho: FakeZoho = beside.zoho if beside else FakeZoho(self.clock, lifetime=lifetime)
        self.session = FakeSession()
        self.reloads = 0
        self.tasks: list[asyncio.Task[None]] = []
        self.dead = False
        self.inbox: Inbox = asyncio.Queue()
        self.line = Line(lease or FakeLease())
        self.leadership: Leadership = self._elector() if lease else Alone()
        self.fleet = Fleet(policy, places=places, leadership=self.leadership)
        outside = {"tokens": self.vault, "clock": self.clock, "emit": self.emit}
        records = {"credentials": self.vault, **outside}
        self.refresher = Refresher(fleet=self.fleet, budgets=self.vault, endpoint=self.zoho, **records)  # type: ignore[arg-type]
        self.discovery = Discovery(fleet=self.fleet, shard=shard, **records)  # type: ignore[arg-type]
        self.background_tasks = {Command.DISCOVER: self.discovery.look}
        if reports:
            heeding = Reports(fleet=self.fleet, reports=self.vault, prover=self.zoho, **outside)  # type: ignore[arg-type]
            self.background_tasks[Command.PROCESS_REPORTS] = heeding.process
        self._targets = Targets(targets, store=self.vault, **outside)  # type: ignore[arg-type]
        if targets:
            self.background_tasks[Command.FOLLOW_TARGETS] = self._targets.follow
        self.runner = Runner(
            fleet=self.fleet,
            refresher=self.refresher,
            background_tasks=self.background_tasks,
            session=self.session,
            inbox=self.inbox,
            reload=self._reload,
            clock=self.clock,
            emit=self.emit,
        )

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self._targets(event)

    def _elector(self) -> Elector:
        candidate = Candidate(identity=f"daemon-{next(_NUMBERS)}", terms=TERMS)
        return Elector(
            candidate,
            lease=self.line,
            clock=self.clock,
            emit=self.emit,
            elected=lambda: self.inbox.put_nowait(Command.SWEEP),
        )

    @property
    def leads(self) -> bool:
        return self.leadership.term is not None

    # What a person does

    def connect(self, *names: ConnectionName, **fields: object) -> None:
        """A credential stands in Vault for each name, each with a refresh token of its own."""
        for name in names or (CRM,):
            usual = {
                "client_id": "1000.CLIENT",
                "client_secret": "invented",
                "refresh_token": secret(name).reveal(),
                "accounts_server": "https://accounts.zoho.eu",
            }
            self.vault.put(f"credentials/{name}", **(usual | fields))

    # What a reader sees

    def life_left(self, name: ConnectionName = CRM) -> timedelta:
        """How long the token that stands in Vault still lives."""
        expires_at = datetime.fromisoformat(str(self.vault.fields(f"tokens/{name}")["expires_at"]))
        return expires_at - self.clock.now()

    def has_token(self, name: ConnectionName = CRM) -> bool:
        """Whether any token stands in Vault."""
        return f"tokens/{name}" in self.vault._records

    async def published(self, name: ConnectionName = CRM) -> TokenRecord | None:
        return (await self.vault.published(name)).record

    # What the daemon says

    def facts(self, name: ConnectionName = CRM) -> ConnectionFacts:
        return next(facts for facts in self.fleet.facts(self.clock.now()) if facts.name == name)

    def state(self, name: ConnectionName = CRM) -> State:
        return self.facts(name).state

    def all(self, kind: type[E]) -> list[E]:
        """Every event of this kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    # Time

    async def passes(self, time: timedelta) -> None:
        """So much time passes."""
        await asyncio.sleep(time.total_seconds())

    def die(self) -> None:
        """It is gone without a word, as after kill -9."""
        for task in self.tasks:
            task.cancel()
        self.dead = True

    async def tick(self, command: Command, every: timedelta) -> None:
        """A clockwork without APScheduler, which has a clock of its own."""
        while True:
            self.inbox.put_nowait(command)
            await asyncio.sleep(every.total_seconds())

    def _reload(self) -> None:
        self.reloads += 1


@asynccontextmanager
async def a_world(
    *,
    policy: Policy | None = None,
    places: int = 16,
    lifetime: timedelta = HOUR,
    running: bool = True,
    reports: bool = False,
    targets: Sequence[Target] = (),
    beside: World | None = None,
    lease: FakeLease | None = None,
    shard: Shard = WHOLE,
) -> AsyncIterator[World]:
    """A world whose daemon runs (or is run by the test itself), and is stopped in the end.

    It heeds reports, tells targets and stands in an election where it is asked to.
    """
    world = World(
        policy=policy or Policy(),
        places=places,
        lifetime=lifetime,
        reports=reports,
        targets=targets,
        beside=beside,
        lease=lease,
        shard=shard,
    )
    if not running:
        yield world
        return
    ticks = {
        **dict.fromkeys(world.background_tasks, DISCOVERY_INTERVAL),
        Command.SWEEP: world.fleet.policy.sweep_interval,
        Command.FOLLOW_TARGETS: world.fleet.policy.sweep_interval,
        Command.KEEP_VAULT_SESSION: world.fleet.policy.sweep_interval,
        Command.BEAT: BEAT_INTERVAL,
    }
    if not targets:
        del ticks[Command.FOLLOW_TARGETS]
    async with asyncio.TaskGroup() as group:
        ticking = [group.create_task(world.tick(command, every)) for command, every in ticks.items()]
        daemon = group.create_task(world.runner.run())
        world.tasks = [*ticking, daemon, group.create_task(world.leadership.run())]
        yield world
        for task in ticking:
            task.cancel()
        if not world.dead:
            world.inbox.put_nowait(Command.STOP)
            await daemon
