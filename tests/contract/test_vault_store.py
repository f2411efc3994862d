"""What a store of credentials and token records does: the same on the fake and on a real server."""

from collections.abc import AsyncIterator, Sized
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from tests.support.samples.builders import CRM, a_record
from tests.support.servers.openbao import Corner, SteeredVault, steered
from tests.support.stand_ins.fakes import FakeVault
from zoho_tokend.core.budget import BudgetRecord
from zoho_tokend.core.errors import Conflict, NoCredential, RecordUnreadable, VaultForbidden, VaultUnavailable
from zoho_tokend.core.model import (
    ClientCredentialsGrant,
    ConnectionName,
    Published,
    RefreshTokenGrant,
    Secret,
    TokenRecord,
)
from zoho_tokend.core.ports import BudgetStore, CredentialStore, TokenStore

BY_HAND = {
    "client_id": "1000.ABC",
    "client_secret": "hush",
    "refresh_token": "1000.refresh",
    "accounts_server": "https://accounts.zoho.eu",
}

HOSTILE = {"larger than 64 kB": f'"{"x" * 70_000}"', "nested 1,100 deep": "[" * 1_100 + "]" * 1_100}


class Store(CredentialStore, TokenStore, BudgetStore, Protocol):
    """The ports in one, as both candidates have them."""


class Vault(Protocol):
    """What a person, or fate, does to Vault."""

    @property
    def requests(self) -> Sized: ...
    def put(self, path: str, **fields: object) -> int: ...
    def fields(self, path: str) -> dict[str, object]: ...
    def delete(self, path: str) -> None: ...
    def erase(self, path: str) -> None: ...
    def forbid(self, path: str) -> None: ...
    def down(self) -> None: ...
    def up(self) -> None: ...
    def lose_next_answer(self) -> None: ...


@pytest.fixture(params=["fake", "real"])
async def vault(request: pytest.FixtureRequest) -> AsyncIterator[FakeVault | SteeredVault]:
    if request.param == "fake":
        yield FakeVault()
        return
    corner: Corner = request.getfixturevalue("corner")
    async with steered(corner) as real:
        yield real


@pytest.fixture
def store(vault: FakeVault | SteeredVault) -> Store:
    return vault if isinstance(vault, FakeVault) else vault.store


def a_token(text: str = "1000.access") -> TokenRecord:
    return a_record(access_token=Secret(text))


async def test_a_vault_without_credentials_lists_no_name(store: Store) -> None:
    listing = await store.names()

    assert (listing.names, listing.ill_named) == (frozenset(), frozenset())


async def test_every_credential_is_listed_a_deleted_one_too(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", **BY_HAND)
    vault.put("credentials/crm-old", **BY_HAND)
    vault.delete("credentials/crm-old")

    assert (await store.names()).names == {"crm-prod", "crm-old"}


async def test_names_that_no_connection_can_have_are_listed_apart(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", **BY_HAND)
    vault.put("credentials/eu/crm", **BY_HAND)
    vault.put("credentials/crm prod", **BY_HAND)

    listing = await store.names()

    assert listing.names == {"crm-prod"}
    assert listing.ill_named == {"eu/", "crm prod"}


async def test_a_credential_put_by_hand_is_read_with_its_own_client(vault: Vault, store: Store) -> None:
    version = vault.put("credentials/crm-prod", **BY_HAND)

    credential = await store.credential(CRM)

    assert credential.client.client_id == "1000.ABC"
    assert credential.client.client_secret == Secret("hush")
    assert credential.grant == RefreshTokenGrant(refresh_token=Secret("1000.refresh"))
    assert str(credential.accounts_server) == "https://accounts.zoho.eu"
    assert credential.version == version


async def test_a_named_client_gives_the_secret_of_the_credentials_data_centre(vault: Vault, store: Store) -> None:
    us = "https://accounts.zoho.com"
    vault.put("clients/my-app", client_id="1000.APP", client_secret="us", client_secret_eu="for-eu", accounts_server=us)
    vault.put(
        "credentials/crm-prod", client="my-app", refresh_token="1000.r", accounts_server="https://accounts.zoho.eu"
    )

    credential = await store.credential(CRM)

    assert credential.client.client_secret == Secret("for-eu")


async def test_a_credential_without_refresh_token_is_one_of_the_client_itself(vault: Vault, store: Store) -> None:
    fields = {**BY_HAND, "grant_type": "client_credentials", "soid": "ZohoCRM.1", "scope": "ZohoCRM.modules.READ"}
    del fields["refresh_token"]
    vault.put("credentials/crm-prod", **fields)

    assert (await store.credential(CRM)).grant == ClientCredentialsGrant(soid="ZohoCRM.1", scope="ZohoCRM.modules.READ")


async def test_a_fresh_read_sees_that_the_client_was_changed(vault: Vault, store: Store) -> None:
    vault.put("clients/my-app", client_id="1000.APP", client_secret="old", accounts_server="https://accounts.zoho.eu")
    vault.put("credentials/crm-prod", client="my-app", refresh_token="1000.r")
    before = await store.credential(CRM)
    vault.put("clients/my-app", client_id="1000.APP", client_secret="new", accounts_server="https://accounts.zoho.eu")

    after = await store.credential(CRM, fresh=True)

    assert after.client.client_secret == Secret("new")
    assert after.stamp != before.stamp


@pytest.mark.parametrize("how", ["never put", "deleted", "erased"])
async def test_there_is_no_credential_that_was(vault: Vault, store: Store, how: str) -> None:
    if how != "never put":
        vault.put("credentials/crm-prod", **BY_HAND)
    if how == "deleted":
        vault.delete("credentials/crm-prod")
    if how == "erased":
        vault.erase("credentials/crm-prod")

    with pytest.raises(NoCredential):
        await store.credential(CRM)


async def test_an_unreadable_credential_names_its_field_and_not_its_value(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", **{**BY_HAND, "refresh_token": "1000.refresh\n"})

    with pytest.raises(RecordUnreadable, match="credentials/crm-prod: the field 'refresh_token'") as raised:
        await store.credential(CRM)

    assert raised.value.stamp is not None
    assert "1000" not in str(raised.value)


async def test_a_missing_client_is_named_and_seen_as_soon_as_it_is_there(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", client="my-app", refresh_token="1000.r")

    with pytest.raises(RecordUnreadable, match=r"names no client under .*clients") as raised:
        await store.credential(CRM)
    vault.put("clients/my-app", client_id="1000.APP", client_secret="s", accounts_server="https://accounts.zoho.eu")

    assert (await store.credential(CRM)).stamp != raised.value.stamp


async def test_a_rotated_refresh_token_leaves_everything_else_as_it_was(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", **BY_HAND, note="ask Ada", numbers=[1, 2])
    credential = await store.credential(CRM)

    await store.rotate(credential, Secret("1000.rotated"))

    assert vault.fields("credentials/crm-prod") == {
        **BY_HAND,
        "refresh_token": "1000.rotated",
        "note": "ask Ada",
        "numbers": [1, 2],
    }


async def test_a_rotation_gives_way_to_a_credential_that_was_changed_meanwhile(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", **BY_HAND)
    credential = await store.credential(CRM)
    vault.put("credentials/crm-prod", **{**BY_HAND, "refresh_token": "1000.by-hand"})

    with pytest.raises(Conflict):
        await store.rotate(credential, Secret("1000.rotated"))

    assert vault.fields("credentials/crm-prod")["refresh_token"] == "1000.by-hand"


async def test_nothing_is_published_at_first(store: Store) -> None:
    assert await store.published(CRM) == Published(version=0, record=None)


async def test_what_is_published_is_read_back_with_its_version(store: Store) -> None:
    assert await store.publish(a_token("1000.first"), after_version=0) == 1
    assert await store.publish(a_token("1000.second"), after_version=1) == 2

    assert await store.published(CRM) == Published(version=2, record=a_token("1000.second"))


@pytest.mark.parametrize("known", [0, 2], ids=["a writer that knew nothing", "a writer from the future"])
async def test_a_write_that_knew_another_version_changes_nothing(store: Store, known: int) -> None:
    await store.publish(a_token("1000.first"), after_version=0)

    with pytest.raises(Conflict):
        await store.publish(a_token("1000.late"), after_version=known)

    assert await store.published(CRM) == Published(version=1, record=a_token("1000.first"))


async def test_a_deleted_record_leaves_its_version_for_the_next_write(vault: Vault, store: Store) -> None:
    await store.publish(a_token(), after_version=0)
    vault.delete("tokens/crm-prod")

    assert await store.published(CRM) == Published(version=1, record=None)
    assert await store.publish(a_token(), after_version=1) == 2


async def test_an_erased_record_is_as_if_it_had_never_been(vault: Vault, store: Store) -> None:
    await store.publish(a_token(), after_version=0)
    vault.erase("tokens/crm-prod")

    assert await store.published(CRM) == Published(version=0, record=None)


async def test_a_record_of_somebody_else_counts_as_none_and_keeps_its_version(vault: Vault, store: Store) -> None:
    vault.put("tokens/crm-prod", hello="world")

    assert await store.published(CRM) == Published(version=1, record=None)


@pytest.mark.parametrize("shape", HOSTILE)
async def test_a_credential_that_cannot_be_parsed_is_unreadable(corner: Corner, shape: str) -> None:
    corner.put_texts("credentials/crm-prod", {"client_id": HOSTILE[shape]})
    async with steered(corner) as vault:
        with pytest.raises(RecordUnreadable, match=r"^kv-.*/zoho/credentials/crm-prod (is larger|holds)") as raised:
            await vault.store.credential(CRM)
    assert raised.value.stamp is not None


@pytest.mark.parametrize("shape", HOSTILE)
async def test_a_token_record_that_cannot_be_parsed_is_written_over(corner: Corner, shape: str) -> None:
    corner.put("tokens/crm-prod", hello="world")
    corner.put_texts("tokens/crm-prod", {"access_token": HOSTILE[shape]})
    async with steered(corner) as vault:
        assert await vault.store.published(CRM) == Published(version=2, record=None)
        assert await vault.store.publish(a_token(), after_version=2) == 3


async def test_a_token_record_of_2099_counts_as_none(vault: Vault, store: Store) -> None:
    await store.publish(a_token(), after_version=0)
    life = {"issued_at": "2099-01-01T00:00:00Z", "expires_at": "2099-01-01T01:00:00Z"}
    vault.put("tokens/crm-prod", **vault.fields("tokens/crm-prod") | life)

    assert await store.published(CRM) == Published(version=2, record=None)


async def test_a_budget_that_cannot_be_parsed_counts_nothing(corner: Corner) -> None:
    corner.put_texts("budgets/a", {"requests": HOSTILE["larger than 64 kB"]})
    async with steered(corner) as vault:
        assert await vault.store.budget("a") == BudgetRecord()


async def test_the_history_remembers_when_each_of_the_last_ten_versions_was_written(store: Store) -> None:
    for version in range(12):
        await store.publish(a_token(), after_version=version)

    history = await store.history(CRM)

    assert len(history) == 10
    assert all(instant.tzinfo is not None for instant in history)
    assert max(history) - min(history) < timedelta(minutes=1)


async def test_a_record_that_never_was_has_no_history(store: Store) -> None:
    assert await store.history(CRM) == ()


async def test_the_policy_tells_beforehand_which_records_cannot_be_written(vault: Vault, store: Store) -> None:
    names = {ConnectionName(f"crm-{number}") for number in range(300)}
    vault.forbid("tokens/crm-7")

    assert await store.unwritable(names) == {"crm-7"}
    assert await store.unwritable(()) == frozenset()


async def test_a_denied_read_names_the_path_and_spares_the_other_connections(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", **BY_HAND)
    vault.put("credentials/crm-test", **BY_HAND)
    vault.forbid("credentials/crm-prod")

    with pytest.raises(VaultForbidden, match="credentials/crm-prod"):
        await store.credential(CRM)

    assert (await store.credential(ConnectionName("crm-test"))).version == 1


async def test_a_denied_write_writes_nothing(vault: Vault, store: Store) -> None:
    await store.publish(a_token("1000.first"), after_version=0)
    vault.forbid("tokens/crm-prod")

    with pytest.raises(VaultForbidden, match="tokens/crm-prod"):
        await store.publish(a_token("1000.second"), after_version=1)

    assert vault.fields("tokens/crm-prod")["access_token"] == "1000.first"


async def test_nothing_works_while_vault_is_away_and_everything_does_after(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", **BY_HAND)
    credential = await store.credential(CRM)
    vault.down()

    for attempt in (
        store.names(),
        store.credential(CRM),
        store.rotate(credential, Secret("1000.rotated")),
        store.published(CRM),
        store.history(CRM),
        store.publish(a_token(), after_version=0),
        store.unwritable({CRM}),
        store.recorded(),
        store.budget("0123abcd"),
        store.budgets(),
        store.remember_budget("0123abcd", BudgetRecord()),
    ):
        with pytest.raises(VaultUnavailable):
            await attempt
    vault.up()

    assert await store.publish(a_token(), after_version=0) == 1


async def test_a_write_whose_answer_is_lost_has_landed_all_the_same(vault: Vault, store: Store) -> None:
    vault.lose_next_answer()

    with pytest.raises(VaultUnavailable):
        await store.publish(a_token("1000.landed"), after_version=0)

    assert await store.published(CRM) == Published(version=1, record=a_token("1000.landed"))
    with pytest.raises(Conflict):
        await store.publish(a_token("1000.landed"), after_version=0)


async def test_a_published_record_is_as_the_contract_says(vault: Vault, store: Store) -> None:
    await store.publish(replace(a_token(), expires_at=datetime(2026, 11, 24, 13, 0, 0, 900, UTC)), after_version=0)

    assert vault.fields("tokens/crm-prod") == {
        "access_token": "1000.access",
        "token_type": "Bearer",
        "authorization": "Zoho-oauthtoken 1000.access",
        "expires_at": "2026-11-24T13:00:00Z",
        "expires_at_epoch": 1795525200,
        "issued_at": "2026-11-24T12:00:00Z",
        "refresh_after": "2026-11-24T12:30:00Z",
        "api_domain": "https://www.zohoapis.eu",
        "accounts_server": "https://accounts.zoho.eu",
        "data_center": "eu",
        "scope": "ZohoCRM.modules.ALL",
        "connection": "crm-prod",
        "schema": "1",
    }


async def test_a_credential_that_was_destroyed_and_made_anew_has_another_stamp(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", **BY_HAND)
    before = await store.credential(CRM)
    vault.erase("credentials/crm-prod")
    vault.put("credentials/crm-prod", **BY_HAND)

    after = await store.credential(CRM)

    assert after.version == before.version
    assert after.stamp != before.stamp


async def test_every_record_that_was_not_erased_is_listed(vault: Vault, store: Store) -> None:
    others = [ConnectionName(f"crm-{each}") for each in range(2)]
    for name in (CRM, *others):
        await store.publish(replace(a_token(), connection=name), after_version=0)
    vault.delete("tokens/crm-0")
    vault.erase("tokens/crm-1")

    assert await store.recorded() == {CRM, "crm-0"}


async def test_a_record_that_was_erased_conflicts_with_the_write_that_knew_it(vault: Vault, store: Store) -> None:
    await store.publish(a_token("1000.first"), after_version=0)
    vault.erase("tokens/crm-prod")

    with pytest.raises(Conflict):
        await store.publish(a_token("1000.second"), after_version=1)


async def test_what_was_spent_in_vain_is_remembered(store: Store) -> None:
    assert await store.budget("0123abcd") == BudgetRecord()
    asked_at = datetime(2026, 11, 24, 12, 0, 0, 123456, UTC)
    record = BudgetRecord(requests=(asked_at,), connections=frozenset({CRM}))

    assert await store.remember_budget("0123abcd", record) == 1

    assert await store.budget("0123abcd") == replace(record, version=1)
    assert await store.budgets() == {"0123abcd"}
    with pytest.raises(Conflict):
        await store.remember_budget("0123abcd", record)


async def test_a_budget_record_that_is_none_of_ours_counts_nothing_and_is_written_over(
    vault: Vault, store: Store
) -> None:
    vault.put("budgets/0123abcd", requests="yesterday, at noon", connections="", schema="1")

    assert await store.budget("0123abcd") == BudgetRecord(version=1)


async def test_each_step_of_a_refresh_costs_one_request(vault: Vault, store: Store) -> None:
    vault.put("credentials/crm-prod", **BY_HAND)
    for step in (
        lambda: store.credential(CRM),
        lambda: store.published(CRM),
        lambda: store.history(CRM),
        lambda: store.publish(a_token(), after_version=0),
        lambda: store.unwritable({ConnectionName(f"crm-{number}") for number in range(256)}),
    ):
        before = len(vault.requests)
        await step()
        assert len(vault.requests) == before + 1
