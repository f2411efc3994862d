"""What readers say of dead tokens: read and dismissed alike on the fake and on a real server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.support.samples.builders import CRM
from tests.support.servers.openbao import Corner
from tests.support.servers.vault_sessions import a_token_method, watched
from tests.support.stand_ins.fakes import FakeVault
from zoho_tokend.core.errors import VaultForbidden
from zoho_tokend.core.ports import ReportStore
from zoho_tokend.vault.policy import daemon_policy
from zoho_tokend.vault.reports import VaultReports

FINGERPRINT = "0123456789abcdef"


@dataclass
class Scene:
    """The reports, and the Vault in which they lie."""

    reports: ReportStore
    vault: FakeVault | Corner


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    if request.param == "fake":
        vault = FakeVault()
        yield Scene(vault, vault)
        return
    corner: Corner = request.getfixturevalue("corner")
    token = corner.admin.token(corner.admin.policy(daemon_policy(corner.layout, reports=True)))
    async with watched(corner.address, a_token_method(token)) as here:
        await here.session.open()
        yield Scene(VaultReports(here.session, corner.layout), corner)


async def test_where_nobody_said_anything_there_is_no_report(scene: Scene) -> None:
    assert await scene.reports.reported() == frozenset()
    assert await scene.reports.report(CRM) is None


async def test_a_report_is_found_and_read(scene: Scene) -> None:
    scene.vault.put("reports/crm-prod", fingerprint=FINGERPRINT)
    assert await scene.reports.reported() == {CRM}
    assert await scene.reports.report(CRM) == FINGERPRINT


async def test_a_report_that_was_dismissed_is_not_even_listed(scene: Scene) -> None:
    scene.vault.put("reports/crm-prod", fingerprint=FINGERPRINT)
    scene.vault.put("reports/crm-prod", fingerprint=FINGERPRINT)
    await scene.reports.dismiss(CRM)
    assert await scene.reports.reported() == frozenset()
    assert await scene.reports.report(CRM) is None


async def test_to_dismiss_what_is_not_there_is_no_error(scene: Scene) -> None:
    await scene.reports.dismiss(CRM)


@pytest.mark.parametrize("fingerprint", [7, None, ["x"]])
async def test_what_is_no_text_is_no_report(scene: Scene, fingerprint: object) -> None:
    scene.vault.put("reports/crm-prod", fingerprint=fingerprint)
    assert await scene.reports.report(CRM) is None


@pytest.mark.parametrize("fingerprint", ["", "0123456789ABCDEF", "0123456789abcde", "0" * 100_000, "../../clients"])
async def test_only_a_fingerprint_is_taken_for_one(corner: Corner, fingerprint: str) -> None:
    token = corner.admin.token(corner.admin.policy(daemon_policy(corner.layout, reports=True)))
    corner.put("reports/crm-prod", fingerprint=fingerprint)
    async with watched(corner.address, a_token_method(token)) as here:
        await here.session.open()
        assert await VaultReports(here.session, corner.layout).report(CRM) is None


@pytest.mark.parametrize("text", ["[" * 1_100 + "]" * 1_100, f'"{"0" * 100_000}"'], ids=["nested", "large"])
async def test_a_report_that_cannot_be_parsed_is_none(corner: Corner, text: str) -> None:
    token = corner.admin.token(corner.admin.policy(daemon_policy(corner.layout, reports=True)))
    corner.put_texts("reports/crm-prod", {"fingerprint": text})
    async with watched(corner.address, a_token_method(token)) as here:
        await here.session.open()
        assert await VaultReports(here.session, corner.layout).report(CRM) is None


async def test_names_that_no_connection_can_have_are_passed_over(corner: Corner) -> None:
    token = corner.admin.token(corner.admin.policy(daemon_policy(corner.layout, reports=True)))
    odd = ("a/folder", "white space", "x" * 200, "ünï", "+", "..%2e", "{connection}", "%0a", "-.-/-", ".")
    for name in ("crm-prod", *odd):
        path = f"{corner.mount}/data/zoho/reports/{name}"
        corner.admin.succeeds("POST", path, {"data": {"fingerprint": FINGERPRINT}})
    async with watched(corner.address, a_token_method(token)) as here:
        await here.session.open()
        assert await VaultReports(here.session, corner.layout).reported() == {CRM}


async def test_without_its_rule_the_policy_denies_it(corner: Corner) -> None:
    token = corner.admin.token(corner.admin.policy(daemon_policy(corner.layout)))
    async with watched(corner.address, a_token_method(token)) as here:
        await here.session.open()
        with pytest.raises(VaultForbidden):
            await VaultReports(here.session, corner.layout).reported()
