"""A session from login to revocation, against a real server."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.support.clocks.hand_clock import HandClock
from tests.support.clocks.wall_clock import WallClock
from tests.support.samples.builders import NOON
from tests.support.servers.openbao import Corner
from tests.support.servers.relay import Relay
from tests.support.servers.vault_sessions import Role, Watched, a_token_method, watched
from zoho_tokend.core.errors import VaultForbidden, VaultLoginRefused, VaultUnavailable
from zoho_tokend.core.events import (
    ClockCompared,
    LoginOutcome,
    VaultLoggedIn,
    VaultOperation,
    VaultOutcome,
    VaultSessionChanged,
)
from zoho_tokend.core.ports import Clock
from zoho_tokend.vault.auth import AppRole, Login
from zoho_tokend.vault.client import VaultClient, VaultConfig

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@asynccontextmanager
async def through_a_relay(
    role: Role, clock: Clock | None = None, *, concurrency: int = 8
) -> AsyncIterator[tuple[Watched, Relay]]:
    async with (
        Relay(urlsplit(role.corner.address).port or 0).running() as relay,
        role.session(clock, address=relay.address, concurrency=concurrency) as vault,
    ):
        yield vault, relay


async def test_a_token_is_renewed_after_two_thirds_of_its_life(corner: Corner) -> None:
    clock = HandClock()
    async with Role(corner).session(clock) as vault:
        assert vault.session.expires_at == NOON + HOUR

        clock.pass_by(HOUR * 0.66)
        await vault.session.upkeep()
        assert vault.asked(VaultOperation.RENEW_SELF) == 0

        clock.pass_by(HOUR * 0.01)
        await vault.session.upkeep()
        assert vault.asked(VaultOperation.RENEW_SELF) == 1
        assert vault.session.expires_at == NOON + HOUR * 1.67
        assert vault.logins == [LoginOutcome.SUCCESS]


async def test_a_batch_token_is_replaced_after_four_fifths_and_never_renewed_nor_revoked(corner: Corner) -> None:
    clock = HandClock()
    async with Role(corner, token_type="batch").session(clock) as vault:
        clock.pass_by(HOUR * 0.79)
        await vault.session.upkeep()
        assert len(vault.logins) == 1

        clock.pass_by(HOUR * 0.02)
        await vault.session.upkeep()
        assert len(vault.logins) == 2

    assert vault.asked(VaultOperation.RENEW_SELF) == vault.asked(VaultOperation.REVOKE_SELF) == 0


async def test_a_token_whose_renewals_are_cut_short_is_replaced_before_its_maximum(corner: Corner) -> None:
    """The server's time is real: after a second it grants less than the hour that is both life and maximum."""
    clock = HandClock()
    async with Role(corner, token_max_ttl="1h").session(clock) as vault, asyncio.timeout(120):
        while len(vault.logins) < 2:
            clock.pass_by(HOUR * 0.01)
            await vault.session.upkeep()
            assert vault.session.alive
            await asyncio.sleep(0.01)

    assert vault.asked(VaultOperation.RENEW_SELF) >= 1


async def test_of_twenty_callers_that_find_their_token_revoked_one_logs_in(corner: Corner) -> None:
    role = Role(corner)
    async with role.session() as vault:
        role.revoke_all_tokens()

        answers = await asyncio.gather(*(vault.session.ask(role.read) for _ in range(20)))

        assert {answer.outcome for answer in answers} == {VaultOutcome.NOT_FOUND}
        assert vault.logins == [LoginOutcome.SUCCESS] * 2
        assert vault.asked(VaultOperation.LOOKUP_SELF) == 1


async def test_a_lost_session_is_told_and_so_is_the_new_one(corner: Corner) -> None:
    role = Role(corner)
    async with role.session() as vault:
        role.revoke_all_tokens()
        await vault.session.ask(role.read)

    changes = [event.alive for event in vault.events if isinstance(event, VaultSessionChanged)]
    assert changes == [True, False, True]


async def test_a_denying_policy_is_no_reason_to_log_in_again(corner: Corner) -> None:
    role = Role(corner)
    corner.forbid("clients/any")
    async with role.session() as vault:
        with pytest.raises(VaultForbidden, match=f"denies read on {corner.mount}/data/zoho/clients/any"):
            await vault.session.ask(role.read)

        assert vault.logins == [LoginOutcome.SUCCESS]


async def test_a_policy_that_denies_even_the_look_at_oneself_causes_no_storm_of_logins(corner: Corner) -> None:
    role = Role(corner, token_no_default_policy=True)
    corner.forbid("clients/any")
    async with role.session() as vault:
        for _ in range(10):
            with pytest.raises(VaultForbidden):
                await vault.session.ask(role.read)

    assert len(vault.logins) == 1


async def test_a_dead_session_is_replaced_though_the_policy_denies_the_look_at_oneself(corner: Corner) -> None:
    role = Role(corner, token_no_default_policy=True)
    async with role.session() as vault:
        role.revoke_all_tokens()

        assert (await vault.session.ask(role.read)).outcome is VaultOutcome.NOT_FOUND
        assert vault.logins == [LoginOutcome.SUCCESS] * 2


async def test_a_token_whose_renewal_is_denied_is_replaced_before_its_end(corner: Corner) -> None:
    clock = HandClock()
    async with Role(corner, token_no_default_policy=True).session(clock) as vault:
        for _ in range(2):
            clock.pass_by(HOUR * 0.41)
            await vault.session.upkeep()
            clock.pass_by(SECOND)
        clock.pass_by(HOUR * 0.01)
        await vault.session.upkeep()

        assert vault.session.alive
        assert vault.logins == [LoginOutcome.SUCCESS] * 2
        assert vault.asked(VaultOperation.RENEW_SELF) == 1


async def test_a_token_of_the_settings_that_may_not_renew_itself_is_told_in_a_sentence(corner: Corner) -> None:
    clock = HandClock()
    look = corner.admin.policy('path "auth/token/lookup-self" { capabilities = ["read"] }')
    token = corner.admin.token(look, no_default_policy=True, ttl="1h")
    async with watched(corner.address, a_token_method(token), clock=clock) as vault:
        await vault.session.open()
        clock.pass_by(HOUR * 0.7)
        for _ in range(3):
            await vault.session.upkeep()

        (told,) = [event.error for event in vault.events if isinstance(event, VaultLoggedIn) and event.error]
        assert "auth/token/renew-self" in told
        assert "zoho-tokend policy daemon" in told
        assert vault.session.alive


async def test_a_token_of_the_settings_that_may_not_look_at_itself_is_not_called_wrong(corner: Corner) -> None:
    token = corner.admin.token(corner.policy, no_default_policy=True)
    async with watched(corner.address, a_token_method(token)) as vault:
        with pytest.raises(VaultLoginRefused, match="works, but its policy denies read on auth/token/lookup-self"):
            await vault.session.open()


async def test_refused_logins_become_rarer_and_every_request_says_why(corner: Corner) -> None:
    role, clock = Role(corner), HandClock()
    async with role.session(clock) as vault:
        role.refuse_logins()
        role.revoke_all_tokens()

        for _ in range(60):
            with pytest.raises(VaultUnavailable, match="refuses the login"):
                await vault.session.ask(role.read)
            await vault.session.upkeep()
            clock.pass_by(SECOND)

        assert not vault.session.alive
        assert vault.logins == [LoginOutcome.SUCCESS] + [LoginOutcome.REFUSED] * 6  # at 0, 1, 3, 7, 15 and 31 s


async def test_a_session_that_was_lost_comes_back_by_its_upkeep_alone(corner: Corner) -> None:
    clock = HandClock()
    async with through_a_relay(Role(corner), clock) as (vault, relay):
        relay.cut()
        clock.pass_by(2 * HOUR)
        await vault.session.upkeep()
        assert vault.session.expires_at is None

        relay.mend()
        clock.pass_by(SECOND)
        await vault.session.upkeep()

        assert vault.session.expires_at == NOON + 3 * HOUR + SECOND
        assert vault.logins == [LoginOutcome.SUCCESS, LoginOutcome.UNAVAILABLE, LoginOutcome.SUCCESS]


async def test_a_renewal_that_fails_is_tried_again_while_the_token_still_works(corner: Corner) -> None:
    clock = HandClock()
    async with through_a_relay(Role(corner), clock) as (vault, relay):
        relay.cut()
        clock.pass_by(HOUR * 0.7)
        await vault.session.upkeep()
        await vault.session.upkeep()
        assert vault.asked(VaultOperation.RENEW_SELF) == 1

        relay.mend()
        clock.pass_by(10 * SECOND)
        await vault.session.upkeep()

        assert vault.session.expires_at == NOON + HOUR * 1.7 + 10 * SECOND
        assert vault.logins == [LoginOutcome.SUCCESS]


async def test_closing_does_not_wait_long_for_a_vault_that_does_not_answer(corner: Corner) -> None:
    async with through_a_relay(Role(corner)) as (vault, relay):
        relay.stall()
        begun = time.monotonic()

        await vault.session.close()

        assert vault.asked(VaultOperation.REVOKE_SELF) == 1
        assert time.monotonic() - begun < 9  # it would be ten without the hurry


async def test_vaults_clock_is_compared_with_ours_once_a_minute(corner: Corner) -> None:
    role, clock = Role(corner), HandClock()
    async with role.session(clock) as vault:
        for _ in range(3):
            await vault.session.ask(role.read)
        clock.pass_by(61 * SECOND)
        await vault.session.ask(role.read)

    skews = [event.skew for event in vault.events if isinstance(event, ClockCompared)]
    assert len(skews) == 2
    assert abs(skews[0] - (WallClock().now() - NOON)) < timedelta(seconds=30)


async def test_a_caller_that_gives_up_leaves_its_write_to_land(corner: Corner) -> None:
    role = Role(corner)
    write = corner.layout.client("written").write({"client_id": "1000.ABC"}, after_version=0)
    async with through_a_relay(role, concurrency=1) as (vault, relay):
        relay.stall()
        async with asyncio.TaskGroup() as callers:
            callers.create_task(vault.session.ask(role.read))
            impatient = callers.create_task(vault.session.ask(write))
            await asyncio.sleep(0)
            impatient.cancel()
            await asyncio.sleep(0)
            relay.mend()

    assert corner.fields("clients/written") == {"client_id": "1000.ABC"}


class Slow(AppRole):
    """A login that takes until it is let go."""

    def login(self, line: VaultClient) -> Login:
        STARTED.set()
        assert LET_GO.wait(60)
        return super().login(line)


STARTED, LET_GO = threading.Event(), threading.Event()


async def test_a_login_that_ends_after_the_session_closed_is_revoked(corner: Corner) -> None:
    method = Role(corner).method()
    slow = Slow(role_id=method.role_id, secret_id=method.secret_id, mount=method.mount)
    vault = Watched(slow, VaultConfig(address=corner.address), HandClock())
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        opening = group.create_task(vault.session.open())
        await asyncio.to_thread(STARTED.wait, 60)
        opening.cancel()
        group.create_task(vault.session.close())
        await asyncio.sleep(0)
        LET_GO.set()
    assert vault.asked(VaultOperation.REVOKE_SELF) == 1
    assert not vault.session.alive
