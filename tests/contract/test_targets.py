"""Second records of tokens: told alike on the fake and on a real server, where the printed policies are enough."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.support.samples.builders import CRM, SALES, a_record
from tests.support.servers.openbao import Corner
from tests.support.servers.vault_sessions import a_token_method, watched
from tests.support.stand_ins.fakes import FakeVault
from zoho_tokend.core.errors import Conflict, TargetTaken, VaultForbidden
from zoho_tokend.core.model import Secret
from zoho_tokend.core.ports import TargetStore
from zoho_tokend.core.targets import Target, TargetRecord, parse_target
from zoho_tokend.vault.codec import token_fields
from zoho_tokend.vault.policy import daemon_policy, operator_policy
from zoho_tokend.vault.targets import VaultTargets

CONNECTION = parse_target("airflow-connection=connections/zoho-{connection}")
VARIABLE = parse_target("airflow-variable=variables/{connection}")
TARGETS = (CONNECTION, VARIABLE)
RECORD = a_record(access_token=Secret("1000.invented"), api_domain="https://www.zohoapis.eu")
FINGERPRINT = Secret("1000.invented").fingerprint()


@dataclass
class Scene:
    """The targets, and the Vault in which their records lie."""

    targets: TargetStore
    vault: FakeVault | Corner

    def put(self, target: Target, **fields: object) -> None:
        path = target.path_of(CRM)
        if isinstance(self.vault, FakeVault):
            self.vault.put(path, **fields)
        else:
            self.vault.admin.ask("POST", f"{self.vault.mount}/data/{path}", {"data": fields})

    def fields(self, target: Target) -> object:
        path = target.path_of(CRM)
        if isinstance(self.vault, FakeVault):
            return self.vault.fields(path)
        answer = self.vault.admin.ask("GET", f"{self.vault.mount}/data/{path}")
        return answer["data"]["data"]  # type: ignore[index]  # Vault's own shape

    def says(self, target: Target) -> object:
        """The custom metadata of the record."""
        path = target.path_of(CRM)
        if isinstance(self.vault, FakeVault):
            return self.vault.custom_metadata.get(path)
        answer = self.vault.admin.ask("GET", f"{self.vault.mount}/metadata/{path}")
        return answer["data"]["custom_metadata"]  # type: ignore[index]  # Vault's own shape

    def say(self, target: Target, **custom_metadata: str) -> None:
        path = target.path_of(CRM)
        if isinstance(self.vault, FakeVault):
            self.vault.custom_metadata[path] = custom_metadata
        else:
            body = {"custom_metadata": custom_metadata}
            self.vault.admin.ask("POST", f"{self.vault.mount}/metadata/{path}", body)

    def delete(self, target: Target) -> None:
        path = target.path_of(CRM)
        if isinstance(self.vault, FakeVault):
            self.vault.delete(path)
        else:
            self.vault.admin.ask("DELETE", f"{self.vault.mount}/data/{path}")


def seen(found: TargetRecord) -> tuple[int, str | None, bool]:
    return found.version, found.fingerprint, found.marked


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    if request.param == "fake":
        vault = FakeVault()
        yield Scene(vault, vault)
        return
    corner: Corner = request.getfixturevalue("corner")
    token = corner.admin.token(corner.admin.policy(daemon_policy(corner.layout, targets=TARGETS)))
    async with watched(corner.address, a_token_method(token)) as here:
        await here.session.open()
        yield Scene(VaultTargets(here.session, corner.layout, TARGETS), corner)


async def test_an_airflow_connection_has_the_fields_of_one_and_no_other(scene: Scene) -> None:
    await scene.targets.write_target(CONNECTION, RECORD, after_version=0)
    assert scene.fields(CONNECTION) == {
        "conn_type": "http",
        "host": "https://www.zohoapis.eu",
        "password": "1000.invented",
    }


async def test_an_airflow_variable_has_a_value_and_nothing_else(scene: Scene) -> None:
    await scene.targets.write_target(VARIABLE, RECORD, after_version=0)
    assert scene.fields(VARIABLE) == {"value": "1000.invented"}


@pytest.mark.parametrize("target", TARGETS, ids=str)
async def test_what_was_told_and_marked_is_known_again(scene: Scene, target: Target) -> None:
    assert seen(await scene.targets.target_record(target, CRM)) == (0, None, False)
    version = await scene.targets.write_target(target, RECORD, after_version=0)
    assert seen(await scene.targets.target_record(target, CRM)) == (version, FINGERPRINT, False)
    await scene.targets.mark(target, CRM)
    assert seen(await scene.targets.target_record(target, CRM)) == (version, FINGERPRINT, True)
    assert scene.says(target) == {"managed_by": "zoho-tokend", "connection": "crm-prod"}


@pytest.mark.parametrize("target", TARGETS, ids=str)
async def test_the_mark_outlives_every_version_and_a_deletion(scene: Scene, target: Target) -> None:
    await scene.targets.write_target(target, RECORD, after_version=0)
    await scene.targets.mark(target, CRM)
    await scene.targets.write_target(target, RECORD, after_version=1)
    scene.delete(target)
    assert seen(await scene.targets.target_record(target, CRM)) == (2, None, True)


async def test_the_mark_leaves_what_others_say_of_the_record(scene: Scene) -> None:
    await scene.targets.write_target(CONNECTION, RECORD, after_version=0)
    scene.say(CONNECTION, team="data")
    await scene.targets.mark(CONNECTION, CRM)
    assert scene.says(CONNECTION) == {"team": "data", "managed_by": "zoho-tokend", "connection": "crm-prod"}


@pytest.mark.parametrize(
    "owner",
    [{"managed_by": "zoho-tokend", "connection": "sales"}, {"managed_by": "zoho-tokend"}, {"managed_by": "terraform"}],
)
@pytest.mark.parametrize("deleted", [False, True])
async def test_a_record_that_is_marked_as_another_ones_is_taken(
    scene: Scene, owner: dict[str, str], *, deleted: bool
) -> None:
    await scene.targets.write_target(VARIABLE, RECORD, after_version=0)
    scene.say(VARIABLE, **owner)
    if deleted:
        scene.delete(VARIABLE)
    with pytest.raises(TargetTaken):
        await scene.targets.target_record(VARIABLE, CRM)


@pytest.mark.parametrize("target", TARGETS, ids=str)
async def test_another_version_than_the_one_that_was_known_is_a_conflict(scene: Scene, target: Target) -> None:
    await scene.targets.write_target(target, RECORD, after_version=0)
    with pytest.raises(Conflict):
        await scene.targets.write_target(target, RECORD, after_version=0)


@pytest.mark.parametrize("target", TARGETS, ids=str)
async def test_a_record_that_was_deleted_can_be_told_again(scene: Scene, target: Target) -> None:
    await scene.targets.write_target(target, RECORD, after_version=0)
    scene.delete(target)
    found = await scene.targets.target_record(target, CRM)
    assert seen(found) == (1, None, False)
    assert await scene.targets.write_target(target, RECORD, after_version=found.version) == 2


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        (CONNECTION, {"conn_uri": "https://example.com"}),
        (CONNECTION, {"conn_type": "http", "host": "h", "password": "p", "extra": "{}"}),
        (CONNECTION, {"conn_type": "mysql", "host": "h", "password": "p"}),
        (CONNECTION, {"conn_type": "http", "host": "h"}),
        (CONNECTION, {}),
        (VARIABLE, {"value": "v", "description": "d"}),
        (VARIABLE, {"value": 7}),
    ],
)
async def test_a_record_of_somebody_elses_is_known_by_its_fields(
    scene: Scene, target: Target, fields: dict[str, object]
) -> None:
    scene.put(target, **fields)
    with pytest.raises(TargetTaken):
        await scene.targets.target_record(target, CRM)


async def test_a_token_that_was_published_is_known_from_the_versions_of_the_token_record(scene: Scene) -> None:
    put = scene.vault.put
    for token in ("1000.first", "1000.invented"):
        put("tokens/crm-prod", **token_fields(a_record(access_token=Secret(token))))
    put("tokens/crm-prod", access_token=["no", "text"])
    scene.vault.delete("tokens/crm-prod")
    put("tokens/crm-prod", **token_fields(a_record(access_token=Secret("1000.last"))))
    for token, was in (("1000.first", True), ("1000.last", True), ("1000.stranger", False)):
        assert await scene.targets.was_published(CRM, Secret(token).fingerprint()) is was
    assert not await scene.targets.was_published(SALES, FINGERPRINT)


@pytest.mark.parametrize("marked", [False, True])
async def test_a_record_is_withdrawn_where_it_is_marked_as_ours(corner: Corner, *, marked: bool) -> None:
    token = corner.admin.token(corner.policy)
    rules = operator_policy(corner.layout, targets=TARGETS)
    async with (
        watched(corner.address, a_token_method(token)) as daemon,
        watched(corner.address, a_token_method(corner.admin.token(corner.admin.policy(rules)))) as operator,
    ):
        for here in (daemon, operator):
            await here.session.open()
        targets = VaultTargets(daemon.session, corner.layout, TARGETS)
        await targets.write_target(VARIABLE, RECORD, after_version=0)
        if marked:
            await targets.mark(VARIABLE, CRM)
        await VaultTargets(operator.session, corner.layout, TARGETS).withdraw(CRM)
        assert corner.admin.succeeds("GET", f"{corner.mount}/data/variables/crm-prod", {}) is not marked


async def test_the_policy_reaches_no_record_beside_the_targets(corner: Corner) -> None:
    token = corner.admin.token(corner.admin.policy(daemon_policy(corner.layout, targets=TARGETS)))
    beside = parse_target("airflow-connection=connections/other-{connection}")
    async with watched(corner.address, a_token_method(token)) as here:
        await here.session.open()
        with pytest.raises(VaultForbidden):
            await VaultTargets(here.session, corner.layout, (beside,)).target_record(beside, CRM)


async def test_a_foreign_record_is_told_by_its_path_and_what_to_do(corner: Corner) -> None:
    token = corner.admin.token(corner.admin.policy(daemon_policy(corner.layout, targets=TARGETS)))
    corner.admin.ask("POST", f"{corner.mount}/data/variables/crm-prod", {"data": {"secret": "x"}})
    async with watched(corner.address, a_token_method(token)) as here:
        await here.session.open()
        with pytest.raises(TargetTaken, match=f"^{corner.mount}/variables/crm-prod holds .* PUBLISH_TARGETS$"):
            await VaultTargets(here.session, corner.layout, TARGETS).target_record(VARIABLE, CRM)
