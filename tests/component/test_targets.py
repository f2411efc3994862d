"""Second records of tokens follow the first, on virtual time, and never come in their way."""

import asyncio

import pytest

from tests.support.samples.builders import CRM, HOUR, MINUTE, SALES, SECOND
from tests.support.stand_ins.fake_zoho import fails
from tests.support.stand_ins.world import DISCOVERY_INTERVAL, World, a_world
from zoho_tokend.core.errors import Outcome, ZohoUnavailable
from zoho_tokend.core.events import BackgroundTaskCrashed, Refreshed, TargetWritten
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.targets import Shape, Target, TargetRecord, mark_of, parse_target
from zoho_tokend.engine.clockwork import Command

pytestmark = pytest.mark.looptime

AIRFLOW = parse_target("airflow-connection=connections/{connection}")
VARIABLE = parse_target("airflow-variable=variables/{connection}")
BOTH = (AIRFLOW, VARIABLE)
# The fewer sweeps, the sooner the hours are over.
LEISURELY = Policy(sweep_interval=15 * SECOND)
A_MOMENT = 32 * SECOND


def main(world: World, name: ConnectionName = CRM) -> object:
    return world.vault.fields(f"tokens/{name}")["access_token"]


def connection(world: World, name: ConnectionName = CRM) -> object:
    return world.vault.fields(f"connections/{name}")["password"]


def variable(world: World, name: ConnectionName = CRM) -> object:
    return world.vault.fields(f"variables/{name}")["value"]


async def follow(world: World) -> None:
    await world.background_tasks[Command.FOLLOW_TARGETS]()


def errors(world: World) -> list[str]:
    return [event.error for event in world.all(TargetWritten) if event.error]


async def test_every_target_tells_a_new_token_within_a_moment() -> None:
    async with a_world(policy=LEISURELY, targets=BOTH) as world:
        world.connect(CRM, SALES)
        await world.passes(A_MOMENT)
        for name in (CRM, SALES):
            assert connection(world, name) == variable(world, name) == main(world, name)


async def test_targets_follow_every_replacement() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as world:
        world.connect()
        await world.passes(A_MOMENT)
        for _ in range(4 * 4):
            await world.passes(15 * MINUTE)
            assert connection(world) == main(world) or world.life_left() > HOUR - A_MOMENT
        assert len(world.all(Refreshed)) >= 8


async def test_a_refresh_that_is_told_costs_each_target_two_reads_and_one_write() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as world:
        world.connect()
        await world.passes(MINUTE)
        world.background_tasks[Command.DISCOVER] = _nothing  # not what is counted here
        await world.passes(MINUTE)
        before = len(world.vault.requests)
        await world.passes(HOUR / 2)
        assert len(world.all(Refreshed)) == 2
        spent = world.vault.requests[before:]
        refreshed, followed = ["credentials/crm-prod", "tokens/crm-prod"], ["tokens/crm-prod", "connections/crm-prod"]
        assert spent == [*refreshed, "connections/crm-prod", *followed]


async def _nothing() -> None:
    return None


async def test_a_failing_target_never_touches_the_refresh_and_is_told_once_it_can_be() -> None:
    async with a_world(policy=LEISURELY, targets=BOTH) as world:
        world.vault.forbid("connections/crm-prod")
        world.connect()
        await world.passes(2 * HOUR)
        assert world.state() is State.FRESH
        assert {event.outcome for event in world.all(Refreshed)} == {Outcome.SUCCESS}
        assert variable(world) == main(world)
        assert errors(world)
        world.vault.allow("connections/crm-prod")
        await world.passes(5 * MINUTE + A_MOMENT)
        assert connection(world) == main(world)


async def test_a_target_that_stays_forbidden_is_tried_ever_more_seldom() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,), lifetime=10 * HOUR) as world:
        world.vault.forbid("connections/crm-prod")
        world.connect()
        await world.passes(HOUR)
        assert 12 <= len(errors(world)) <= 24


async def test_an_outage_of_vault_leaves_a_target_behind_for_half_a_minute_more_at_most() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as world:
        world.connect()
        while not world.all(Refreshed):
            await world.passes(SECOND)
        world.vault.down()
        await world.passes(20 * MINUTE)
        assert errors(world)
        world.vault.up()
        await world.passes(30 * SECOND + LEISURELY.sweep_interval)
        assert connection(world) == main(world)
        assert len(world.all(Refreshed)) == 1


async def test_a_record_of_somebody_elses_is_never_written_over() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as world:
        world.vault.put("connections/crm-prod", conn_uri="https://example.com")
        world.connect()
        await world.passes(HOUR)
        assert world.vault.fields("connections/crm-prod") == {"conn_uri": "https://example.com"}
        assert errors(world)
        world.vault.delete("connections/crm-prod")
        await world.passes(6 * MINUTE)
        assert connection(world) == main(world)


async def test_a_record_of_our_very_fields_that_we_did_not_write_is_never_written_over() -> None:
    async with a_world(policy=LEISURELY, targets=BOTH) as world:
        world.vault.put("variables/crm-prod", value="a person's own")
        world.connect()
        await world.passes(2 * HOUR)
        assert variable(world) == "a person's own"
        assert "variables/crm-prod" not in world.vault.custom_metadata
        assert errors(world)
        assert connection(world) == main(world)


async def test_a_record_that_somebody_made_anew_in_place_of_ours_is_never_written_over() -> None:
    """With the number of the version that ours had."""
    async with a_world(policy=LEISURELY, targets=(VARIABLE,)) as world:
        world.connect()
        await world.passes(MINUTE)
        world.vault.erase("variables/crm-prod")
        world.vault.put("variables/crm-prod", value="a person's own")
        await world.passes(2 * HOUR)
        assert variable(world) == "a person's own"


async def test_a_token_is_never_written_where_another_connections_stands() -> None:
    async with a_world(policy=LEISURELY, targets=(VARIABLE,)) as world:
        world.connect(SALES)
        await world.passes(MINUTE)
        mark = world.vault.custom_metadata[f"variables/{SALES}"]
        world.vault.put(f"variables/{CRM}", value=main(world, SALES))
        world.vault.custom_metadata[f"variables/{CRM}"] = mark
        world.connect(CRM)
        await world.passes(HOUR)
        assert variable(world, CRM) != main(world, CRM)
        assert errors(world)


async def test_a_record_of_an_earlier_version_is_known_by_the_published_token_and_marked() -> None:
    async with a_world(policy=LEISURELY) as earlier:
        earlier.connect()
        await earlier.passes(MINUTE)
        earlier.vault.put("variables/crm-prod", value=main(earlier))
        async with a_world(policy=LEISURELY, targets=(VARIABLE,), beside=earlier) as world:
            await world.passes(A_MOMENT)
            assert world.vault.custom_metadata["variables/crm-prod"] == mark_of(CRM)
            await world.passes(HOUR)
            assert variable(world) == main(world)
            assert not errors(world)


async def test_a_record_of_an_earlier_version_is_known_by_a_token_that_was_replaced_meanwhile() -> None:
    async with a_world(policy=LEISURELY) as earlier:
        earlier.connect()
        await earlier.passes(MINUTE)
        earlier.vault.put("variables/crm-prod", value=main(earlier))
        await earlier.passes(HOUR)
        assert variable(earlier) != main(earlier)
        async with a_world(policy=LEISURELY, targets=(VARIABLE,), beside=earlier) as world:
            await world.passes(A_MOMENT)
            assert variable(world) == main(world)
            assert world.vault.custom_metadata["variables/crm-prod"] == mark_of(CRM)


async def test_a_policy_that_forbids_the_mark_is_told_and_the_target_follows_all_the_same() -> None:
    async with a_world(policy=LEISURELY, targets=(VARIABLE,)) as world:
        world.vault.forbid("metadata/variables/crm-prod")
        world.connect()
        await world.passes(4 * HOUR)
        assert variable(world) == main(world)
        assert errors(world)
        world.vault.allow("metadata/variables/crm-prod")
        await world.passes(HOUR / 2)
        assert world.vault.custom_metadata["variables/crm-prod"] == mark_of(CRM)


async def test_what_a_crash_left_unmarked_is_marked_after_the_restart() -> None:
    async with a_world(policy=LEISURELY, targets=(VARIABLE,)) as crashed:
        crashed.vault.forbid("metadata/variables/crm-prod")
        crashed.connect()
        await crashed.passes(MINUTE)
        crashed.die()
        crashed.vault.allow("metadata/variables/crm-prod")
        async with a_world(policy=LEISURELY, targets=(VARIABLE,), beside=crashed) as world:
            await world.passes(A_MOMENT)
            assert world.vault.custom_metadata["variables/crm-prod"] == mark_of(CRM)


async def test_a_write_by_another_is_noticed_and_the_record_made_to_tell_the_token_again() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as world:
        world.connect()
        await world.passes(MINUTE)
        world.vault.put("connections/crm-prod", conn_type="http", host="h", password="an older token")
        await world.passes(HOUR / 2 + MINUTE)
        assert connection(world) == main(world)


async def test_after_a_restart_what_tells_the_token_already_is_not_written_again() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as first:
        first.connect()
        await first.passes(MINUTE)
        record = await first.published()
        assert record
        async with a_world(policy=LEISURELY, targets=(AIRFLOW,), running=False) as second:
            second.vault._records, second.vault.custom_metadata = first.vault._records, first.vault.custom_metadata
            await second.discovery.look()
            await follow(second)
            assert connection(second) == main(second)
            found = await second.vault.target_record(AIRFLOW, CRM)
            assert (found.version, found.fingerprint) == (1, record.access_token.fingerprint())


async def test_after_a_restart_a_target_that_is_behind_catches_up_without_a_refresh() -> None:
    async with a_world(policy=LEISURELY) as world:
        world.connect()
        await world.passes(MINUTE)
        async with a_world(policy=LEISURELY, targets=BOTH, running=False) as second:
            second.vault._records = world.vault._records
            await second.discovery.look()
            await follow(second)
            assert connection(second) == variable(second) == main(second)
            assert second.zoho.asked == []


async def test_a_token_that_a_leader_published_and_did_not_copy_is_copied_by_the_next_one() -> None:
    async with a_world(policy=LEISURELY) as leader:
        leader.connect()
        await leader.passes(MINUTE)
        async with a_world(policy=LEISURELY, targets=(AIRFLOW,), running=False) as standby:
            standby.vault._records = leader.vault._records
            await standby.discovery.look()
            await follow(standby)
            await leader.passes(HOUR / 2)
            assert connection(standby) != main(standby)
            await standby.refresher.look(CRM)
            await follow(standby)
            assert connection(standby) == main(standby)
            assert standby.zoho.asked == []


async def test_a_refresh_that_fails_leaves_the_targets_as_they_are() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as world:
        world.connect()
        await world.passes(MINUTE)
        before = connection(world)
        world.zoho.script(CRM, fails(ZohoUnavailable()))
        await world.passes(2 * HOUR)
        assert connection(world) == before


async def test_a_connection_that_is_gone_is_told_no_more() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as world:
        world.vault.forbid("connections/crm-prod")
        world.connect()
        await world.passes(MINUTE)
        world.vault.erase(f"credentials/{CRM}")
        await world.passes(2 * DISCOVERY_INTERVAL)
        before = len(errors(world))
        await world.passes(HOUR)
        assert len(errors(world)) == before


async def test_an_older_token_never_wins_over_a_newer_one() -> None:
    async with (
        a_world(policy=LEISURELY, targets=(AIRFLOW,), running=False) as slow,
        a_world(policy=LEISURELY, targets=(AIRFLOW,), running=False) as fast,
    ):
        slow.vault._records, slow.vault.custom_metadata = fast.vault._records, fast.vault.custom_metadata
        fast.connect()
        for world in (slow, fast):
            await world.discovery.look()
        await slow.refresher.refresh(CRM, slow.fleet[CRM].retry_reason)
        slow.vault.latency = 10 * SECOND  # it reads the first token, and writes it long after
        telling = asyncio.ensure_future(follow(slow))
        await slow.passes(15 * SECOND)
        await fast.refresher.refresh(CRM, fast.fleet[CRM].retry_reason)
        await follow(fast)
        newest = main(fast)
        await telling
        assert connection(fast) == newest
        assert errors(slow)


async def test_an_error_that_nobody_foresaw_is_told_and_neither_refreshes_nor_other_targets_know_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as world:
        found = world.vault.target_record

        async def crash(target: Target, name: ConnectionName) -> TargetRecord:
            if name == CRM:
                raise KeyError(name)
            return await found(target, name)

        monkeypatch.setattr(world.vault, "target_record", crash)
        names = [ConnectionName(f"crm-{number}") for number in range(8)]
        world.connect(CRM, *names)
        await world.passes(2 * HOUR)
        assert {event.task for event in world.all(BackgroundTaskCrashed)} == {"follow-targets"}
        assert 12 <= len(world.all(BackgroundTaskCrashed)) <= 60
        assert world.state() is State.FRESH
        assert all(connection(world, name) == main(world, name) for name in names)


async def test_events_name_the_shape_and_hold_no_token() -> None:
    async with a_world(policy=LEISURELY, targets=(AIRFLOW,)) as world:
        world.connect()
        await world.passes(MINUTE)
        assert world.all(TargetWritten) == [TargetWritten(connection=CRM, target=Shape.AIRFLOW_CONNECTION)]
