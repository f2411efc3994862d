"""One refresh in a process of its own, on virtual time."""

import asyncio

import pytest

from tests.support.clocks.loop_clock import LoopClock
from tests.support.samples.builders import CRM, MINUTE, SECOND, a_record, secret
from tests.support.stand_ins.fake_zoho import FakeZoho, fails
from tests.support.stand_ins.fakes import FakeVault
from zoho_tokend.core.errors import GrantRejected, NoCredential, VaultForbidden, VaultUnavailable
from zoho_tokend.core.events import RefreshDeferred, Refreshed, RefreshFailed
from zoho_tokend.core.policy import Policy
from zoho_tokend.engine.one_shot import OneShotRefresh
from zoho_tokend.vault import codec

pytestmark = pytest.mark.looptime

PATH = f"tokens/{CRM}"


class Scene:
    def __init__(self) -> None:
        clock = LoopClock()
        self.vault = FakeVault(clock=clock)
        self.zoho = FakeZoho(clock)
        self.one_shot = OneShotRefresh(
            credentials=self.vault,
            tokens=self.vault,
            budgets=self.vault,
            endpoint=self.zoho,
            policy=Policy(),
            clock=clock,
        )
        self.vault.put(
            f"credentials/{CRM}",
            client_id="1000.CLIENT",
            client_secret="invented",
            refresh_token=secret().reveal(),
            accounts_server="https://accounts.zoho.eu",
        )


async def test_a_refresh_publishes_a_token() -> None:
    scene = Scene()
    ended = await scene.one_shot.refresh(CRM)
    assert isinstance(ended, Refreshed)
    assert (await scene.vault.published(CRM)).version == 1


async def test_a_token_that_is_still_good_is_replaced_all_the_same() -> None:
    scene = Scene()
    scene.vault.put(PATH, **codec.token_fields(a_record()))
    assert isinstance(await scene.one_shot.refresh(CRM), Refreshed)
    assert (await scene.vault.published(CRM)).version == 2


async def test_the_budget_that_the_daemon_has_spent_is_respected() -> None:
    scene = Scene()
    for _ in range(8):
        await asyncio.sleep(1)
        scene.vault.put(PATH, **codec.token_fields(a_record()))
    ended = await scene.one_shot.refresh(CRM)
    assert isinstance(ended, RefreshDeferred)
    assert ended.until - LoopClock().now() == 10 * MINUTE - 7 * SECOND
    assert scene.zoho.asked == []


async def test_a_refusal_is_told_and_not_tried_again() -> None:
    scene = Scene()
    scene.zoho.script(CRM, fails(GrantRejected("Zoho does not accept the refresh token")))
    ended = await scene.one_shot.refresh(CRM)
    assert isinstance(ended, RefreshFailed)
    assert "does not accept the refresh token" in ended.error
    assert len(scene.zoho.asked) == 1


async def test_a_token_that_vault_does_not_take_at_once_is_offered_again_and_not_issued_again() -> None:
    scene = Scene()
    scene.zoho.takes[CRM] = 2 * SECOND
    loop = asyncio.get_running_loop()
    loop.call_later(1, scene.vault.down)
    loop.call_later(20, scene.vault.up)
    ended = await scene.one_shot.refresh(CRM)
    assert isinstance(ended, Refreshed)
    assert (len(scene.zoho.asked), (await scene.vault.published(CRM)).version) == (1, 1)


async def test_a_token_that_vault_does_not_take_within_a_minute_is_a_failure() -> None:
    scene = Scene()
    scene.zoho.takes[CRM] = 2 * SECOND
    asyncio.get_running_loop().call_later(1, scene.vault.down)
    ended = await scene.one_shot.refresh(CRM)
    assert isinstance(ended, RefreshFailed)
    assert ended.outcome == "vault_unavailable"
    assert LoopClock().monotonic() == pytest.approx(62, abs=3)


async def test_a_connection_that_is_not_there_is_no_connection() -> None:
    scene = Scene()
    scene.vault.delete(f"credentials/{CRM}")
    with pytest.raises(NoCredential, match="there is no connection crm-prod in Vault"):
        await scene.one_shot.refresh(CRM)


@pytest.mark.parametrize("away", [True, False], ids=["Vault is away", "the policy denies it"])
async def test_nothing_is_asked_of_zoho_where_the_token_record_cannot_be_read(away: bool) -> None:  # noqa: FBT001 - a case
    scene = Scene()
    if away:
        scene.vault.down()
    else:
        scene.vault.forbid(PATH)
    with pytest.raises(VaultUnavailable if away else VaultForbidden):
        await scene.one_shot.refresh(CRM)
    assert scene.zoho.asked == []


async def test_what_nobody_foresaw_is_not_passed_over() -> None:
    scene = Scene()
    scene.zoho.script(CRM, fails(ZeroDivisionError("nobody foresaw this")))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        await scene.one_shot.refresh(CRM)
