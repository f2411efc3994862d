"""Readers say that a token has died before its time: what the daemon does about it, on virtual time."""

from datetime import timedelta

import pytest

from tests.support.samples.builders import CRM, HOUR, MINUTE, SALES, secret
from tests.support.stand_ins.fake_zoho import fails, ok
from tests.support.stand_ins.world import DISCOVERY_INTERVAL, World, a_world
from zoho_tokend.core.consent import Unproven
from zoho_tokend.core.errors import GrantRejected, Throttled, VaultUnavailable
from zoho_tokend.core.events import BackgroundTaskCrashed, Refreshed, ReportAnswered, ReportsProcessed
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import ConnectionName, Published, Secret
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.reports import REST, Verdict
from zoho_tokend.engine.reports import AT_MOST

pytestmark = pytest.mark.looptime

# The fewer sweeps, the sooner the hours are over.
LEISURELY = Policy(sweep_interval=timedelta(seconds=15))
A_PASS = DISCOVERY_INTERVAL + timedelta(seconds=18)


async def token(world: World, name: ConnectionName = CRM) -> Secret:
    """The token that a job reads now."""
    record = await world.published(name)
    assert record
    return record.access_token


async def dies(world: World, name: ConnectionName = CRM) -> Secret:
    """The token that stands in Vault is dead from now on."""
    dead = await token(world, name)
    world.zoho.dead.add(dead)
    return dead


def report(world: World, dead: Secret, name: ConnectionName = CRM) -> None:
    world.vault.put(f"reports/{name}", fingerprint=dead.fingerprint())


def verdicts(world: World) -> list[Verdict]:
    return [event.verdict for event in world.all(ReportAnswered)]


def reasons(world: World) -> list[str]:
    return [event.reason for event in world.all(Refreshed)]


async def test_a_dead_token_is_replaced_within_a_discovery_interval_of_its_report() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        dead = await dies(world)
        report(world, dead)
        await world.passes(A_PASS)
        assert await token(world) != dead
        assert reasons(world) == ["new", "reported"]
        assert verdicts(world) == [Verdict.CONFIRMED]
        assert world.zoho.proved == [dead]


async def test_a_report_is_gone_once_it_was_answered_and_none_is_answered_twice() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        report(world, await token(world))
        await world.passes(HOUR)
        assert verdicts(world) == [Verdict.REFUTED]
        assert "reports/crm-prod" not in world.vault._records


async def test_a_token_that_proves_alive_stays() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        living = await token(world)
        report(world, living)
        await world.passes(A_PASS)
        assert await token(world) == living
        assert len(world.zoho.asked) == 1


async def test_a_token_that_was_found_alive_and_dies_later_is_replaced_all_the_same() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(2 * MINUTE)
        report(world, await token(world))
        await world.passes(A_PASS)
        dead = await dies(world)
        report(world, dead)
        await world.passes(REST + A_PASS)
        assert await token(world) != dead
        assert verdicts(world) == [Verdict.REFUTED, Verdict.CONFIRMED]


async def test_forged_reports_cost_nothing_at_zoho() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(2 * MINUTE)
        for number in range(100):
            report(world, secret(f"forged {number}"))
            await world.passes(timedelta(seconds=10))
        assert set(verdicts(world)) == {Verdict.STALE}
        assert world.zoho.proved == []
        assert len(world.zoho.asked) == 1


async def test_a_stale_report_costs_nothing_at_zoho() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(MINUTE)
        old = await dies(world)
        await world.passes(HOUR / 2)
        report(world, old)
        await world.passes(A_PASS)
        assert verdicts(world) == [Verdict.STALE]
        assert world.zoho.proved == []


@pytest.mark.parametrize("fields", [{}, {"fingerprint": 7}, {"fingerprint": ""}, {"token": "x"}])
async def test_what_is_no_report_is_dismissed_as_stale(fields: dict[str, object]) -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(MINUTE)
        world.vault.put("reports/crm-prod", **fields)
        await world.passes(A_PASS)
        assert verdicts(world) == [Verdict.STALE]
        assert "reports/crm-prod" not in world.vault._records


async def test_a_living_token_that_is_reported_all_the_time_is_proved_once_in_ten_minutes() -> None:
    async with a_world(policy=LEISURELY, reports=True, lifetime=10 * HOUR) as world:
        world.connect()
        await world.passes(MINUTE)
        for _ in range(360):
            report(world, await token(world))
            await world.passes(timedelta(seconds=10))
        assert HOUR / REST <= len(world.zoho.proved) <= HOUR / REST + 1
        assert len(world.zoho.asked) == 1


async def test_a_flood_over_a_whole_fleet_costs_vault_the_same_in_each_pass_and_everybody_has_a_turn() -> None:
    names = [ConnectionName(f"c{number:03}") for number in range(3 * AT_MOST)]
    async with a_world(policy=LEISURELY, reports=True, lifetime=10 * HOUR) as world:
        world.connect(*names)
        await world.passes(MINUTE)
        before = len(world.vault.requests)
        for name in names:
            report(world, secret("forged"), name)
        await world.passes(A_PASS)
        asked = [path for path in world.vault.requests[before:] if path.startswith("reports/")]
        assert len(asked) <= 2 * 2 * AT_MOST
        await world.passes(3 * A_PASS)
        assert {event.connection for event in world.all(ReportAnswered)} == set(names)


async def test_a_report_on_what_is_no_connection_of_ours_is_not_even_read() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(MINUTE)
        report(world, secret("x"), SALES)
        await world.passes(A_PASS)
        assert "reports/sales" not in world.vault.requests
        assert verdicts(world) == []


async def test_replacements_that_are_reported_dead_at_once_stay_within_the_budget() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(MINUTE)
        for _ in range(60):
            report(world, await dies(world))
            await world.passes(timedelta(seconds=15))
        asked = world.zoho.asked_for(CRM)
        limit = Policy().issues_per_ten_minutes
        for first, last in zip(asked, asked[limit:], strict=False):
            assert last - first >= 10 * MINUTE
        assert len(asked) > limit


async def test_a_connection_that_waits_for_zoho_is_not_asked_about() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        dead = await dies(world)
        world.zoho.script(CRM, fails(Throttled()))
        report(world, dead)
        await world.passes(A_PASS)
        assert world.state() is State.THROTTLED
        tries, proofs = len(world.zoho.asked), len(world.zoho.proved)
        report(world, dead)
        await world.passes(2 * MINUTE)
        assert (len(world.zoho.asked), len(world.zoho.proved)) == (tries, proofs)
        world.zoho.script(CRM, ok())
        await world.passes(12 * MINUTE)
        assert await token(world) != dead
        assert verdicts(world) == [Verdict.CONFIRMED, Verdict.STALE]


async def test_a_parked_connection_is_not_asked_about() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        world.zoho.script(CRM, fails(GrantRejected()))
        dead = await dies(world)
        report(world, dead)
        await world.passes(3 * MINUTE)
        assert world.state() is State.NEEDS_CONSENT
        proofs = len(world.zoho.proved)
        report(world, dead)
        await world.passes(10 * MINUTE)
        assert len(world.zoho.proved) == proofs
        assert verdicts(world) == [Verdict.CONFIRMED]


async def test_an_api_that_is_away_proves_nothing_and_the_token_stays() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        world.zoho.proof_of_the_living = Unproven("the API is away")
        living = await token(world)
        report(world, living)
        await world.passes(A_PASS)
        assert await token(world) == living
        assert verdicts(world) == [Verdict.UNPROVEN]


async def test_a_token_that_was_replaced_while_it_was_proved_is_not_replaced_twice() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(25 * MINUTE)
        dead = await dies(world)
        world.zoho.proof_takes = 10 * MINUTE
        report(world, dead)
        await world.passes(15 * MINUTE)
        assert verdicts(world) == [Verdict.CONFIRMED]
        assert reasons(world) == ["new", "due"]


@pytest.mark.parametrize("error", [VaultUnavailable("unreadable"), RecursionError("nested too deep")], ids=repr)
async def test_a_report_that_cannot_be_read_is_dismissed_and_costs_no_other(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    names = [ConnectionName(f"crm-{number:02}") for number in range(24)]
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect(*names)
        await world.passes(5 * MINUTE)
        read = world.vault.report

        async def fail(name: ConnectionName) -> str | None:
            if name == names[0]:
                raise error
            return await read(name)

        monkeypatch.setattr(world.vault, "report", fail)
        dead = {name: await dies(world, name) for name in names}
        for name in names:
            report(world, dead[name], name)
        await world.passes(A_PASS)
        assert {name for name in names if await token(world, name) == dead[name]} == {names[0]}
        assert not [path for path in world.vault._records if path.startswith("reports/")]
        assert world.all(BackgroundTaskCrashed) or "unreadable" in str(world.all(ReportsProcessed)[-1].error)


async def test_a_token_record_that_cannot_be_read_costs_its_own_report_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect(CRM, SALES)
        await world.passes(5 * MINUTE)
        read = world.vault.published

        async def fail(name: ConnectionName) -> Published:
            if name == CRM:
                raise OverflowError("date value out of range")
            return await read(name)

        dead = {name: await dies(world, name) for name in (CRM, SALES)}
        monkeypatch.setattr(world.vault, "published", fail)
        for name in (CRM, SALES):
            report(world, dead[name], name)
        await world.passes(A_PASS)
        assert {event.connection for event in world.all(ReportAnswered)} == {SALES}
        assert "reports/crm-prod" not in world.vault._records


async def test_a_vault_that_is_away_leaves_reports_for_later_and_an_event_says_so() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        dead = await dies(world)
        report(world, dead)
        world.vault.down()
        await world.passes(A_PASS)
        assert world.all(ReportsProcessed)[-1].error == "no connection to Vault"
        world.vault.up()
        await world.passes(A_PASS)
        assert world.all(ReportsProcessed)[-1].error is None
        assert await token(world) != dead


async def test_a_policy_without_reports_is_told_and_refreshes_go_on() -> None:
    async with a_world(policy=LEISURELY, reports=True) as world:
        world.vault.forbid("reports")
        world.connect()
        await world.passes(2 * HOUR)
        assert "denies reports" in str(world.all(ReportsProcessed)[-1].error)
        assert world.state() is State.FRESH


async def test_nobody_is_heeded_unless_it_is_switched_on() -> None:
    async with a_world(policy=LEISURELY) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        dead = await dies(world)
        report(world, dead)
        await world.passes(10 * MINUTE)
        assert await token(world) == dead
        assert "reports/crm-prod" not in world.vault.requests
