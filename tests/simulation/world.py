"""One simulated world, all of it from a seed: daemons on machines, Zoho, Vault, jobs, people, and what befalls them."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from random import Random
from typing import Final

from tests.simulation.conduct import Conduct
from tests.simulation.era import EPISODES_A_YEAR, instant
from tests.simulation.findings import BrokenRule, Journal, Tally
from tests.simulation.job import Job
from tests.simulation.promise import Promise, Terms
from tests.simulation.replica import Daemon, Machine, Surroundings
from tests.simulation.roads import RoadToVault
from tests.simulation.troubles import RECOVERY, Trouble, Troubles
from tests.simulation.vault_side import VaultSide, Version
from tests.simulation.virtual_loop import Process, VirtualLoop
from tests.simulation.zoho_side import ACCOUNTS_SERVER, Call, Reply, ZohoSide
from zoho_simulator.law.limits import Limits
from zoho_tokend.core.errors import VaultLoginRefused
from zoho_tokend.core.events import Event
from zoho_tokend.core.policy import Policy
from zoho_tokend.reader.errors import VaultUnreachable

HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What kind of world a seed makes.

    Attributes:
        lifetime: of access tokens, in seconds.
        shared: whether the first two connections have one refresh token.
    """

    seed: int
    lifetime: float
    policy: Policy
    connections: int
    replicas: int
    named_client: bool
    shared: bool
    rotates: bool
    refresh_at: tuple[float | None, ...]

    @classmethod
    def of(cls, seed: int) -> "Plan":
        """The plan of a seed, which is always the same."""
        rng = Random(f"{seed}/plan")
        connections = rng.randint(2, 8)
        return cls(
            seed=seed,
            lifetime=rng.choice((HOUR,) * 8 + (6 * HOUR, 60.0)),
            policy=Policy(
                refresh_at=rng.choice((0.5, 0.5, 0.5, 0.2, 0.4, 0.8)),
                issues_per_ten_minutes=rng.choice((8, 8, 8, 3, 5, 10)),
                sweep_interval=timedelta(seconds=rng.choice((1, 1, 1, 5, 30))),
            ),
            connections=connections,
            replicas=rng.choice((1, 1, 2)),
            named_client=rng.random() < 0.5,
            shared=rng.random() < 0.15,
            rotates=rng.random() < 0.25,
            refresh_at=tuple(rng.choice((None, None, None, 0.3, 0.6)) for _ in range(connections)),
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"c{number}" for number in range(self.connections))

    @property
    def is_promised(self) -> bool:
        """Whether such tokens have a floor at all; those that do not are there to strain the budget."""
        return self.lifetime >= HOUR

    def terms(self) -> dict[str, Terms]:
        """What is promised of each connection."""
        lifetime = timedelta(seconds=self.lifetime)
        return {
            name: Terms(
                lead=self.policy.lead(lifetime, refresh_at).total_seconds(),
                floor=self.policy.floor_of(lifetime, refresh_at).total_seconds(),
            )
            for name, refresh_at in zip(self.names, self.refresh_at, strict=True)
        }


class World:
    """Everything at once.

    Attributes:
        rng: of what is no fault: latencies, the jobs' habits.
        pending: how many faults have not run their course.
        lived: the episodes that began.
    """

    def __init__(self, plan: Plan, *, begins_at: float = 0.0) -> None:
        self.plan = plan
        self.rng = Random(f"{plan.seed}/world")
        self.loop = VirtualLoop(self._between_instants, begins_at=begins_at)
        self._begins_at = begins_at
        self.journal = Journal(self.loop.time)
        self.tally = Tally()
        self.pending = 0
        self.lived: list[int] = []
        self.troubles = Troubles(plan.names, self.loop.time)
        self.zoho = ZohoSide(self.loop, self.rng, Limits(token_lifetime=timedelta(seconds=plan.lifetime)))
        self.vault = VaultSide(self.loop.time, self._written)
        self.road = RoadToVault(self.vault, self.rng)
        self.conduct = Conduct(
            budget=plan.policy.issues_per_ten_minutes,
            alone=plan.replicas == 1,
            promised=plan.is_promised,
            troubles=self.troubles,
            tally=self.tally,
            now=self.loop.time,
        )
        self.promise = Promise(
            plan.terms(), troubles=self.troubles, zoho=self.zoho, tally=self.tally, now=self.loop.time
        )
        self.surroundings = Surroundings(
            loop=self.loop,
            zoho=self.zoho,
            road=self.road,
            policy=plan.policy,
            places=16,
            tell=self._told,
            asked=self._asked,
            met=self._met,
            ended=self._ended,
        )
        self.replicas = [Replica(self, number) for number in range(plan.replicas)]
        self._daemons: dict[Process, Daemon] = {}
        self._lost: Trouble | None = None
        self._people_start()

    # --- people ------------------------------------------------------------------------------------------------

    def _people_start(self) -> None:
        plan = self.plan
        if plan.named_client:
            self.put_client()
        shared = self.zoho.consent(*plan.names[:2]) if plan.shared else None
        for number, name in enumerate(plan.names):
            refresh_token = shared if shared and number < 2 else self.zoho.consent(name)
            self.put_credential(name, refresh_token)

    def put_client(self) -> None:
        """The client's record is what Zoho knows."""
        client = self.zoho.client
        self.vault.put(
            "clients/app",
            {
                "client_id": client.client_id,
                "client_secret": client.client_secret,
                "accounts_server": ACCOUNTS_SERVER,
            },
        )

    def put_credential(self, name: str, refresh_token: str, **odd: object) -> None:
        """A person stores a credential for the connection."""
        client = self.zoho.client
        inline = {"client_id": client.client_id, "client_secret": client.client_secret}
        refresh_at = self.plan.refresh_at[self.plan.names.index(name)]
        fields: dict[str, object] = {
            **({"client": "app"} if self.plan.named_client else inline),
            "refresh_token": refresh_token,
            "accounts_server": ACCOUNTS_SERVER,
            **({"refresh_at": str(refresh_at)} if refresh_at else {}),
            "note": f"kept by hand, {self.journal.count}",
        }
        self.vault.put(f"credentials/{name}", fields | odd)

    def refresh_token_of(self, name: str) -> str:
        """The one that stands in Vault; empty where none does."""
        fields = self.vault.fields(f"credentials/{name}") or {}
        return str(fields.get("refresh_token", ""))

    def sharers(self, name: str) -> tuple[str, ...]:
        """Every connection that has the same refresh token."""
        return self.zoho.holders.get(self.refresh_token_of(name), (name,))

    # --- time --------------------------------------------------------------------------------------------------

    def after(self, delay: float, happens: Callable[..., object], *args: object) -> None:
        """It happens then; the episode goes on until it has."""
        self.pending += 1

        def happen() -> None:
            self.pending -= 1
            self._guarded(happens, *args)

        self.loop.in_the_world(delay, happen)

    def note(self, text: str, *about: object) -> None:
        """For the journal."""
        self.journal.note(text, *about)

    def _guarded(self, happens: Callable[..., object], *args: object) -> None:
        try:
            happens(*args)
        except BrokenRule as broken:
            self.loop.broken = self.loop.broken or broken

    def _between_instants(self) -> None:
        for daemon in self._daemons.values():
            if daemon.touched and not daemon.process.dead:
                self._guarded(self.conduct.look, daemon)
                daemon.arm()

    # --- what the world hears ----------------------------------------------------------------------------------

    def began(self, daemon: Daemon) -> None:
        """A process began."""
        self._daemons = {each.process: each for each in self.alive()} | {daemon.process: daemon}

    def alive(self) -> list[Daemon]:
        """Every daemon that runs, be it paused."""
        return [each for each in self._daemons.values() if not each.process.dead]

    def able_changed(self) -> None:
        """Whether any replica can do its work is another question than before."""
        able = any(replica.able for replica in self.replicas)
        if able and self._lost is not None:
            self.troubles.end(self._lost)
            self._lost = None
        elif not able and self._lost is None:
            self._lost = self.troubles.begin("no replica was able")

    def _told(self, daemon: Daemon, event: Event) -> None:
        self.journal.note("{}: {}", daemon.process.name, event)
        self._guarded(self.conduct.told, daemon, event)

    def _asked(self, daemon: Daemon, call: Call) -> None:
        self.journal.note("{} asks Zoho for {}", daemon.process.name, call.names)
        self._guarded(lambda: self.conduct.asked(daemon, call, clock_stepped_at=self._stepped_at(daemon)))

    def _met(self, daemon: Daemon, call: Call, reply: Reply) -> None:
        self._guarded(self.conduct.met, daemon, call, reply)

    def _ended(self, daemon: Daemon, error: BaseException | None) -> None:
        self.journal.note("{} ended: {}", daemon.process.name, error)
        if error is not None and not isinstance(error, VaultLoginRefused):
            self.loop.broken = self.loop.broken or error
        self._replica_of(daemon).ended()

    def _stepped_at(self, daemon: Daemon) -> float:
        return self._replica_of(daemon).clock_stepped_at

    def _replica_of(self, daemon: Daemon) -> "Replica":
        return next(replica for replica in self.replicas if replica.machine is daemon.machine)

    def _written(self, path: str, before: Version | None, new: Version, process: Process | None) -> None:
        self._guarded(self._check_written, path, before, new, process)

    def _check_written(self, path: str, before: Version | None, new: Version, process: Process | None) -> None:
        folder, _, name = path.partition("/")
        fields = new.fields or {}
        self.journal.note("{} is written by {}: version {}", path, process.name if process else "a person", new.number)
        if folder == "tokens" and process is not None:
            self.conduct.landed(name, str(fields["access_token"]))
            ahead = (self._daemons[process].clock.now() - instant(self.loop.time())).total_seconds()
            self.promise.landed(name, before.fields if before else None, fields, writer_is_ahead=ahead)
        elif folder == "credentials" and process is not None:
            self._check_rotation(name, (before.fields if before else None) or {}, fields)
        else:
            self._mended(name, folder)

    def _check_rotation(self, name: str, before: Mapping[str, object], new: Mapping[str, object]) -> None:
        changed = {field for field in before.keys() | new.keys() if before.get(field) != new.get(field)}
        if changed != {"refresh_token"}:
            raise BrokenRule(f"a daemon changed {sorted(changed)} of the credential of {name}")
        numbers = self.zoho.consent_number
        if numbers.get(str(new["refresh_token"]), -1) < numbers.get(str(before["refresh_token"]), inf):
            raise BrokenRule(f"the credential of {name} was overwritten by an older one")

    def _mended(self, name: str, folder: str) -> None:
        for each in self.plan.names if folder == "clients" else (name,):
            self.conduct.mended(each)
        self.changed()

    def changed(self) -> None:
        """Something in Vault is other than before: discoveries have something to find."""
        for daemon in self.alive():
            daemon.look_for_news()

    # --- the course of things ----------------------------------------------------------------------------------

    def run(self, fate: "Fate", episodes: Collection[int]) -> None:
        """The world lives through its episodes.

        Raises:
            BrokenRule: something happened that must never happen.
        """
        task = self.loop.create_task(self._live(fate, episodes))
        try:
            self.loop.run_until(task.done)
            task.result()
        finally:
            for daemon in self.alive():
                self.loop.kill(daemon.process)
            self.loop.close()

    async def _live(self, fate: "Fate", episodes: Collection[int]) -> None:
        for replica in self.replicas:
            replica.start()
        for name in self.plan.names:
            self._read_later(Job(name, see=self._see, now=self.loop.time))
        await self._until_all_is_well()
        for episode in episodes:
            rng = Random(f"{self.plan.seed}/{episode}")
            await asyncio.sleep(rng.uniform(0, 0.7 * self.plan.lifetime))
            self.note("--- episode {} ---", episode)
            self.lived.append(episode)
            fate(self, rng)
            await self._until_all_is_well()
            self.tally.episodes += 1
            self.tally.years += self.plan.connections / EPISODES_A_YEAR
        self.tally.seconds += (self.loop.time() - self._begins_at) * self.plan.connections

    async def _until_all_is_well(self) -> None:
        """Until every fault has run its course, everybody had the time to recover, and has."""
        while True:
            over_at = self.troubles.all_over_at()
            if self.pending or over_at == inf:
                await asyncio.sleep(max(30.0, self.plan.lifetime / 100))
            elif self.loop.time() <= over_at + RECOVERY:
                await asyncio.sleep(over_at + RECOVERY + 1.0 - self.loop.time())
            else:
                break
            self._check_all()
        self._check_all()
        for daemon in self.alive():
            self.conduct.all_awake(daemon)
        self.troubles.forget_before(self.loop.time() - 2 * RECOVERY)

    def _check_all(self) -> None:
        if self.plan.is_promised:
            for name in self.plan.names:
                self.promise.check(name)

    # --- jobs --------------------------------------------------------------------------------------------------

    def _read_later(self, job: Job) -> None:
        self.loop.in_the_world(self.rng.uniform(0.1, 0.9) * self.plan.lifetime, self._guarded, self._read, job)

    def _read(self, job: Job) -> None:
        self.tally.reads += 1
        token = job.read()
        if token is None and self.plan.is_promised:
            self.promise.check(job.name)
        elif token is not None and job.life_left(token) <= 0:
            raise BrokenRule(f"a job was given a token of {job.name} that has expired")
        self._read_later(job)

    def _see(self, path: str) -> Mapping[str, object] | None:
        if self.road.hazards:
            raise VaultUnreachable("Vault cannot be reached")
        return self.vault.fields(path)


Fate = Callable[[World, Random], None]
"""What befalls the world in one episode: it sets things going, and they end by themselves."""


class Replica:
    """A place for one daemon process at a time, and whoever starts it again when it has ended.

    Attributes:
        clock_stepped_at: when its wall clock was last put forward or back.
    """

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._number = number
        self._processes = 0
        self._hindrances = 0
        self._recovers_at = 0.0
        self._offset_at_start = 0.0
        self.machine = Machine(world.loop, rate=1.0 + world.rng.uniform(-2e-4, 2e-4))
        self.clock_stepped_at = -inf
        self.daemon: Daemon | None = None

    @property
    def able(self) -> bool:
        """Whether it runs, nothing stands between it and Zoho or Vault, and it had the time to recover."""
        if self.daemon is None or self.daemon.process.dead or self._hindrances:
            return False
        return self._world.loop.time() >= self._recovers_at

    def start(self) -> None:
        """Another process."""
        self._processes += 1
        name = f"replica {self._number}, process {self._processes}"
        self._world.note("{} starts", name)
        self.daemon = Daemon(self._world.surroundings, self.machine, name=name, rng=self._world.rng)
        self._world.began(self.daemon)
        self._world.troubles.until("a start", self._world.loop.time() + 1.0)
        self._believes_an_older_clock()
        self._recovers()

    def hinder(self, span: float) -> None:
        """It cannot do its work for so long."""
        self._hindrances += 1
        self._world.able_changed()
        self._world.after(span, self._unhinder)

    def _unhinder(self) -> None:
        self._hindrances -= 1
        self._recovers()

    def _recovers(self) -> None:
        """The only replica needs no time for it here, since every trouble grants that; of two the other one counts."""
        span = RECOVERY if len(self._world.replicas) > 1 else 0.0
        self._recovers_at = self._world.loop.time() + span
        self._world.able_changed()
        self._world.loop.in_the_world(span, self._world.able_changed)

    def _believes_an_older_clock(self) -> None:
        """Records that an earlier process wrote by a clock further ahead seem younger than they are."""
        behind = self._offset_at_start - self.machine.offset
        if behind > 0:
            self._world.troubles.until("the clock was put back", self._world.loop.time() + behind)
        self._offset_at_start = self.machine.offset

    def kill(self, back_after: float = 1.0) -> None:
        """As SIGKILL does; it is started again after so long."""
        daemon = self.daemon
        if daemon is None or daemon.process.dead:
            return
        self._world.tally.kills += 1
        self._world.loop.kill(daemon.process)
        self._world.able_changed()
        self._world.after(back_after, self.start)

    def stop(self) -> None:
        """As SIGTERM does; it is started again when it has ended."""
        if self.daemon is not None and not self.daemon.process.dead:
            self.daemon.stop()

    def ended(self) -> None:
        """Its process came to its end by itself: it is started again, later if it keeps ending."""
        self._world.able_changed()
        self._world.after(self._world.rng.uniform(1.0, 20.0), self.start)

    def step_clock(self, by: float) -> None:
        """Its wall clock is put forward, or back."""
        self.machine.offset += by
        self.clock_stepped_at = self._world.loop.time()
        if by > 0:
            self._offset_at_start = max(self._offset_at_start, self.machine.offset)
        if self.daemon is not None:
            self.daemon.touched = True
            self._world.conduct.clock_stepped(self.daemon.process)
