"""The daemon where two troubles meet: a restart in an outage, a Vault that limits, a Zoho that is wrong."""

import asyncio
from collections import deque
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.samples.builders import CRM, HOUR, MINUTE, SALES, SECOND, a_record, secret
from tests.support.stand_ins.fake_zoho import Answer, fails, ok, times
from tests.support.stand_ins.world import DISCOVERY_INTERVAL, World, a_world
from zoho_tokend.core.errors import (
    ClientRejected,
    GrantRejected,
    NeverSent,
    Throttled,
    VaultUnavailable,
    ZohoUnavailable,
)
from zoho_tokend.core.events import (
    BackgroundTaskCrashed,
    GrantShared,
    NotDiscovered,
    Parked,
    RefreshCrashed,
    TokenDropped,
    Woken,
)
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import ConnectionName, Credential, Issued
from zoho_tokend.core.policy import TEN_MINUTES, Policy
from zoho_tokend.core.sharding import Shard, shard_of
from zoho_tokend.vault import codec

pytestmark = pytest.mark.looptime

FLOOR = Policy().floor
A_MOMENT = 2 * SECOND
ELSEWHERE = "https://accounts.zoho.com"
AWAY = fails(ZohoUnavailable("Zoho does not answer"))
REFUSES = fails(GrantRejected("invalid_code"))


def names(stem: str, number: int) -> list[ConnectionName]:
    return [ConnectionName(f"{stem}-{each}") for each in range(number)]


def publish(world: World, name: ConnectionName, *, age: timedelta, **fields: object) -> None:
    """A token of that age stands in Vault, as a former process wrote it."""
    issued_at = world.clock.now() - age
    record = a_record(name, issued_at=issued_at, lifetime=HOUR)
    world.vault.put(f"tokens/{name}", **{**codec.token_fields(record), **fields})


async def least_life(world: World, name: ConnectionName, span: timedelta) -> timedelta:
    """The least life that a job finds during that time."""
    least, end = timedelta.max, world.clock.now() + span
    while world.clock.now() < end:
        least = min(least, world.life_left(name))
        await asyncio.sleep(1)
    return least


async def until(world: World, state: State, name: ConnectionName = CRM) -> None:
    while name not in world.fleet or world.state(name) is not state:
        await world.passes(SECOND)


def most_in_ten_minutes(instants: list[datetime]) -> int:
    return max(sum(begun <= at < begun + TEN_MINUTES for at in instants) for begun in instants)


# --- a restart in an outage ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hanging", [10, 100, 1000])
async def test_a_restart_while_one_server_hangs_keeps_no_connection_of_another_waiting(hanging: int) -> None:
    async with a_world() as world:
        for name in names("hangs", hanging):
            world.connect(name)
            publish(world, name, age=50 * MINUTE)
            world.zoho.takes[name] = 30 * SECOND
            world.zoho.script(name, AWAY)
        world.connect(CRM, accounts_server=ELSEWHERE)
        publish(world, CRM, age=29 * MINUTE)
        assert await least_life(world, CRM, 75 * MINUTE) >= FLOOR - MINUTE


async def test_several_hanging_servers_keep_no_connection_of_another_waiting() -> None:
    async with a_world() as world:
        for number, home in enumerate(["eu", "in", "com.au", "jp"]):
            for name in names(f"hangs-{number}", 50):
                world.connect(name, accounts_server=f"https://accounts.zoho.{home}")
                publish(world, name, age=50 * MINUTE)
                world.zoho.takes[name] = 30 * SECOND
                world.zoho.script(name, AWAY)
        world.connect(CRM, accounts_server=ELSEWHERE)
        publish(world, CRM, age=29 * MINUTE)
        assert await least_life(world, CRM, 75 * MINUTE) >= FLOOR - MINUTE


async def test_restarts_in_an_outage_do_not_spend_the_budget_again() -> None:
    async with a_world() as first:
        first.connect()
        first.zoho.script(CRM, AWAY)
        await first.passes(2 * MINUTE)
        for _ in range(3):
            async with a_world(beside=first) as reborn:
                await reborn.passes(2 * MINUTE)
    assert most_in_ten_minutes(first.zoho.asked_for(CRM)) <= 8


async def test_two_shards_that_share_a_refresh_token_keep_its_budget_in_an_outage_and_say_so() -> None:
    a, b = (next(name for name in names("c", 99) if shard_of(name, 2) == number) for number in (0, 1))
    async with a_world(shard=Shard(0, 2)) as one:
        one.connect(a, b, refresh_token="the-same")
        one.zoho.script(a, AWAY)
        one.zoho.script(b, AWAY)
        async with a_world(beside=one, shard=Shard(1, 2)) as other:
            await one.passes(30 * MINUTE)
            assert {shared.others for shared in one.all(GrantShared) + other.all(GrantShared)} <= {(a,), (b,)}
            assert one.all(GrantShared) or other.all(GrantShared)
    assert most_in_ten_minutes([asked.at for asked in one.zoho.asked]) <= 10


async def test_a_request_that_never_left_costs_no_budget() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, fails(NeverSent("cannot be reached")))
        await world.passes(5 * MINUTE)
        assert world.facts().budget_remaining == 8


async def test_a_success_writes_nothing_but_its_token() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(HOUR)
        assert not [path for path in world.vault._records if path.startswith("budgets/")]


async def test_a_failure_costs_one_small_write() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, AWAY)
        await world.passes(5 * MINUTE)
        [budget] = [path for path in world.vault._records if path.startswith("budgets/")]
        assert world.vault._current(budget) <= len(world.zoho.asked)


async def test_a_budget_that_vault_does_not_keep_stops_no_refresh() -> None:
    async with a_world() as world:
        world.connect()
        grant = (await world.vault.credential(CRM)).budget_key
        world.vault.forbid("budgets")
        world.vault.forbid(f"budgets/{grant}")
        world.zoho.script(CRM, times(3, AWAY), ok())
        await world.passes(2 * MINUTE)
        assert world.state() is State.FRESH


async def test_once_zoho_is_well_after_a_long_outage_a_dead_token_is_replaced_within_75_seconds() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        world.zoho.script(CRM, AWAY)
        await world.passes(3 * HOUR)
        world.zoho.script(CRM, ok())
        await world.passes(Policy().pace + A_MOMENT)
        assert world.state() is State.FRESH


# --- a vault that limits, or errs for single paths -------------------------------------------------------------------


def limited(world: World, rate: int) -> None:
    """Vault answers so many requests a second, and tells the others to come back in a second."""
    answered: deque[int] = deque()
    request = world.vault._request

    async def ask(path: str) -> None:
        second = int(world.clock.monotonic())
        while answered and answered[0] != second:
            answered.popleft()
        if len(answered) >= rate:
            await asyncio.sleep(world.vault.latency.total_seconds())
            raise VaultUnavailable("Vault limits the rate of requests (status 429)", retry_after=SECOND)
        answered.append(second)
        await request(path)

    world.vault._request = ask  # type: ignore[method-assign]  # a quota before everything


async def test_a_quota_of_vault_makes_a_restart_no_longer_than_half_again_what_it_dictates() -> None:
    fleet = names("c", 2000)
    async with a_world() as world:
        world.vault.latency = timedelta(milliseconds=2)
        for each, name in enumerate(fleet):
            world.connect(name)
            publish(world, name, age=10 * MINUTE + each * 15 * MINUTE / len(fleet))
        limited(world, 100)
        await world.passes(1.5 * 2 * len(fleet) / 100 * SECOND)
        assert world.discovery.complete
        assert len(world.fleet) == len(fleet)
        assert min(world.life_left(name) for name in fleet) > FLOOR


async def test_a_path_that_vault_cannot_read_costs_that_one_alone() -> None:
    fleet, bad = names("c", 50), ConnectionName("c-0")
    async with a_world() as world:
        request = world.vault._request

        async def ask(path: str) -> None:
            await request(path)
            if path == f"credentials/{bad}":
                raise VaultUnavailable("Vault failed (status 500)")

        world.vault._request = ask  # type: ignore[method-assign]  # a corrupt entry of its storage
        world.connect(*fleet)
        await world.passes(2 * MINUTE)
        assert world.discovery.complete
        assert set(fleet) - set(world.fleet.names) == {bad}
        assert world.discovery.undiscovered == {bad: "Vault failed (status 500)"}
        assert [told.connection for told in world.all(NotDiscovered)] == [bad]


async def test_while_new_names_wait_for_a_slow_vault_a_correction_is_taken_up_all_the_same() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, REFUSES)
        await until(world, State.NEEDS_CONSENT)
        world.vault.latency = SECOND
        world.connect(*names("c", 1000))
        await world.passes(MINUTE)
        world.zoho.script(CRM, ok())
        world.connect(refresh_token=secret("consented again").reveal())
        await world.passes(2 * MINUTE)
        assert world.state() is State.FRESH


# --- a zoho that is wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong_for", [90 * SECOND, 5 * MINUTE, FLOOR - SECOND], ids=str)
@pytest.mark.parametrize("error", [GrantRejected("invalid_code"), ClientRejected("invalid_client")], ids=repr)
async def test_whatever_zoho_refuses_for_less_than_the_floor_no_job_notices(
    wrong_for: timedelta, error: Exception
) -> None:
    fleet = names("c", 8)
    async with a_world() as world:
        world.connect(*fleet)
        await world.passes(MINUTE)
        due = min(world.fleet.due_at(name, world.clock.now()) for name in fleet)
        await world.passes(due - world.clock.now() - SECOND)
        for name in fleet:
            world.zoho.script(name, fails(error))
        await world.passes(wrong_for)
        for name in fleet:
            world.zoho.script(name, ok())
        for _ in range(40):
            assert min(world.life_left(name) for name in fleet) > timedelta()
            await world.passes(MINUTE)
        assert {world.state(name) for name in fleet} == {State.FRESH}


async def test_the_first_of_many_that_recovers_wakes_those_that_were_refused_with_it() -> None:
    fleet = names("c", 12)
    async with a_world() as world:
        world.connect(*fleet)
        await world.passes(MINUTE)
        for name in fleet:
            world.zoho.script(name, REFUSES)
        await world.passes(3 * HOUR)
        assert {world.state(name) for name in fleet} == {State.NEEDS_CONSENT}
        for name in fleet:
            world.zoho.script(name, ok())
        await world.passes(15 * MINUTE)
        assert {world.state(name) for name in fleet} == {State.FRESH}


async def test_two_different_refusals_park_nobody() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, times(1, fails(ClientRejected())), times(1, REFUSES), fails(ClientRejected()))
        await world.passes(2 * MINUTE)
        assert not world.all(Parked)


def at_most_ten_for_the_client(world: World) -> Answer:
    """Zoho's limit read as one of the client: 10 tokens in ten minutes."""
    met: deque[datetime] = deque()

    def answer(_credential: Credential, issued: Issued) -> Issued:
        now = world.clock.now()
        while met and now - met[0] >= TEN_MINUTES:
            met.popleft()
        if len(met) >= 10:
            raise Throttled("too many")
        met.append(now)
        return issued

    return answer


async def test_a_limit_of_the_client_costs_no_token_of_a_fleet_that_fits_into_it() -> None:
    fleet = names("c", 24)
    async with a_world(policy=Policy(sweep_interval=2 * SECOND)) as world:
        world.connect(*fleet)
        answer = at_most_ten_for_the_client(world)
        for name in fleet:
            world.zoho.script(name, answer)
        await world.passes(2 * HOUR)
        looks, below = 0, 0
        for _ in range(5 * 60):
            await world.passes(MINUTE)
            lives = [world.life_left(name) for name in fleet]
            assert min(lives) > timedelta()
            looks, below = looks + len(lives), below + sum(life < FLOOR - 30 * SECOND for life in lives)
        assert below <= looks / 100


# --- what a person corrects ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (AWAY, State.FAILING),
        (fails(Throttled("too many")), State.THROTTLED),
        (REFUSES, State.NEEDS_CONSENT),
    ],
    ids=["failing", "throttled", "refused"],
)
async def test_a_correction_is_taken_up_within_a_discovery_interval_in_any_state(trouble: Answer, state: State) -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        world.zoho.script(CRM, trouble)
        await until(world, state)
        await world.passes(22 * MINUTE)
        version = world.facts().version
        world.zoho.script(CRM, ok())
        world.connect(refresh_token=secret("consented again").reveal())
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.facts().version == version + 1


async def test_a_correction_gives_a_connection_its_first_token_in_time() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, AWAY)
        await world.passes(20 * MINUTE)
        assert world.state() is State.PENDING
        world.zoho.script(CRM, ok())
        world.connect(refresh_token=secret("consented again").reveal())
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH


async def test_a_credential_that_was_destroyed_and_made_anew_is_a_new_one() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, REFUSES)
        await until(world, State.NEEDS_CONSENT)
        world.vault.erase(f"credentials/{CRM}")
        world.connect(refresh_token=secret("consented again").reveal())
        world.zoho.script(CRM, ok())
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH


async def test_an_answer_about_an_old_credential_counts_against_no_new_one() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, REFUSES)
        await world.passes(5 * SECOND)
        world.zoho.takes[CRM] = 29 * SECOND
        while len(world.zoho.asked) < 2:
            await world.passes(SECOND)
        world.connect(refresh_token="a-new-one")
        while not world.all(Parked):
            await world.passes(SECOND)
        assert sum(asked.refresh_token == "a-new-one" for asked in world.zoho.asked) == 2


async def test_whoever_rewrites_a_record_all_the_time_is_woken_once_a_minute() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, REFUSES)
        await until(world, State.NEEDS_CONSENT)
        before = len(world.all(Woken))
        for each in range(600):
            world.connect(refresh_token=f"a-token-{each}")
            await world.passes(SECOND)
        assert len(world.all(Woken)) - before <= 10


# --- what stands in vault is what is believed ------------------------------------------------------------------------


async def test_a_token_that_somebody_else_wrote_is_known_within_a_discovery_interval_and_ends_the_failures() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        world.zoho.script(CRM, REFUSES)
        await world.passes(2 * HOUR)
        assert world.state() is State.NEEDS_CONSENT
        publish(world, CRM, age=timedelta())
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH


async def test_a_leader_whose_token_expired_takes_one_that_another_wrote() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        world.zoho.script(CRM, AWAY)
        await until(world, State.EXPIRED)
        publish(world, CRM, age=timedelta())
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert (world.state(), world.facts().failures) == (State.FRESH, 0)


async def test_a_record_that_goes_back_in_time_is_noticed_without_an_outage() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        publish(world, CRM, age=50 * MINUTE)
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.life_left() > FLOOR


async def test_a_token_record_that_vanishes_is_replaced() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        world.vault.delete(f"tokens/{CRM}")
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert (await world.published()) is not None


async def test_a_vault_that_went_back_in_time_is_believed_once_it_is_back() -> None:
    async with a_world() as world:
        world.connect(*names("c", 100))
        await world.passes(2 * HOUR)
        snapshot = {path: list(versions) for path, versions in world.vault._records.items()}
        await world.passes(HOUR + 5 * MINUTE)
        world.vault.down()
        await world.passes(MINUTE)
        world.vault._records = snapshot
        world.vault.up()
        await world.passes(DISCOVERY_INTERVAL + 10 * SECOND)
        assert min(world.life_left(name) for name in names("c", 100)) > FLOOR


@pytest.mark.parametrize("erased", [True, False], ids=["erased", "deleted"])
async def test_a_token_that_was_under_way_when_its_grant_was_revoked_is_not_published(erased: bool) -> None:  # noqa: FBT001
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        due = world.fleet.due_at(CRM, world.clock.now())
        world.zoho.takes[CRM] = 10 * SECOND
        await world.passes(due - world.clock.now() + 3 * SECOND)
        revoke(world, erased=erased)
        await world.passes(DISCOVERY_INTERVAL)
        assert world.all(TokenDropped)
        assert world.state() is State.REVOKED
        await world.passes(HOUR)
        assert (await world.published()) is None


async def test_a_token_that_was_held_when_its_grant_was_revoked_is_not_published() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        world.vault.forbid(f"tokens/{CRM}")
        await until(world, State.UNSAVED)
        revoke(world)
        world.vault.allow(f"tokens/{CRM}")
        await world.passes(2 * MINUTE)
        assert (await world.published()) is None
        assert world.all(TokenDropped)
        assert world.state() is State.REVOKED


async def test_a_revocation_is_known_within_a_discovery_interval_and_is_a_state_of_its_own() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        revoke(world)
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.REVOKED
        asked = len(world.zoho.asked)
        await world.passes(8 * HOUR)
        assert len(world.zoho.asked) == asked


async def test_a_consent_after_a_revocation_is_taken_up_at_once() -> None:
    async with a_world() as world:
        world.connect()
        await world.passes(MINUTE)
        revoke(world)
        await until(world, State.REVOKED)
        world.connect(refresh_token=secret("consented again").reveal())
        await world.passes(DISCOVERY_INTERVAL + A_MOMENT)
        assert world.state() is State.FRESH


def revoke(world: World, *, erased: bool = True) -> None:
    """What `zoho-tokend revoke` leaves in Vault."""
    fields = {
        name: value for name, value in world.vault.fields(f"credentials/{CRM}").items() if name != "refresh_token"
    }
    world.vault.put(f"credentials/{CRM}", **fields, revoked_at="2026-11-24T13:00:00Z")
    if erased:
        world.vault.erase(f"tokens/{CRM}")
    else:
        world.vault.delete(f"tokens/{CRM}")


# --- nothing stops the daemon ----------------------------------------------------------------------------------------


async def test_a_rotated_refresh_token_of_a_deleted_credential_is_let_go() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.takes[CRM] = 5 * SECOND
        world.zoho.script(CRM, ok(refresh_token=secret("rotated")))
        await world.passes(2 * SECOND)
        world.vault.down()
        await world.passes(10 * SECOND)
        world.vault.delete(f"credentials/{CRM}")
        world.vault.up()
        await world.passes(20 * MINUTE)
        assert not world.all(RefreshCrashed)
        assert CRM not in world.fleet


async def test_an_error_that_nobody_foresaw_in_the_books_of_one_connection_costs_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world() as world:
        world.connect(CRM, SALES)
        await world.passes(MINUTE)
        due_at = world.fleet.due_at
        decide = world.fleet.decide

        def poisoned(name: ConnectionName, now: datetime) -> object:
            if name == CRM:
                raise OverflowError("date value out of range")
            return decide(name, now)

        monkeypatch.setattr(world.fleet, "decide", poisoned)
        await world.passes(HOUR)
        assert world.all(BackgroundTaskCrashed)
        assert due_at(SALES, world.clock.now()) > world.clock.now()
        assert world.life_left(SALES) >= FLOOR


async def test_an_error_within_the_handling_of_an_error_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world() as world:
        world.connect(CRM, SALES)
        await world.passes(MINUTE)
        fail = world.fleet.fail

        def poisoned(name: ConnectionName, *args: Any, **how: Any) -> object:
            if name == CRM:
                raise OverflowError("date value out of range")
            return fail(name, *args, **how)

        monkeypatch.setattr(world.fleet, "fail", poisoned)
        world.zoho.script(CRM, AWAY)
        await world.passes(HOUR)
        assert world.all(BackgroundTaskCrashed)
        assert world.life_left(SALES) >= FLOOR


async def test_what_was_spent_is_forgotten_when_it_counts_no_more() -> None:
    async with a_world() as world:
        for number in range(100):
            world.connect(refresh_token=f"grant-{number}", client_id=f"client-{number}")
            if CRM in world.fleet:
                await world.refresher.refresh(CRM, world.fleet[CRM].retry_reason)
            await world.passes(DISCOVERY_INTERVAL + SECOND)
        await world.passes(HOUR)
        assert len(world.fleet._limits.all_spent()) <= 1


async def test_a_connection_that_was_woken_rests_again_once_it_is_well() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.script(CRM, REFUSES)
        await until(world, State.NEEDS_CONSENT)
        world.connect(refresh_token=secret("consented again").reveal())
        world.zoho.script(CRM, ok())
        await world.passes(HOUR)
        assert list(world.fleet._table.restless()) == []


async def test_the_stop_waits_for_an_answer_that_zoho_is_slow_to_give() -> None:
    async with a_world() as world:
        world.connect()
        world.zoho.takes[CRM] = 28 * SECOND
        while not world.zoho.asked:
            await world.passes(SECOND)
    assert world.has_token()


async def test_a_token_record_of_the_year_1_is_no_token() -> None:
    zero = "0001-01-01T00:00:00Z"
    async with a_world() as world:
        world.connect()
        publish(world, CRM, age=timedelta(), issued_at=zero, expires_at=zero, refresh_after=zero)
        world.zoho.script(CRM, times(1, AWAY), ok())
        await world.passes(MINUTE)
        assert not world.all(BackgroundTaskCrashed) + world.all(RefreshCrashed)
        assert world.state() is State.FRESH
