"""A revocation that is disturbed half-way, upon a real server: what is said, and what another run makes of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.support.clocks.wall_clock import WallClock
from tests.support.samples.builders import CRM
from tests.support.servers.openbao import Corner
from tests.support.servers.relay import Relay
from tests.support.stand_ins.fakes import zoho_location
from zoho_tokend.core.consent import Revocation
from zoho_tokend.core.errors import NoCredential, ServerNotAllowed, Throttled, VaultForbidden, ZohoUnavailable
from zoho_tokend.core.model import Client, Secret
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.targets import parse_target
from zoho_tokend.operations.revocation import Ended, NotMarked, NotRevoked, Revoking
from zoho_tokend.vault.auth import Token
from zoho_tokend.vault.client import VaultConfig
from zoho_tokend.vault.policy import operator_policy
from zoho_tokend.vault.registry import Registry
from zoho_tokend.vault.secret_file import Given
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.vault.targets import VaultTargets

TARGETS = (parse_target("airflow-connection=connections/{connection}"),)
FIELDS = {
    "client_id": "1000.ABC",
    "client_secret": "hush",
    "refresh_token": "1000.refresh",
    "accounts_server": "https://accounts.zoho.eu",
}


@dataclass
class Zoho:
    """Revokes each token once, and lets something else happen first."""

    before: Callable[[], object] = lambda: None
    dead: set[Secret] = field(default_factory=set)

    async def revoke(self, refresh_token: Secret, _client: Client, *, accounts_server: Origin) -> Revocation:
        del accounts_server
        self.before()
        how = Revocation.ALREADY_DEAD if refresh_token in self.dead else Revocation.REVOKED
        self.dead.add(refresh_token)
        return how


@dataclass
class Desk:
    """Somebody who revokes, and the line to Vault."""

    corner: Corner
    relay: Relay
    zoho: Zoho
    revoking: Revoking

    @property
    def credential(self) -> dict[str, object]:
        return self.corner.fields("credentials/crm-prod")

    def has_token(self) -> bool:
        return self.corner.admin.succeeds("GET", f"{self.corner.mount}/data/zoho/tokens/crm-prod", {})

    def has_versions(self) -> bool:
        return self.corner.admin.succeeds("GET", f"{self.corner.mount}/metadata/zoho/tokens/crm-prod", {})


@asynccontextmanager
async def a_desk(corner: Corner, rules: str) -> AsyncIterator[Desk]:
    """The desk of somebody whose token has these rules."""
    corner.put("credentials/crm-prod", **FIELDS)
    corner.put("tokens/crm-prod", access_token="dead soon")
    clock, zoho = WallClock(), Zoho()
    async with Relay(urlsplit(corner.address).port or 0).running() as relay:
        auth = Token(token=Given(corner.admin.token(corner.admin.policy(rules)), "VAULT_TOKEN"))
        session = Session(VaultConfig(address=relay.address), auth, clock=clock, emit=lambda _event: None)
        try:
            await session.open()
            store = VaultStore(session, corner.layout, clock=clock, location_of=zoho_location)
            registry = Registry(session, corner.layout)
            targets = VaultTargets(session, corner.layout, TARGETS)
            revoking = Revoking(records=registry, targets=targets, credentials=store, zoho=zoho, clock=clock)
            yield Desk(corner, relay, zoho, revoking)
        finally:
            await session.close()


@pytest.fixture
async def desk(corner: Corner) -> AsyncIterator[Desk]:
    """An operator's."""
    async with a_desk(corner, operator_policy(corner.layout, targets=TARGETS)) as desk:
        yield desk


async def test_the_mark_takes_the_refresh_tokens_place_and_the_dead_token_is_gone(desk: Desk) -> None:
    assert await desk.revoking.revoke(CRM) == Ended(how=Revocation.REVOKED, version=2)
    assert set(desk.credential) == {"client_id", "client_secret", "accounts_server", "revoked_at"}
    assert not desk.has_token()
    assert not desk.has_versions()


async def test_a_policy_of_before_lets_the_dead_token_be_deleted(corner: Corner) -> None:
    rules = operator_policy(corner.layout, targets=TARGETS).replace('["read", "delete"]', '["read"]', 1)
    async with a_desk(corner, rules) as desk:
        await desk.revoking.revoke(CRM)
        assert not desk.has_token()


async def test_the_dead_token_is_gone_from_the_publish_targets_too(desk: Desk) -> None:
    path = f"{desk.corner.mount}/data/connections/crm-prod"
    desk.corner.admin.ask("POST", path, {"data": {"conn_type": "http", "host": "", "password": "dead soon"}})
    mark = {"custom_metadata": {"managed_by": "zoho-tokend", "connection": "crm-prod"}}
    desk.corner.admin.ask("POST", path.replace("/data/", "/metadata/"), mark)
    await desk.revoking.revoke(CRM)
    assert not desk.corner.admin.succeeds("GET", path, {})


@pytest.mark.parametrize(
    "fields", [{"conn_uri": "https://example.com"}, {"conn_type": "http", "host": "", "password": "a person's own"}]
)
async def test_what_somebody_else_wrote_there_stays(desk: Desk, fields: dict[str, object]) -> None:
    path = f"{desk.corner.mount}/data/connections/crm-prod"
    desk.corner.admin.ask("POST", path, {"data": fields})
    await desk.revoking.revoke(CRM)
    assert desk.corner.admin.succeeds("GET", path, {})


@pytest.mark.parametrize("error", [ZohoUnavailable(), Throttled(), ServerNotAllowed()], ids=lambda e: type(e).__name__)
async def test_where_zoho_does_not_do_it_vault_is_left_as_it_was(desk: Desk, error: Exception) -> None:
    def refuse() -> None:
        raise error

    desk.zoho.before = refuse
    with pytest.raises(NotRevoked, match=f"nothing was changed in Vault, for crm-prod is not revoked: {error}"):
        await desk.revoking.revoke(CRM)
    assert desk.credential == FIELDS
    assert desk.has_token()


async def test_somebody_who_may_not_mark_it_revokes_nothing(corner: Corner) -> None:
    async with a_desk(corner, f'path "{corner.mount}/*" {{ capabilities = ["read"] }}') as desk:
        with pytest.raises(VaultForbidden, match="denies create and update"):
            await desk.revoking.revoke(CRM)
        assert desk.zoho.dead == set()


async def test_a_vault_that_is_away_for_the_mark_is_told_and_a_second_run_finishes(desk: Desk) -> None:
    desk.zoho.before = desk.relay.cut
    with pytest.raises(NotMarked, match="is revoked at Zoho, but Vault did not take the mark"):
        await desk.revoking.revoke(CRM)
    assert desk.credential == FIELDS

    desk.relay.mend()
    desk.zoho.before = desk.relay.mend
    assert await desk.revoking.revoke(CRM) == Ended(how=Revocation.ALREADY_DEAD, version=2)
    assert not desk.has_token()


async def test_a_mark_whose_answer_was_lost_is_found_by_a_second_run(desk: Desk) -> None:
    desk.zoho.before = desk.relay.lose_next_answer
    with pytest.raises(NotMarked):
        await desk.revoking.revoke(CRM)
    assert "revoked_at" in desk.credential
    assert desk.has_token()

    assert await desk.revoking.revoke(CRM) == Ended(how=Revocation.ALREADY_DEAD, version=2)
    assert not desk.has_token()


async def test_a_change_of_another_field_meanwhile_is_kept_beside_the_mark(desk: Desk) -> None:
    desk.zoho.before = lambda: desk.corner.put("credentials/crm-prod", **FIELDS, refresh_at="0.4")
    assert await desk.revoking.revoke(CRM) == Ended(how=Revocation.REVOKED, version=3)
    assert desk.credential["refresh_at"] == "0.4"
    assert "refresh_token" not in desk.credential


async def test_a_new_grant_that_came_meanwhile_stays_with_its_token(desk: Desk) -> None:
    new = FIELDS | {"refresh_token": "1000.new"}
    desk.zoho.before = lambda: desk.corner.put("credentials/crm-prod", **new)
    assert await desk.revoking.revoke(CRM) == Ended(how=Revocation.REVOKED, version=None)
    assert desk.credential == new
    assert desk.has_token()


async def test_a_credential_that_is_deleted_has_nothing_to_revoke(desk: Desk) -> None:
    desk.corner.delete("credentials/crm-prod")
    with pytest.raises(NoCredential, match="there is no connection crm-prod in Vault"):
        await desk.revoking.revoke(CRM)
