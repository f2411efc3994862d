"""One simulated world, all of it from a seed: daemons on machines, Zoho, Vault, jobs, people, and what befalls them."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from math import inf
from random import Random
from typing import Final

from tests.simulation.conduct import Conduct
from tests.simulation.daemon import Daemon, Surroundings
from tests.simulation.era import EPISODES_A_YEAR, instant
from tests.simulation.findings import BrokenRule
from tests.simulation.job import Jobs
from tests.simulation.lease_side import ApiServer
from tests.simulation.machine import Machine
from tests.simulation.people import People
from tests.simulation.plan import HOUR, Plan
from tests.simulation.promise import Promise
from tests.simulation.replica import Replica
from tests.simulation.roads import RoadToVault
from tests.simulation.stage import Stage
from tests.simulation.terminal import Terminal
from tests.simulation.troubles import A_START, RECOVERY, Trouble
from tests.simulation.vault_side import VaultSide, Version
from tests.simulation.virtual_loop import Process, VirtualLoop
from tests.simulation.zoho_side import Call, Reply, ZohoSide
from zoho_simulator.rules.limits import CountedBy, Limits
from zoho_tokend.core.errors import VaultLoginRefused
from zoho_tokend.core.events import Event, LeaderElected, LeaderLost
from zoho_tokend.core.sharding import Shard
from zoho_tokend.reader.errors import VaultUnreachable

_LONGEST_EPISODE: Final = 24
MINUTE: Final = 60.0


class World(Stage):
    """Everything at once.

    Attributes:
        lived: the episodes that began.
        withdrawn: the refresh token of each connection whose grant a person ended by the command.
    """

    def __init__(self, plan: Plan, *, begins_at: float = 0.0) -> None:
        super().__init__(plan, VirtualLoop(self._between_instants, begins_at=begins_at))
        self._begins_at = begins_at
        self.lived: list[int] = []
        self.zoho = ZohoSide(
            self.loop,
            self.rng,
            Limits(
                token_lifetime=timedelta(seconds=plan.lifetime),
                counted_by=CountedBy.CLIENT if plan.limited_client else CountedBy.REFRESH_TOKEN,
            ),
            location_of=plan.location_of,
            locations=len(set(plan.locations)),
        )
        self._to_correct: dict[str, Trouble] = {}
        self.withdrawn: dict[str, str] = {}
        self.vault = VaultSide(self.loop.time, self._written)
        self.road = RoadToVault(self.vault, self.rng, self.loop.time)
        self.promise = Promise(
            plan.terms(), troubles=self.troubles, zoho=self.zoho, tally=self.tally, now=self.loop.time
        )
        self.conduct = Conduct(
            policy=plan.policy,
            alone=plan.replicas == 1 or plan.elects,
            promised=plan.is_promised,
            troubles=self.troubles,
            tally=self.tally,
            loop=self.loop,
            location_of=plan.location_of,
            expires=self.promise.expires,
            vault_was_ill_at=self.road.was_ill_at,
        )
        self.api_server = ApiServer(self.rng) if plan.elects else None
        self.surroundings = Surroundings(
            loop=self.loop,
            zoho=self.zoho,
            road=self.road,
            api_server=self.api_server,
            policy=plan.policy,
            slots=16,
            tell=self._record_at,
            asked=self._asked,
            met=self._met,
            ended=self._ended,
        )
        self.replicas = [
            Replica(self, number, boot=self._boot, changed=self._able_changed, died=self._died)
            for number in range(plan.replicas)
        ]
        self._daemons: dict[Process, Daemon] = {}
        self._lost: dict[int, Trouble] = {}
        self.terminal = Terminal(
            self.loop,
            zoho=self.zoho,
            road=self.road,
            policy=plan.policy,
            asked=self.conduct.asked_by_a_person,
            met=self.conduct.met_by_a_person,
        )
        self.people = People(plan, zoho=self.zoho, vault=self.vault)
        self.people.start()
        self._jobs = Jobs(self, see=self._see, promise=self.promise)

    def _between_instants(self) -> None:
        for daemon in self._daemons.values():
            if daemon.touched and not daemon.process.dead:
                self.guarded(self.conduct.look, daemon)
                daemon.arm()

    # --- what the world hears ----------------------------------------------------------------------------------

    def _boot(self, machine: Machine, name: str, number: int) -> Daemon:
        shard = Shard.from_ordinal(number, self.plan.shards)
        daemon = Daemon(self.surroundings, machine, name=name, rng=self.rng, shard=shard)
        self._daemons[daemon.process] = daemon
        self.promise.grant(machine.seconds_lost())
        return daemon

    def _died(self, daemon: Daemon) -> None:
        """A refresh token that Zoho changed and Vault has not taken is lost with its process: a person consents."""
        for name in daemon.fleet.names:
            if daemon.fleet[name].rotation and not self.zoho.is_good(self.people.refresh_token_of(name)):
                trouble = self.troubles.begin("a changed refresh token was lost with its process", [name])
                self.after(self.rng.uniform(60, 3600), self._consent_again, name, trouble)

    def _consent_again(self, name: str, trouble: Trouble) -> None:
        self.people.consent_again(self.people.sharers(name))
        self.troubles.end(trouble)

    def alive(self) -> list[Daemon]:
        """Every daemon that runs, be it paused."""
        return [each for each in self._daemons.values() if not each.process.dead]

    def _able_changed(self) -> None:
        for shard in range(self.plan.shards):
            group = [replica for replica in self.replicas if replica.number % self.plan.shards == shard]
            able, lost = any(replica.able for replica in group), self._lost.get(shard)
            if able and lost is not None:
                self.troubles.end(self._lost.pop(shard))
            elif not able:
                # A process that only starts again has no wait to sit out; one that was cut off has.
                simply = self.plan.replicas == self.plan.shards and not any(replica.hindered for replica in group)
                recovery = A_START if simply else RECOVERY
                if lost is None:
                    names = self.plan.of_shard(shard)
                    self._lost[shard] = lost = self.troubles.begin("no replica was able", names, recovery=recovery)
                lost.recovery = max(lost.recovery, recovery)

    def _record_at(self, daemon: Daemon, event: Event) -> None:
        self.journal.note("{}: {}", daemon.process.name, event)
        self.guarded(self.conduct.told, daemon, event)
        if isinstance(event, LeaderElected | LeaderLost):
            self._able_changed()

    def _asked(self, daemon: Daemon, call: Call) -> None:
        self.journal.note("{} asks Zoho for {}", daemon.process.name, call.names)
        self.guarded(self._check_it_leads, daemon)
        self.guarded(lambda: self.conduct.asked(daemon, call, clock_stepped_at=self._stepped_at(daemon)))

    def _check_it_leads(self, daemon: Daemon) -> None:
        leaders = [each for each in self.alive() if each.fleet.term is not None and not each.process.paused]
        if self.plan.elects and any(each is not daemon for each in leaders):
            raise BrokenRule(f"{daemon.process.name} asks Zoho while another process leads")

    def _met(self, daemon: Daemon, call: Call, reply: Reply) -> None:
        self.guarded(self.conduct.met, daemon, call, reply)

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
        self.guarded(self._check_written, path, before, new, process)

    def _check_written(self, path: str, before: Version | None, new: Version, process: Process | None) -> None:
        folder, _, name = path.partition("/")
        fields = new.fields or {}
        # A budget's path holds a fingerprint, which is another one in each run.
        what = "a budget" if folder == "budgets" else path
        self.journal.note("{} is written by {}: version {}", what, process.name if process else "a person", new.number)
        daemon = self._daemons.get(process) if process else None
        if folder == "budgets":
            return
        if folder == "tokens" and process is not None:
            self._check_not_withdrawn(name)
            self.conduct.landed(name, str(fields["access_token"]))
            ahead = (daemon.clock.now() - instant(self.loop.time())).total_seconds() if daemon else 0.0
            self.promise.landed(name, before.fields if before else None, fields, writer_is_ahead=ahead)
        if folder == "credentials" and daemon is not None:
            self._check_rotation(name, (before.fields if before else None) or {}, fields)
        elif daemon is None:
            self._mended(name, folder)

    def _check_not_withdrawn(self, name: str) -> None:
        if self.withdrawn.get(name) and not self.people.refresh_token_of(name):
            raise BrokenRule(f"a token of {name} is published after its grant was revoked")

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
            if folder == "credentials" and self.people.refresh_token_of(each):
                self.withdrawn.pop(each, None)
                if trouble := self._to_correct.pop(each, None):
                    self.troubles.end(trouble)
        self.changed()

    def until_corrected(self, what: str, names: tuple[str, ...]) -> None:
        """From now on until a person corrects it, for these connections."""
        trouble = self.troubles.begin(what, names)
        for name in names:
            self._to_correct[name] = trouble

    def revoke(self, name: str) -> None:
        """A person ends the grant by the command, and consents again after a while."""
        trouble = self.troubles.begin("a person revoked the grant", [name])
        self._to_correct[name] = trouble
        refresh_token = self.people.refresh_token_of(name)
        self.terminal.revoke(name, lambda: self.withdrawn.update({name: refresh_token}))
        self.after(self.rng.uniform(5 * MINUTE, HOUR), self.people.consent_again, (name,))

    def changed(self) -> None:
        """Something in Vault is other than before: discoveries have something to find."""
        for daemon in self.alive():
            daemon.look_for_news()

    def _see(self, path: str) -> Mapping[str, object] | None:
        if self.road.is_ill():
            raise VaultUnreachable("Vault cannot be reached")
        return self.vault.fields(path)

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
        if self.plan.limited_client:
            self.troubles.until("a client's limit lets the first tokens wait", self.loop.time() + HOUR)
        for replica in self.replicas:
            replica.start()
        self._jobs.start()
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
        began, last_fault_at = self.loop.time(), -inf
        while True:
            if self.pending:
                last_fault_at = self.loop.time()
            if not self.plan.is_promised and not self.pending:
                return
            if self.loop.time() > began + _LONGEST_EPISODE * self.plan.lifetime + 3 * HOUR:
                raise BrokenRule(f"all is not well again, although {self.pending} faults have an end")
            # A fault may trouble one replica alone, and no connection: that one has to recover too.
            over_at = max(self.troubles.all_over_at(), last_fault_at)
            if self.pending or over_at == inf:
                await asyncio.sleep(max(30.0, self.plan.lifetime / 20))
            elif self.loop.time() <= over_at + RECOVERY:
                await asyncio.sleep(over_at + RECOVERY + 1.0 - self.loop.time())
            else:
                break
            self._check_all()
        self._check_all()
        for daemon in self.alive():
            if self.plan.is_promised and daemon.fleet.term is not None:
                self.conduct.all_awake(daemon, self.plan.of_shard(self._replica_of(daemon).number))
        self.troubles.forget_before(self.loop.time() - 2 * RECOVERY)

    def _check_all(self) -> None:
        if self.plan.is_promised:
            for name in self.plan.names:
                self.promise.check(name)


Fate = Callable[[World, Random], None]
"""What befalls the world in one episode: it sets things going, and they end by themselves."""
