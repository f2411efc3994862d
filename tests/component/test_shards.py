"""Processes that share 2,000 connections, on virtual time: some die, some are added, and each keeps its floor."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from tests.support.samples.builders import MINUTE, SECOND
from tests.support.stand_ins.fake_lease import FakeLease
from tests.support.stand_ins.world import World, a_world
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.sharding import Shard

pytestmark = pytest.mark.looptime

LEISURELY = Policy(sweep_interval=15 * SECOND)
FLOOR = LEISURELY.floor
FLEET = [ConnectionName(f"crm-{number}") for number in range(2000)]


class Pods:
    """Daemons that come and go, each at its ordinal, beside the same Vault and the same Zoho."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._leases = [FakeLease() for _ in range(5)]
        self._stops: dict[int, asyncio.Event] = {}
        self._first: World | None = None
        self.worlds: dict[int, World] = {}

    async def start(self, ordinal: int, *, shards: int) -> None:
        """A pod of this ordinal runs."""
        ready: asyncio.Future[World] = asyncio.get_running_loop().create_future()
        self._stops[ordinal] = asyncio.Event()
        self._group.create_task(self._pod(Shard.from_ordinal(ordinal, shards), ready, self._stops[ordinal]))
        self.worlds[ordinal] = await ready
        self._first = self._first or self.worlds[ordinal]

    async def _pod(self, shard: Shard, ready: "asyncio.Future[World]", stop: asyncio.Event) -> None:
        lease = self._leases[shard.number]
        async with a_world(beside=self._first, lease=lease, shard=shard, policy=LEISURELY) as world:
            ready.set_result(world)
            await stop.wait()

    def kill(self, ordinal: int) -> None:
        """The pod is gone without a word."""
        self.worlds.pop(ordinal).die()
        self._stops[ordinal].set()

    async def stop(self, ordinal: int) -> None:
        """The pod leaves in order."""
        world = self.worlds.pop(ordinal)
        self._stops[ordinal].set()
        await asyncio.wait(world.tasks)

    async def stop_all(self) -> None:
        for ordinal in tuple(self.worlds):
            await self.stop(ordinal)

    @property
    def any(self) -> World:
        return next(iter(self.worlds.values()))


async def every_connection_keeps_its_floor(pods: Pods, time: timedelta) -> None:
    """So much time passes, and whoever looks in it, once a minute, finds the floor in every record."""
    for _ in range(int(time / MINUTE)):
        await pods.any.passes(MINUTE)
        shortest = min(FLEET, key=pods.any.life_left)
        assert pods.any.life_left(shortest) >= FLOOR, shortest


def issues(pods: Pods) -> Counter[ConnectionName]:
    return Counter(asked.connection for asked in pods.any.zoho.asked)


async def test_of_four_processes_one_is_killed_and_one_is_added_and_every_connection_keeps_its_floor() -> None:
    async with asyncio.TaskGroup() as group:
        pods = Pods(group)
        await pods.start(0, shards=4)
        pods.any.connect(*FLEET)
        for ordinal in (1, 2, 3):
            await pods.start(ordinal, shards=4)
        await pods.any.passes(2 * MINUTE)
        known = [set(world.fleet.names) for world in pods.worlds.values()]
        assert set.union(*known) == set(FLEET)
        assert sum(map(len, known)) == len(FLEET)
        assert max(map(len, known)) < 600
        await every_connection_keeps_its_floor(pods, 15 * MINUTE)
        pods.kill(2)
        await every_connection_keeps_its_floor(pods, 2 * MINUTE)
        await pods.start(6, shards=4)
        await every_connection_keeps_its_floor(pods, 30 * MINUTE)
        assert pods.worlds[6].leads
        assert set(issues(pods)) == set(FLEET)
        assert max(issues(pods).values()) == 2
        await pods.stop_all()


async def test_from_four_shards_to_five_costs_an_extra_issue_at_most_and_every_connection_keeps_its_floor() -> None:
    """As a StatefulSet does it: the new pod comes, and the old ones are replaced one by one, the highest first."""
    async with asyncio.TaskGroup() as group:
        pods = Pods(group)
        await pods.start(0, shards=4)
        pods.any.connect(*FLEET)
        for ordinal in (1, 2, 3):
            await pods.start(ordinal, shards=4)
        await pods.any.passes(MINUTE)
        await every_connection_keeps_its_floor(pods, 20 * MINUTE)
        await pods.start(4, shards=5)
        for ordinal in (3, 2, 1, 0):
            await pods.stop(ordinal)
            await every_connection_keeps_its_floor(pods, MINUTE)
            await pods.start(ordinal, shards=5)
            await every_connection_keeps_its_floor(pods, MINUTE)
        await every_connection_keeps_its_floor(pods, 10 * MINUTE)
        known = [set(world.fleet.names) for world in pods.worlds.values()]
        assert (len(known), set.union(*known), sum(map(len, known))) == (5, set(FLEET), len(FLEET))
        most = max(issues(pods).values())
        assert most <= 3, "the two that are normal, and an extra one"
        await pods.stop_all()
