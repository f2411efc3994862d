"""What a person is needed for, with the real core on virtual time: it is told, and told once."""

import pytest

from tests.support.samples.builders import CRM, HOUR, MINUTE, SALES
from tests.support.stand_ins.fake_zoho import fails, ok
from tests.support.stand_ins.scraped_history import MANY, History, a_daemon
from zoho_tokend.core.errors import ClientRejected, Throttled, ZohoUnavailable
from zoho_tokend.telemetry.connection_series import PerConnection

pytestmark = pytest.mark.looptime


async def test_an_outage_of_zoho_that_passes_the_floor_is_told_late_then_soon_then_ended(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.zoho.script(CRM, ok(), fails(ZohoUnavailable()))
        daemon.world.connect(CRM, SALES)
        for minutes, alert in ((50, "ZohoTokenRefreshLate"), (6, "ZohoTokenExpiringSoon"), (8, "ZohoTokenExpired")):
            await history.passes(minutes * MINUTE, daemon)
            assert history.firing() == {(alert, CRM)}
        daemon.world.zoho.script(CRM, ok())
        await history.passes(6 * MINUTE, daemon)
    assert history.firing() == set()


async def test_a_fleet_that_fails_is_told_as_one_beside_its_connections(history: History) -> None:
    async with a_daemon() as daemon:
        for name in MANY:
            daemon.world.zoho.script(name, ok(), fails(ZohoUnavailable()))
        daemon.world.connect(*MANY)
        await history.passes(50 * MINUTE, daemon)
    assert history.firing() == {("ZohoFleetFailing", ""), *(("ZohoTokenRefreshLate", name) for name in MANY)}


async def test_without_series_of_their_own_the_promise_of_connections_is_told_for_the_fleet(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.per_connection = daemon.metrics.per_connection = PerConnection.OFF
        daemon.world.zoho.script(CRM, ok(), fails(ZohoUnavailable()))
        daemon.world.connect(CRM, SALES)
        await history.passes(58 * MINUTE, daemon)
    assert history.firing() == {("ZohoPromiseMissed", "")}


async def test_a_second_throttle_in_a_row_is_told(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.zoho.script(CRM, ok(), fails(Throttled()))
        daemon.world.connect(CRM)
        await history.passes(45 * MINUTE, daemon)
    assert history.firing() == {("ZohoConnectionThrottled", CRM)}


async def test_a_client_that_zoho_rejects_and_a_record_that_lacks_a_field_are_told(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.zoho.script(CRM, fails(ClientRejected()))
        daemon.world.connect(CRM)
        daemon.world.connect(SALES, client_secret="")
        await history.passes(10 * MINUTE, daemon)
    assert history.fired() == {("ZohoConnectionMisconfigured", CRM), ("ZohoConnectionMisconfigured", SALES)}


async def test_a_connection_that_never_gets_a_token_is_told(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.zoho.script(CRM, fails(ZohoUnavailable()))
        daemon.world.connect(CRM)
        await history.passes(20 * MINUTE, daemon)
    assert history.fired() == {("ZohoConnectionWithoutToken", CRM)}


async def test_a_vault_that_stays_away_is_told_together_with_what_it_has_not_taken(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.zoho.takes[CRM] = MINUTE / 2
        daemon.world.connect(CRM, SALES)
        await history.passes(MINUTE / 2, daemon)
        daemon.world.vault.down()
        await history.passes(10 * MINUTE, daemon)
        assert history.fired() == {("ZohoTokendVaultUnavailable", ""), ("ZohoTokensUnsaved", "")}
        daemon.world.vault.up()
        await history.passes(6 * MINUTE, daemon)
    assert history.firing() == set()


async def test_a_daemon_that_is_gone_is_told_although_nobody_is_left_to_tell_it(history: History) -> None:
    async with a_daemon() as daemon:
        daemon.world.connect(CRM)
        await history.passes(HOUR / 2, daemon)
    await history.passes(10 * MINUTE)
    assert history.fired() == {("ZohoTokendAbsent", "")}
