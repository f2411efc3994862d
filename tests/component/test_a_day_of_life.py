"""The daemon on virtual time: what readers find while Zoho, Vault and people do what they do."""

import asyncio
from datetime import timedelta

import pytest

from tests.support.samples.builders import CRM, HOUR, MINUTE, SALES, SECOND, a_record, secret
from tests.support.stand_ins.fake_zoho import fails, ok, times
from tests.support.stand_ins.world import DISCOVERY_INTERVAL, World, a_world
from zoho_tokend.core.connection import Reason
from zoho_tokend.core.errors import (
    ClientRejected,
    GrantRejected,
    Outcome,
    Throttled,
    VaultLoginRefused,
    ZohoUnavailable,
)
from zoho_tokend.core.events import (
    ClientsUnrestricted,
    Conflicted,
    Discovered,
    DiscoveryEnded,
    IllNamed,
    Parked,
    RefreshCrashed,
    RefreshDeferred,
    Refreshed,
    RefreshFailed,
    RefreshTokenRotated,
    Stopped,
    TokenUnsaved,
    Vanished,
    Woken,
)
from zoho_tokend.core.facts import Limit, State
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES, Policy
from zoho_tokend.engine.clockwork import Command
from zoho_tokend.vault import codec

pytestmark = pytest.mark.looptime

FLOOR = Policy().floor
A_MOMENT = timedelta(seconds=2)
# For days: the fewer sweeps, the sooner they are over.
LEISURELY = Policy(sweep_interval=15 * SECOND)


async def test_a_new_connection_has_a_token_within_a_discovery_interval() -> None:
    async with a_world() as world:
        await world.passes(MINUTE)
        world.connect()
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.life_left() > HOUR - DISCOVERY_INTERVAL - A_MOMENT - SECOND
        assert world.state() is State.FRESH


async def test_a_reader_never_finds_less_than_the_floor_in_a_day() -> None:
    async with a_world(policy=LEISURELY) as world:
        world.connect()
        await world.passes(MINUTE)
        least = HOUR
        for _ in range(24 * 60):
            await world.passes(MINUTE)
            least = min(least, world.life_left())
        assert least >= LEISURELY.floor
        assert len(world.zoho.asked) <= 56


async def test_a_refresh_costs_one_request_to_zoho_and_two_to_vault() -> None:
    async with a_world(running=False) as world:
        world.connect()
        await world.discovery.look()
        await world.refresher.refresh(CRM, Reason.NEW)
        before = len(world.vault.requests)
        await world.refresher.refresh(CRM, Reason.DUE)
        assert len(world.zoho.asked) == 2
        assert world.vault.requests[before:] == [f"credentials/{CRM}", f"tokens/{CRM}"]


async def test_an_outage_of_zoho_shorter_than_the_floor_is_noticed_by_nobody() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(26 * MINUTE)
        world.zoho.script(CRM, fails(ZohoUnavailable()))
        for _ in range(int(FLOOR.total_seconds()) - 1):
            await world.passes(SECOND)
            assert world.life_left() > timedelta()
        world.zoho.script(CRM, ok())
        for _ in range(6 * 60):
            await world.passes(SECOND)
            assert world.life_left() > timedelta()
        assert world.state() is State.FRESH


async def test_an_outage_of_vault_shorter_than_the_floor_is_noticed_by_nobody() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(26 * MINUTE)
        world.vault.down()
        await world.passes(FLOOR - SECOND)
        world.vault.up()
        for _ in range(6 * 60):
            await world.passes(SECOND)
            assert world.life_left() > timedelta()
        assert world.state() is State.FRESH


async def test_what_an_outage_of_vault_made_wait_is_tried_as_soon_as_it_is_seen_to_be_over() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(26 * MINUTE)
        world.vault.down()
        await world.passes(2 * HOUR)
        asked = len(world.zoho.asked)
        assert world.facts().outcome is Outcome.VAULT_UNAVAILABLE
        world.vault.up()
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH
        assert len(world.zoho.asked) == asked + 1


async def test_a_session_that_is_back_is_used_at_once() -> None:
    async with a_world() as world:
        await world.passes(MINUTE)
        world.session.alive = False
        await world.passes(A_MOMENT)
        passes = len(world.all(DiscoveryEnded))
        world.session.alive = True
        await world.passes(A_MOMENT)
        assert len(world.all(DiscoveryEnded)) == passes + 1


async def test_a_token_that_vault_did_not_take_is_written_when_vault_is_back_and_not_issued_again() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.takes[CRM] = 10 * SECOND
        await world.passes(5 * SECOND)
        world.vault.down()
        await world.passes(20 * MINUTE)
        assert world.state() is State.UNSAVED
        assert world.all(TokenUnsaved)
        world.vault.up()
        await world.passes(MINUTE)
        assert world.state() is State.FRESH
        assert len(world.zoho.asked) == 1
        assert world.life_left() == HOUR - (world.clock.now() - world.zoho.asked[0].at)


async def test_a_write_whose_answer_was_lost_is_found_again_as_our_own() -> None:
    async with a_world() as world:
        world.connect()
        world.vault.lose_next_answer()
        await world.passes(10 * SECOND)
        assert world.state() is State.FRESH
        assert world.facts().version == 1
        assert [event.outcome for event in world.all(Refreshed)] == [Outcome.SUCCESS]
        assert len(world.zoho.asked) == 1


async def test_a_later_token_of_another_writer_is_adopted() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.takes[CRM] = 10 * SECOND
        await world.passes(5 * SECOND)
        theirs = dict(_token_fields(world, issued_in=MINUTE))
        world.vault.put(f"tokens/{CRM}", **theirs)
        await world.passes(MINUTE)
        assert world.all(Conflicted)
        assert [event.outcome for event in world.all(Refreshed)] == [Outcome.ADOPTED]
        assert world.vault.fields(f"tokens/{CRM}")["access_token"] == theirs["access_token"]


async def test_an_earlier_token_of_another_writer_is_replaced_by_our_later_one() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.takes[CRM] = 10 * SECOND
        await world.passes(5 * SECOND)
        theirs = _token_fields(world, issued_in=-MINUTE)
        world.vault.put(f"tokens/{CRM}", **theirs)
        await world.passes(MINUTE)
        assert [event.outcome for event in world.all(Refreshed)] == [Outcome.SUCCESS]
        assert world.vault.fields(f"tokens/{CRM}")["access_token"] != theirs["access_token"]
        assert world.facts().version == 2


async def test_a_dead_grant_is_parked_after_two_answers_and_its_token_left_alone() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(A_MOMENT)
        token = world.vault.fields(f"tokens/{CRM}")
        world.zoho.script(CRM, fails(GrantRejected()))
        await world.passes(40 * MINUTE)
        assert world.state() is State.NEEDS_CONSENT
        assert len(world.all(Parked)) == 1
        assert len(world.zoho.asked) == 5
        assert world.vault.fields(f"tokens/{CRM}") == token


async def test_a_parked_connection_is_left_alone_for_hours_then_probed_once() -> None:
    async with a_world(policy=LEISURELY) as world:
        world.zoho.script(CRM, fails(GrantRejected()))
        world.connect()
        await world.passes(5 * HOUR)
        assert len(world.zoho.asked) == 2
        await world.passes(1.5 * HOUR)
        assert len(world.zoho.asked) == 3


async def test_a_parked_connection_wakes_when_its_credential_changes() -> None:
    async with a_world() as world:
        world.zoho.script(CRM, times(2, fails(GrantRejected())), ok())
        world.connect()
        await world.passes(HOUR)
        world.connect(refresh_token=secret("consented again").reveal())
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.all(Woken)
        assert world.state() is State.FRESH
        assert world.zoho.asked[-1].refresh_token == secret("consented again").reveal()


async def test_a_credential_that_is_corrected_while_its_rejection_is_in_doubt_is_tried_soon() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, fails(GrantRejected()), ok())
        await world.passes(A_MOMENT)
        world.connect()
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH
        assert world.all(Parked) == []
        assert len(world.all(Woken)) == 1


async def test_a_credential_that_could_not_be_read_at_the_start_is_known_whole_once_it_is_mended() -> None:
    async with a_world(running=False) as world:
        world.connect(accounts_server="no server", refresh_at="0.3")
        await world.discovery.look()
        world.connect(refresh_at="0.3")
        await world.discovery.look()
        assert world.all(Woken)
        assert world.fleet[CRM].refresh_at == 0.3


async def test_a_parked_connection_wakes_when_its_named_client_changes() -> None:
    async with a_world() as world:
        world.zoho.script(CRM, times(2, fails(ClientRejected())), ok())
        client = {"client_id": "1000.APP", "client_secret": "wrong", "accounts_server": "https://accounts.zoho.eu"}
        world.vault.put("clients/app", **client)
        world.vault.put(f"credentials/{CRM}", client="app", refresh_token=secret("r").reveal())
        await world.passes(HOUR)
        assert world.state() is State.MISCONFIGURED
        world.vault.put("clients/app", **(client | {"client_secret": "right"}))
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH


async def test_a_connection_that_its_client_does_not_name_is_parked_until_it_does() -> None:
    async with a_world() as world:
        client = {"client_id": "1000.APP", "client_secret": "s", "accounts_server": "https://accounts.zoho.eu"}
        world.vault.put("clients/app", **client, connections="sales-*")
        world.vault.put(f"credentials/{CRM}", client="app", refresh_token=secret("r").reveal())
        await world.passes(7 * HOUR)
        facts = world.facts()
        assert (facts.state, facts.outcome) == (State.MISCONFIGURED, Outcome.CLIENT_NOT_ALLOWED)
        assert "'connections' of the client app does not name crm-prod" in str(facts.error)
        assert not world.zoho.asked
        world.vault.put("clients/app", **client, connections="sales-*,crm-prod")
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH


async def test_a_client_that_stops_naming_a_connection_serves_it_no_more() -> None:
    async with a_world() as world:
        client = {"client_id": "1000.APP", "client_secret": "s", "accounts_server": "https://accounts.zoho.eu"}
        world.vault.put("clients/app", **client, connections="*")
        world.vault.put(f"credentials/{CRM}", client="app", refresh_token=secret("r").reveal())
        await world.passes(A_MOMENT)
        world.vault.put("clients/app", **client, connections="sales")
        await world.passes(HOUR)
        assert (world.state(), len(world.zoho.asked)) == (State.MISCONFIGURED, 1)


async def test_clients_that_serve_anybody_are_warned_of_once_at_the_start() -> None:
    async with a_world() as world:
        client = {"client_id": "1000.APP", "client_secret": "s", "accounts_server": "https://accounts.zoho.eu"}
        world.vault.put("clients/open", **client)
        world.vault.put("clients/named", **client, connections="*")
        for name, of in ((CRM, "open"), (SALES, "named")):
            world.vault.put(f"credentials/{name}", client=of, refresh_token=secret(name).reveal())
        await world.passes(10 * MINUTE)
        assert world.all(ClientsUnrestricted) == [ClientsUnrestricted(clients=("open",), count=1)]


async def test_a_throttled_connection_is_not_tried_again_for_ten_minutes() -> None:
    async with a_world() as world:
        world.zoho.script(CRM, fails(Throttled()), ok())
        world.connect()
        await world.passes(9 * MINUTE)
        assert len(world.zoho.asked) == 1
        await world.passes(3 * MINUTE)
        assert len(world.zoho.asked) == 2
        assert world.state() is State.FRESH


async def test_a_throttle_is_never_taken_for_a_dead_credential() -> None:
    async with a_world(policy=LEISURELY) as world:
        world.zoho.script(CRM, fails(Throttled()))
        world.connect()
        await world.passes(24 * HOUR)
        assert not world.all(Parked)


async def test_an_unreadable_credential_is_misconfigured_and_costs_zoho_nothing_while_others_go_on() -> None:
    async with a_world() as world:
        world.connect(CRM, client_secret="")
        world.connect(SALES)
        await world.passes(HOUR)
        assert world.state(CRM) is State.MISCONFIGURED
        assert "client_secret" in str(world.facts(CRM).error)
        assert not world.zoho.asked_for(CRM)
        assert world.state(SALES) is State.FRESH


async def test_a_corrected_credential_is_taken_up_within_a_discovery_interval() -> None:
    async with a_world() as world:
        world.connect(CRM, client_secret="")
        await world.passes(HOUR)
        world.connect(CRM)
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH


async def test_no_issue_is_spent_where_the_token_could_not_be_written() -> None:
    async with a_world() as world:
        world.vault.forbid(f"tokens/{CRM}")
        world.connect()
        await world.passes(HOUR)
        assert world.state() is State.MISCONFIGURED
        assert not world.zoho.asked
        world.vault.allow(f"tokens/{CRM}")
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH


async def test_a_policy_that_is_narrowed_costs_one_issue_and_is_taken_up_again_when_mended() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(A_MOMENT)
        world.vault.forbid(f"tokens/{CRM}")
        await world.passes(5 * HOUR)
        assert len(world.zoho.asked) == 2
        assert world.state() is State.MISCONFIGURED
        world.vault.allow(f"tokens/{CRM}")
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH


async def test_a_forbidden_credential_is_the_trouble_of_its_own_connection_alone() -> None:
    async with a_world() as world:
        world.vault.forbid(f"credentials/{CRM}")
        world.connect(CRM, SALES)
        await world.passes(HOUR)
        assert world.state(CRM) is State.MISCONFIGURED
        assert world.state(SALES) is State.FRESH


async def test_a_deleted_credential_vanishes_and_its_token_is_left_to_expire() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        world.vault.delete(f"credentials/{CRM}")
        await world.passes(HOUR)
        assert world.all(Vanished)
        assert len(world.fleet) == 0
        assert world.has_token()


async def test_an_undeleted_credential_is_a_connection_again() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        world.vault.delete(f"credentials/{CRM}")
        await world.passes(HOUR)
        world.connect()
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH
        assert world.life_left() > FLOOR


async def test_an_outage_of_vault_makes_no_connection_vanish() -> None:
    async with a_world() as world:
        world.connect(CRM, SALES)
        await world.passes(MINUTE)
        world.vault.down()
        await world.passes(5 * MINUTE)
        assert not world.all(Vanished)
        assert len(world.fleet) == 2
        assert world.all(DiscoveryEnded)[-1].error


async def test_an_ill_named_credential_is_reported_once_and_left_alone() -> None:
    async with a_world() as world:
        world.vault.put("credentials/über uns", client_id="x")
        await world.passes(10 * MINUTE)
        assert [event.name for event in world.all(IllNamed)] == ["über uns"]
        assert len(world.fleet) == 0


async def test_the_budget_is_remembered_across_a_restart() -> None:
    async with a_world(lifetime=20 * SECOND) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        assert len(world.zoho.asked) == 8
        vault = world.vault
    async with a_world(lifetime=20 * SECOND) as reborn:
        reborn.vault._records = vault._records
        await reborn.passes(4 * MINUTE)
        assert len(reborn.zoho.asked) == 0


async def test_a_restart_remembers_what_each_connection_spent_of_a_refresh_token_that_they_share() -> None:
    async with a_world(lifetime=20 * SECOND) as world:
        world.connect(CRM, SALES, refresh_token=secret("shared").reveal())
        await world.passes(5 * MINUTE)
        assert {len(world.zoho.asked_for(CRM)), len(world.zoho.asked_for(SALES))} == {4}
        vault = world.vault
    async with a_world(lifetime=20 * SECOND, running=False) as reborn:
        reborn.vault._records = vault._records
        await reborn.discovery.look()
        await reborn.refresher.refresh(CRM, Reason.EXPIRED)
        assert not reborn.zoho.asked


async def test_a_restart_remembers_what_was_spent_by_a_connection_that_is_discovered_while_it_remembers() -> None:
    async with a_world(lifetime=20 * SECOND) as world:
        world.connect(CRM, SALES, refresh_token=secret("shared").reveal())
        await world.passes(5 * MINUTE)
        vault = world.vault
    async with a_world(lifetime=20 * SECOND, running=False) as reborn:
        reborn.vault._records = vault._records
        credential = reborn.vault.fields(f"credentials/{SALES}")
        reborn.vault.delete(f"credentials/{SALES}")
        await reborn.discovery.look()
        reborn.vault.put(f"credentials/{SALES}", **credential)
        reborn.vault.latency = SECOND
        async with asyncio.TaskGroup() as group:
            group.create_task(reborn.discovery.look())
            await asyncio.sleep(4.5)
            await reborn.refresher.refresh(CRM, Reason.EXPIRED)
        assert SALES in reborn.fleet
        assert not reborn.zoho.asked


async def test_a_record_that_may_not_be_read_is_no_trouble_of_another_connection_with_the_same_refresh_token() -> None:
    async with a_world() as world:
        world.connect(CRM, SALES, refresh_token=secret("shared").reveal())
        await world.passes(A_MOMENT)
        vault = world.vault
    async with a_world() as reborn:
        reborn.vault._records = vault._records
        reborn.vault.forbid(f"tokens/{CRM}")
        await reborn.passes(HOUR)
        assert reborn.state(CRM) is State.MISCONFIGURED
        assert reborn.state(SALES) is State.FRESH


async def test_two_connections_with_one_refresh_token_share_its_budget() -> None:
    async with a_world(lifetime=20 * SECOND) as world:
        world.connect(CRM, SALES, refresh_token=secret("shared").reveal())
        await world.passes(9 * MINUTE)
        assert len(world.zoho.asked) == 8


async def test_a_refresh_that_waits_for_its_budget_says_so_once() -> None:
    async with a_world(lifetime=20 * SECOND) as world:
        world.connect()
        await world.passes(5 * MINUTE)
        facts = world.facts()
        assert (facts.deferred_by, facts.budget_remaining) == (Limit.BUDGET, 0)
        assert facts.next_refresh_at
        assert facts.next_refresh_at > world.clock.now()
        (deferred,) = world.all(RefreshDeferred)
        assert (deferred.reason, deferred.until) == (Reason.BUDGET, facts.next_refresh_at)
        await world.passes(facts.next_refresh_at - world.clock.now() + A_MOMENT)
        assert world.facts().deferred_by is None


async def test_refreshes_that_wait_for_their_client_say_so_once_each() -> None:
    names = [ConnectionName(f"crm-{number}") for number in range(20)]
    async with a_world() as world:
        world.connect(*names)
        for name in names:
            world.zoho.script(name, fails(Throttled()))
        await world.passes(15 * MINUTE)
        waiting = {facts.name for facts in world.fleet.facts(world.clock.now()) if facts.deferred_by}
        told = [event.connection for event in world.all(RefreshDeferred) if event.reason == Reason.CLIENT_LIMIT]
        assert waiting
        assert waiting <= set(told)
        assert len(told) == len(set(told))


async def test_a_budget_is_never_passed_in_any_ten_minutes_however_short_the_tokens_live() -> None:
    async with a_world(lifetime=5 * SECOND) as world:
        world.connect()
        await world.passes(2 * HOUR)
        asked = world.zoho.asked_for(CRM)
        assert all(sum(start <= at < start + TEN_MINUTES for at in asked) <= 8 for start in asked)
        assert len(asked) >= 90


async def test_two_throttled_siblings_limit_their_client_and_a_third_is_still_kept_fresh() -> None:
    third = ConnectionName("third")
    async with a_world() as world:
        world.connect(CRM, SALES, third)
        await world.passes(MINUTE)
        world.zoho.script(CRM, fails(Throttled()))
        world.zoho.script(SALES, fails(Throttled()))
        least = HOUR
        for _ in range(180):
            await world.passes(MINUTE)
            least = min(least, world.life_left(third))
        assert least >= FLOOR - 2 * Policy().pace


async def test_a_healthy_connection_never_waits_behind_failing_ones_that_hang() -> None:
    hanging = [ConnectionName(f"hanging-{number}") for number in range(40)]
    async with a_world(places=4) as world:
        for name in hanging:
            world.zoho.script(name, fails(ZohoUnavailable()))
            world.zoho.takes[name] = 30 * SECOND
        world.connect(*hanging)
        await world.passes(10 * MINUTE)
        world.connect(CRM, accounts_server="https://accounts.zoho.com")
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state(CRM) is State.FRESH


async def test_no_more_requests_are_under_way_than_the_concurrency_allows() -> None:
    names = [ConnectionName(f"c{number}") for number in range(50)]
    async with a_world(places=4) as world:
        for name in names:
            world.zoho.takes[name] = SECOND
        world.connect(*names)
        await world.passes(MINUTE)
        assert world.zoho.most_under_way == 4
        assert all(world.state(name) is State.FRESH for name in names)


async def test_a_changed_refresh_token_is_stored_before_the_access_token() -> None:
    async with a_world() as world:
        world.zoho.script(CRM, ok(refresh_token=secret("rotated")), ok())
        world.connect(scope="ZohoCRM.modules.ALL", note="kept")
        await world.passes(A_MOMENT)
        credential = world.vault.fields(f"credentials/{CRM}")
        assert credential["refresh_token"] == secret("rotated").reveal()
        assert credential["note"] == "kept"
        assert world.all(RefreshTokenRotated)[0].stored
        await world.passes(HOUR / 2)
        assert world.zoho.asked[-1].refresh_token == secret("rotated").reveal()


async def test_a_changed_refresh_token_that_vault_did_not_take_is_held_until_it_does() -> None:
    async with a_world() as world:
        world.zoho.script(CRM, ok(refresh_token=secret("rotated")), ok())
        world.zoho.takes[CRM] = 10 * SECOND
        world.connect()
        await world.passes(5 * SECOND)
        world.vault.down()
        await world.passes(10 * MINUTE)
        world.vault.up()
        await world.passes(MINUTE)
        assert world.vault.fields(f"credentials/{CRM}")["refresh_token"] == secret("rotated").reveal()
        assert world.state() is State.FRESH


async def test_a_credential_that_a_person_changed_meanwhile_is_not_overwritten_by_a_rotation() -> None:
    async with a_world() as world:
        world.zoho.script(CRM, ok(refresh_token=secret("rotated")), ok())
        world.zoho.takes[CRM] = 10 * SECOND
        world.connect()
        await world.passes(5 * SECOND)
        world.connect(refresh_token=secret("by hand").reveal())
        await world.passes(MINUTE)
        assert world.vault.fields(f"credentials/{CRM}")["refresh_token"] == secret("by hand").reveal()
        assert not world.all(RefreshTokenRotated)[0].stored


async def test_an_unforeseen_error_backs_one_connection_off_and_leaves_the_others_alone() -> None:
    async with a_world() as world:
        world.zoho.script(CRM, times(2, fails(KeyError("unforeseen"))), ok())
        world.connect(CRM, SALES)
        await world.passes(MINUTE)
        assert [event.kind for event in world.all(RefreshCrashed)] == ["KeyError", "KeyError"]
        assert world.state(CRM) is State.FRESH
        assert world.state(SALES) is State.FRESH


async def test_a_failure_says_why_and_when_it_is_tried_again() -> None:
    async with a_world() as world:
        world.zoho.script(CRM, fails(ZohoUnavailable("accounts.zoho.eu did not answer in time")))
        world.connect()
        await world.passes(A_MOMENT)
        (failure,) = world.all(RefreshFailed)
        assert failure.error == "accounts.zoho.eu did not answer in time"
        assert failure.next_refresh_at == world.facts().next_refresh_at


async def test_a_refresh_of_a_restarted_daemon_waits_for_the_due_time() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(10 * MINUTE)
        vault = world.vault
    async with a_world() as reborn:
        reborn.vault._records = vault._records
        await reborn.passes(A_MOMENT)
        assert not reborn.zoho.asked
        assert reborn.state() is State.FRESH
        assert reborn.all(Discovered)[0].expires_at is not None


async def test_the_stop_ends_and_saves_what_is_under_way_and_starts_nothing_new() -> None:
    async with a_world() as world:
        world.zoho.takes[CRM] = 10 * SECOND
        world.connect()
        await world.passes(A_MOMENT)
        world.connect(SALES)
        world.inbox.put_nowait(Command.DISCOVER)
        world.inbox.put_nowait(Command.STOP)
        await world.passes(MINUTE)
        assert world.has_token(CRM)
        assert not world.zoho.asked_for(SALES)
        assert world.session.closed
        assert world.all(Stopped) == [Stopped(in_flight=0, unsaved=0)]


async def test_the_stop_saves_a_held_token_when_vault_comes_back_within_the_grace() -> None:
    async with a_world() as world:
        world.zoho.takes[CRM] = 3 * SECOND
        world.connect()
        await world.passes(A_MOMENT)
        world.vault.down()
        await world.passes(MINUTE)
        world.inbox.put_nowait(Command.STOP)
        await world.passes(SECOND)
        world.vault.up()
        await world.passes(MINUTE)
        assert world.has_token()
        assert world.all(Stopped) == [Stopped(in_flight=0, unsaved=0)]


async def test_the_stop_takes_45_seconds_at_most_and_says_what_was_lost() -> None:
    async with a_world() as world:
        world.zoho.takes[CRM] = HOUR
        world.connect()
        await world.passes(A_MOMENT)
        begun = world.clock.now()
        world.inbox.put_nowait(Command.STOP)
        while not world.session.closed:
            await world.passes(SECOND)
        assert world.clock.now() - begun <= 46 * SECOND
        assert world.all(Stopped) == [Stopped(in_flight=1, unsaved=0)]


async def test_a_refused_first_login_ends_the_run() -> None:
    async with a_world(running=False) as world:
        world.session.refused = "Vault refuses the login: invalid role"
        world.inbox.put_nowait(Command.KEEP_VAULT_SESSION)
        with pytest.raises(VaultLoginRefused, match="invalid role"):
            async with asyncio.timeout(15):
                await world.runner.run()


async def test_a_vault_that_is_away_at_the_start_is_waited_for() -> None:
    async with a_world() as world:
        world.session.away_for = 5
        world.connect()
        await world.passes(2 * MINUTE)
        assert world.state() is State.FRESH


async def test_a_reload_is_obeyed() -> None:
    async with a_world() as world:
        world.inbox.put_nowait(Command.RELOAD)
        await world.passes(SECOND)
        assert world.reloads == 1


def _token_fields(world: World, *, issued_in: timedelta) -> dict[str, object]:
    return codec.token_fields(a_record(issued_at=world.clock.now() + issued_in))
