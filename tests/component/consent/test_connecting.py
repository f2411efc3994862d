"""From a grant to a connection that is proved, on virtual time."""

import asyncio
from pathlib import Path
from tempfile import gettempdir

import pytest

from tests.support.clocks.loop_clock import LoopClock
from tests.support.samples.builders import CRM, a_record, secret
from tests.support.stand_ins.consent_fakes import FakeApi, FakePerson, FakeRegistry
from tests.support.stand_ins.fake_zoho import FakeZoho, fails
from tests.support.stand_ins.fakes import FakeVault
from zoho_tokend.core.consent import Alive, AliveWithoutScope, Dead, NoApiAccess, Proof, Unproven
from zoho_tokend.core.errors import GrantRejected, VaultForbidden, VaultUnavailable
from zoho_tokend.core.policy import Policy
from zoho_tokend.engine.one_shot import OneShotRefresh
from zoho_tokend.operations.authorize import AlreadyConnected, Authorization, NotProved
from zoho_tokend.operations.credential_writer import CredentialWriter, NowhereToRescue
from zoho_tokend.vault import codec

pytestmark = pytest.mark.looptime

PATH = f"credentials/{CRM}"
ALIVE = Alive(organisation="Tidewater Looms", org_id="60001234567")
FIELDS = {
    "client_id": "1000.CLIENT",
    "client_secret": "invented",
    "refresh_token": secret("refresh").reveal(),
    "accounts_server": "https://accounts.zoho.eu",
}


class Scene:
    def __init__(self, proof: Proof = ALIVE, *, folder: Path | None = None) -> None:
        clock = LoopClock()
        self.vault = FakeVault(clock=clock)
        self.zoho = FakeZoho(clock)
        self.api = FakeApi(proof)
        self.person = FakePerson()
        registry = FakeRegistry(self.vault)
        self.connecting = Authorization(
            credentials=registry,
            tokens=self.vault,
            prover=self.api,
            one_shot=OneShotRefresh(
                credentials=self.vault,
                tokens=self.vault,
                budgets=self.vault,
                endpoint=self.zoho,
                policy=Policy(),
                clock=clock,
            ),
            writer=CredentialWriter(registry, self.person, clock=clock, folder=folder or Path(gettempdir())),
            person=self.person,
        )

    async def connect(self) -> bool:
        return await self.connecting.connect(await self.connecting.reserve(CRM, replace=True), FIELDS)


async def test_a_grant_becomes_a_connection_whose_token_the_api_takes() -> None:
    scene = Scene()
    assert await scene.connect()
    assert scene.vault.fields(PATH) == FIELDS
    assert scene.api.asked == ["https://www.zohoapis.eu"]
    assert scene.person.said == [
        "The credential of crm-prod is in Vault, at secret/zoho/credentials/crm-prod, as version 1.",
        "Its first token is in Vault too, good until 13:00:00 UTC.",
        "Zoho's API says: the token works; it belongs to Tidewater Looms (60001234567).",
    ]


@pytest.mark.parametrize(
    ("proof", "sentence"),
    [
        (AliveWithoutScope(), "the token works; which organisation it belongs to is not shown"),
        (NoApiAccess(), "the token is good, but its user may not use the API"),
        (Unproven("the API is away"), "the API is away"),
    ],
)
async def test_what_the_api_says_of_a_token_is_passed_on(proof: Proof, sentence: str) -> None:
    scene = Scene(proof)
    assert await scene.connect()
    assert scene.person.said[-1].startswith(f"Zoho's API says: {sentence}")


async def test_a_token_that_the_api_does_not_take_is_no_proof() -> None:
    with pytest.raises(NotProved, match="its first token was issued, but Zoho's API does not take the token"):
        await Scene(Dead()).connect()


async def test_a_refresh_that_fails_leaves_the_credential_and_says_so() -> None:
    scene = Scene()
    scene.zoho.script(CRM, fails(GrantRejected("Zoho does not accept the refresh token")))
    with pytest.raises(NotProved, match="the credential of crm-prod is in Vault, but its first refresh failed"):
        await scene.connect()
    assert scene.vault.fields(PATH) == FIELDS


async def test_a_proof_that_the_budget_defers_is_not_a_proof_yet() -> None:
    scene = Scene()
    for _ in range(8):
        scene.vault.put(f"tokens/{CRM}", **codec.token_fields(a_record()))
        await asyncio.sleep(1)
    assert not await scene.connect()
    assert scene.person.said[-1].startswith("The first refresh waits until 12:1")


async def test_there_is_no_room_where_a_credential_stands_unless_it_is_to_be_replaced() -> None:
    scene = Scene()
    scene.vault.put(PATH, **FIELDS)
    with pytest.raises(AlreadyConnected, match="pass --replace to put a new one in its place"):
        await scene.connecting.reserve(CRM, replace=False)
    slot = await scene.connecting.reserve(CRM, replace=True)
    assert (slot.after_version, slot.replaced) == (1, FIELDS)
    assert "the 21st silently kills the oldest" in scene.person.said[0]
    assert FIELDS["refresh_token"] not in repr(slot)


async def test_there_is_room_after_a_credential_that_was_deleted() -> None:
    scene = Scene()
    scene.vault.put(PATH, **FIELDS)
    scene.vault.delete(PATH)
    slot = await scene.connecting.reserve(CRM, replace=False)
    assert (slot.after_version, slot.replaced, scene.person.said) == (1, None, [])


@pytest.mark.parametrize("trouble", [VaultForbidden, VaultUnavailable])
async def test_there_is_no_room_where_vault_does_not_take_writes(trouble: type[Exception]) -> None:
    scene = Scene()
    if trouble is VaultForbidden:
        scene.vault.forbid(PATH)
    else:
        scene.vault.down()
    with pytest.raises(trouble):
        await scene.connecting.reserve(CRM, replace=False)


async def test_there_is_no_room_where_no_rescue_file_can_be_written(tmp_path: Path) -> None:
    scene = Scene(folder=tmp_path / "missing")
    with pytest.raises(NowhereToRescue, match="nothing is spent yet"):
        await scene.connecting.reserve(CRM, replace=False)
