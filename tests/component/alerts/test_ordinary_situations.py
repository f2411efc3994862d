"""What happens every week, with the real core on virtual time: nobody is called for it.

A daemon is scraped while it happens, and promtool evaluates the shipped rules over all that was scraped. That alerts do
fire in the same harness is shown beside it, in ``test_troubles.py``.
"""

import pytest

from tests.support.samples.builders import CRM, HOUR, MINUTE, SALES, SECOND, secret
from tests.support.stand_ins.fake_zoho import fails, ok, times
from tests.support.stand_ins.scraped_history import LEISURELY, MANY, History, Replica, a_daemon
from tests.support.stand_ins.world import a_world
from zoho_tokend.core.errors import GrantRejected, Throttled, ZohoUnavailable
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.telemetry.connection_series import PerConnection

pytestmark = pytest.mark.looptime

NeedsConsent = ("ZohoConnectionNeedsConsent", CRM)


async def test_hours_without_trouble(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.connect(CRM, SALES)
        await history.passes(2 * HOUR, daemon)
    assert history.fired() == set()


async def test_a_daemon_that_has_no_connection_yet(history: History) -> None:
    async with a_daemon() as daemon:
        await history.passes(HOUR / 2, daemon)
    assert history.fired() == set()


async def test_a_deploy_that_replaces_the_only_replica(history: History) -> None:
    async with a_daemon(instance="old") as old:
        old.world.connect(*MANY)
        await history.passes(HOUR, old)
    await history.passes(2 * MINUTE)
    async with a_daemon(old.world, instance="new") as new:
        await history.passes(HOUR, new)
    assert history.fired() == set()


async def test_a_change_of_the_leader_with_a_standby_that_knows_only_what_it_saw_at_its_start(history: History) -> None:
    async with a_daemon(instance="a") as first:
        first.world.connect(*MANY)
        await history.passes(MINUTE, first)
        async with a_world(policy=LEISURELY, running=False) as idle:
            idle.vault._records = first.world.vault._records
            await idle.discovery.look()
            standby = Replica(idle, "b", leading=False)
            await history.passes(100 * MINUTE, first, standby)
            assert {facts.state for facts in idle.fleet.facts(idle.clock.now())} == {State.EXPIRED}
            standby.leading = True
            await history.passes(MINUTE, first, standby)
            first.leading = False
    async with a_daemon(first.world, instance="b") as second:
        await history.passes(HOUR, first, second)
    assert history.fired() == set()


async def test_one_throttle(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.zoho.script(CRM, ok(), fails(Throttled()), ok())
        daemon.world.connect(CRM, SALES)
        await history.passes(2 * HOUR, daemon)
        assert len(daemon.world.zoho.asked_for(CRM)) > 3
    assert history.fired() == set()


@pytest.mark.parametrize("breaking_off", [0, 20])
async def test_an_outage_of_zoho_for_half_of_the_floor(history: History, breaking_off: int) -> None:
    """It begins at any moment of a token's life; the worst is just before the refresh."""
    async with a_daemon() as daemon:
        daemon.world.connect(*MANY)
        await history.passes((60 + breaking_off) * MINUTE, daemon)
        for name in MANY:
            daemon.world.zoho.script(name, fails(ZohoUnavailable()))
        await history.passes(LEISURELY.floor / 2, daemon)
        for name in MANY:
            daemon.world.zoho.script(name, ok())
        await history.passes(HOUR, daemon)
    assert history.fired() == set()


async def test_an_outage_of_zoho_for_less_than_three_quarters_of_the_floor_pages_nobody(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.connect(*MANY)
        await history.passes(80 * MINUTE, daemon)
        for name in MANY:
            daemon.world.zoho.script(name, fails(ZohoUnavailable()))
        await history.passes(LEISURELY.floor * 0.7, daemon)
        for name in MANY:
            daemon.world.zoho.script(name, ok())
        await history.passes(HOUR, daemon)
    assert {name for name, _ in history.fired()} <= {"ZohoTokenRefreshLate", "ZohoFleetFailing"}


async def test_a_new_connection(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.connect(CRM)
        await history.passes(10 * MINUTE, daemon)
        daemon.world.connect(*MANY)
        await history.passes(HOUR, daemon)
    assert history.fired() == set()


@pytest.mark.parametrize("others", [[], MANY], ids=["the only one", "one of many"])
async def test_a_removed_connection(history: History, others: list[ConnectionName]) -> None:
    async with a_daemon() as daemon:
        daemon.world.connect(CRM, *others)
        await history.passes(10 * MINUTE, daemon)
        daemon.world.vault.delete(f"credentials/{CRM}")
        await history.passes(90 * MINUTE, daemon)
        assert CRM not in daemon.world.fleet
    assert history.fired() == set()


async def test_a_connection_that_is_refreshed_late_by_its_own_wish(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.connect(CRM, refresh_at="0.9")
        daemon.world.connect(SALES)
        await history.passes(2 * HOUR, daemon)
        assert daemon.world.facts().floor < 6 * MINUTE
    assert history.fired() == set()


async def test_a_vault_that_is_away_for_four_minutes_in_the_midst_of_refreshes(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.connect(*MANY)
        await history.passes(28 * MINUTE, daemon)
        daemon.world.vault.down()
        await history.passes(4 * MINUTE, daemon)
        daemon.world.vault.up()
        await history.passes(HOUR, daemon)
    assert history.fired() == set()


async def test_a_person_who_refreshes_beside_the_daemon(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.connect(CRM)
        await history.passes(20 * MINUTE, daemon)
        async with a_daemon(daemon.world) as person:
            await person.world.passes(5 * SECOND)
            await person.world.refresher.refresh(CRM, "on_request")  # type: ignore[arg-type]  # its value
        await history.passes(HOUR, daemon)
        assert daemon.world.vault._current(f"tokens/{CRM}") > 3
    assert history.fired() == set()


async def test_a_small_answer_that_is_lost_now_and_then(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.zoho.script(CRM, ok(), times(2, fails(ZohoUnavailable())), ok(), fails(ZohoUnavailable()), ok())
        daemon.world.connect(CRM, SALES)
        await history.passes(2 * HOUR, daemon)
    assert history.fired() == set()


async def test_a_fleet_whose_connections_have_no_series(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.per_connection = daemon.metrics.per_connection = PerConnection.OFF
        daemon.world.zoho.script(CRM, ok(), fails(GrantRejected()))
        daemon.world.connect(CRM, *MANY)
        await history.passes(2 * HOUR, daemon)
        assert daemon.world.state() is State.NEEDS_CONSENT
    assert history.fired() == set()


class TestATenantThatIsParked:
    """Its alert is acknowledged once, by a silence on its labels."""

    async def test_raises_one_alert_and_no_other_however_long_it_waits(self, history: History) -> None:
        async with a_daemon() as daemon:
            daemon.world.zoho.script(CRM, ok(), fails(GrantRejected()))
            daemon.world.connect(CRM, SALES)
            await history.passes(7 * HOUR, daemon)
            assert len(daemon.world.zoho.asked_for(CRM)) == 8  # the token, six refusals while it lived, and a probe
        assert history.fired() == {NeedsConsent}

    async def test_is_no_news_after_a_deploy_which_forgets_that_it_waits(self, history: History) -> None:
        async with a_daemon(instance="old") as old:
            old.world.zoho.script(CRM, ok(), fails(GrantRejected()))
            old.world.connect(CRM, *MANY)
            await history.passes(2 * HOUR, old)
        await history.passes(MINUTE)
        async with a_daemon(old.world, instance="new") as new:
            await history.passes(20 * MINUTE, new)
        assert history.fired() == {NeedsConsent}
        assert history.fired_without_a_break_for(HOUR) == {NeedsConsent}

    async def test_is_over_five_minutes_after_somebody_has_consented_again(self, history: History) -> None:
        async with a_daemon() as daemon:
            daemon.world.zoho.script(CRM, ok(), fails(GrantRejected()))
            daemon.world.connect(CRM)
            await history.passes(2 * HOUR, daemon)
            daemon.world.zoho.script(CRM, ok())
            daemon.world.connect(CRM, refresh_token=secret("consented again").reveal())
            await history.passes(7 * MINUTE, daemon)
        assert history.fired() == {NeedsConsent}
        assert history.firing() == set()
