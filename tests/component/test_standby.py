"""Daemons that elect one of them, on virtual time: what readers find, and what it costs, while leaders come and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.support.samples.builders import CRM, HOUR, MINUTE, SECOND
from tests.support.stand_ins.fake_lease import FakeLease
from tests.support.stand_ins.world import TERMS, World, a_world
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.events import (
    ElectionTroubled,
    Followed,
    LeaderElected,
    LeaderLost,
    LeaderSeen,
    Refreshed,
    RefreshFailed,
)
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import Policy
from zoho_tokend.engine.clockwork import Command

pytestmark = pytest.mark.looptime

FLOOR = Policy().floor
A_MOMENT = timedelta(seconds=5)
# Between the refreshes at about half past and at about the hour.
QUIET = timedelta(minutes=40)
# For hours: the fewer sweeps, the sooner they are over.
LEISURELY = Policy(sweep_interval=15 * SECOND)
FLEET = [ConnectionName(f"crm-{number}") for number in range(20)]


@asynccontextmanager
async def two_worlds(policy: Policy | None = None) -> AsyncIterator[tuple[World, World]]:
    """The leader, and the standby beside it, after a moment."""
    lease = FakeLease()
    async with a_world(lease=lease, policy=policy) as leader:
        await leader.passes(A_MOMENT)
        async with a_world(beside=leader, lease=lease, policy=policy) as standby:
            await standby.passes(A_MOMENT)
            yield leader, standby


async def until(world: World, request: str, *, within: timedelta = HOUR) -> timedelta:
    """How long it takes until the world leads."""
    begun = world.clock.now()
    while not world.leads:
        await world.passes(timedelta(milliseconds=10))
        assert world.clock.now() < begun + within, request
    return world.clock.now() - begun


async def until_elected(world: World) -> timedelta:
    return await until(world, "it is elected")


# --- standing by


async def test_a_standby_is_logged_in_and_knows_the_connections_and_starts_no_refresh() -> None:
    async with two_worlds(LEISURELY) as (leader, standby):
        leader.connect(*FLEET)
        await leader.passes(HOUR)
        assert (leader.leads, standby.leads) == (True, False)
        assert standby.session.alive
        assert standby.discovery.complete
        assert set(standby.fleet.names) == set(FLEET)
        assert standby.all(Refreshed) == []
        assert len(leader.zoho.asked) == len(leader.all(Refreshed))
        assert standby.all(LeaderSeen) == [LeaderSeen(holder=leader.leadership.holder or "")]


async def test_a_standby_sees_what_the_leader_publishes() -> None:
    async with two_worlds(LEISURELY) as (leader, standby):
        leader.connect()
        for _ in range(4):
            await leader.passes(20 * MINUTE)
            assert standby.facts().version >= leader.facts().version - 1
            assert standby.state() is State.FRESH
        assert len(standby.all(Followed)) >= 2


async def test_a_standby_asks_vault_no_more_often_than_the_leader() -> None:
    async with two_worlds(LEISURELY) as (leader, standby):
        leader.connect(*FLEET)
        await leader.passes(HOUR)
        leader.background_tasks[Command.DISCOVER] = standby.background_tasks[Command.DISCOVER] = (
            _nothing  # not what is counted here
        )
        path = f"tokens/{FLEET[0]}"
        before = leader.vault.requests.count(path)
        versions = leader.facts(FLEET[0]).version
        await leader.passes(HOUR)
        refreshes = leader.facts(FLEET[0]).version - versions
        assert refreshes >= 2
        assert leader.vault.requests.count(path) - before <= 2 * refreshes + 2


async def _nothing() -> None:
    return None


# --- the leader dies, or leaves


async def test_a_standby_begins_within_one_lease_duration_after_the_leader_died() -> None:
    for number in range(8):
        async with two_worlds() as (leader, standby):
            await leader.passes(timedelta(milliseconds=271 * number))
            leader.die()
            assert await until_elected(standby) <= TERMS.lease + SECOND / 10


async def test_a_standby_begins_within_two_seconds_after_the_leader_left_in_order() -> None:
    for number in range(8):
        async with two_worlds() as (leader, standby):
            await leader.passes(timedelta(milliseconds=271 * number))
            leader.inbox.put_nowait(Command.STOP)
            assert await until_elected(standby) <= timedelta(seconds=2)
            assert [lost.reason for lost in leader.all(LeaderLost)] == ["the process stops"]


async def test_readers_and_zoho_notice_nothing_of_leaders_that_die_one_after_another() -> None:
    lease = FakeLease()
    async with a_world(lease=lease, policy=LEISURELY) as first, asyncio.TaskGroup() as group:
        first.connect(*FLEET)
        await first.passes(QUIET)
        worlds = [first]
        stop = asyncio.Event()
        for _ in range(6):
            ready: asyncio.Future[World] = asyncio.get_running_loop().create_future()
            group.create_task(_beside(first, lease, ready, stop))
            worlds.append(await ready)
            await first.passes(7 * MINUTE)
            worlds[-2].die()
            await first.passes(7 * MINUTE)
            assert worlds[-1].leads
            assert min(first.life_left(name) for name in FLEET) >= FLOOR
        stop.set()
    per_connection = [len(first.zoho.asked_for(name)) for name in FLEET]
    alone = (QUIET + 6 * 14 * MINUTE) / (27 * MINUTE) + 1
    assert max(per_connection) <= alone


async def _beside(first: World, lease: FakeLease, ready: "asyncio.Future[World]", stop: asyncio.Event) -> None:
    async with a_world(beside=first, lease=lease, policy=LEISURELY) as world:
        ready.set_result(world)
        await stop.wait()


async def test_a_new_leader_does_not_issue_again_what_the_last_one_published_just_before_its_death() -> None:
    async with two_worlds() as (leader, standby):
        leader.connect()
        await leader.passes(MINUTE)
        due_at = leader.facts().next_refresh_at
        assert due_at is not None
        await leader.passes(due_at - leader.clock.now() + 2 * SECOND)
        assert len(leader.zoho.asked) == 2
        leader.die()
        await until_elected(standby)
        await standby.passes(MINUTE)
        assert len(standby.zoho.asked) == 2
        assert len(standby.all(Followed)) > 0


async def test_a_new_leader_knows_the_budget_that_the_last_one_has_spent() -> None:
    lease, lifetime = FakeLease(), 2 * MINUTE
    async with a_world(lease=lease, lifetime=lifetime) as leader:
        leader.connect()
        async with a_world(beside=leader, lease=lease, lifetime=lifetime) as standby:
            await leader.passes(6 * MINUTE)
            leader.die()
            await standby.passes(20 * MINUTE)
        asked = standby.zoho.asked_for(CRM)
        for at in asked:
            assert sum(at <= other < at + 10 * MINUTE for other in asked) <= standby.fleet.policy.issues_per_ten_minutes


# --- the leader is cut off


async def test_a_leader_that_is_cut_off_from_the_cluster_stops_before_another_begins() -> None:
    async with two_worlds() as (leader, standby):
        leader.line.cut = True
        while not standby.leads:
            assert leader.leads + standby.leads <= 1
            await leader.passes(timedelta(milliseconds=10))
        assert not leader.leads
        assert [lost.reason for lost in leader.all(LeaderLost)] == ["the lease was not renewed before the deadline"]
        assert len(leader.all(ElectionTroubled)) == 1


async def test_no_refresh_is_begun_once_the_renew_deadline_has_passed() -> None:
    async with two_worlds() as (leader, standby):
        standby.die()
        leader.line.cut = True
        await leader.passes(TERMS.renew_deadline)
        leader.connect(*FLEET)
        await leader.passes(HOUR)
        assert leader.zoho.asked == []


async def test_a_refresh_whose_credential_came_after_the_renew_deadline_asks_nothing_of_zoho() -> None:
    async with two_worlds() as (leader, standby):
        standby.die()
        leader.connect()
        leader.line.cut = True
        leader.vault.latency = timedelta(seconds=4)
        await leader.passes(HOUR)
        assert "credentials/crm-prod" in leader.vault.requests
        assert leader.zoho.asked == []


async def test_a_leader_that_lost_the_lease_ends_and_saves_what_is_under_way() -> None:
    async with two_worlds() as (leader, standby):
        leader.zoho.takes[CRM] = 20 * SECOND
        leader.connect()
        while not leader.zoho.asked:
            await leader.passes(SECOND)
        leader.line.cut = True
        standby.die()
        await leader.passes(MINUTE)
        assert not leader.leads
        assert [refreshed.outcome for refreshed in leader.all(Refreshed)] == [Outcome.SUCCESS]
        assert leader.life_left() > HOUR - 2 * MINUTE


async def test_a_leader_that_lost_the_lease_still_saves_what_vault_did_not_take() -> None:
    async with two_worlds() as (leader, standby):
        standby.die()
        leader.connect()
        leader.zoho.takes[CRM] = 5 * SECOND
        while not leader.zoho.asked:
            await leader.passes(SECOND)
        leader.vault.down()
        await leader.passes(MINUTE)
        assert leader.state() is State.UNSAVED
        leader.line.cut = True
        await leader.passes(MINUTE)
        leader.vault.up()
        await leader.passes(5 * MINUTE)
        assert not leader.leads
        assert leader.has_token()
        assert len(leader.zoho.asked) == 1


async def test_two_leaders_for_a_moment_cost_one_extra_issue_a_connection_at_most() -> None:
    """The one that is cut off has just asked Zoho when its deadline passes, and is answered when another leads."""
    async with two_worlds() as (leader, standby):
        leader.connect(*FLEET)
        await leader.passes(MINUTE)
        due = {name: leader.facts(name).next_refresh_at for name in FLEET}
        before = {name: len(leader.zoho.asked_for(name)) for name in FLEET}
        leader.zoho.takes.update(dict.fromkeys(FLEET, 25 * SECOND))
        first_due = min(moment for moment in due.values() if moment)
        await leader.passes(first_due - leader.clock.now() - 2 * SECOND)
        leader.line.cut = True
        await leader.passes(10 * MINUTE)
        assert standby.leads
        extra = [len(leader.zoho.asked_for(name)) - before[name] - 1 for name in FLEET]
        assert max(extra) == 1, "the two never overlapped, so this shows nothing"
        assert min(extra) == 0
        assert min(leader.life_left(name) for name in FLEET) >= FLOOR
        assert leader.all(RefreshFailed) == standby.all(RefreshFailed) == []


async def test_a_cut_that_ends_before_the_deadline_changes_nothing() -> None:
    async with two_worlds(LEISURELY) as (leader, standby):
        leader.line.cut = True
        await leader.passes(TERMS.renew_deadline / 2)
        leader.line.cut = False
        await leader.passes(HOUR)
        assert leader.leads
        assert len(leader.all(LeaderElected)) == 1
        assert standby.all(LeaderElected) == []


async def test_a_leader_whose_renewal_landed_and_was_not_answered_goes_on_leading() -> None:
    async with two_worlds() as (leader, standby):
        for _ in range(10):
            leader.line.lose_next_answer()
            await leader.passes(timedelta(seconds=7))
        assert leader.leads
        assert len(leader.all(LeaderElected)) == 1
        assert standby.all(LeaderElected) == []


async def test_a_leader_that_leaves_while_the_cluster_is_away_does_not_wait_for_it() -> None:
    async with two_worlds() as (leader, standby):
        standby.die()
        leader.line.cut = True
        leader.inbox.put_nowait(Command.STOP)
        await leader.passes(TERMS.request_timeout + SECOND)
        assert leader.session.closed
        assert leader.line.closed
