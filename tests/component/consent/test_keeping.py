"""A credential that is in hand is never lost, on virtual time: Vault takes it, or a file does, or it is held."""

import asyncio
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from tests.canary import assert_no_canary
from tests.support.clocks.loop_clock import LoopClock
from tests.support.samples.builders import CRM, MINUTE, SECOND, secret
from tests.support.stand_ins.consent_fakes import FakePerson, FakeRegistry
from tests.support.stand_ins.fakes import FakeVault
from zoho_tokend.core.model import Secret
from zoho_tokend.operations.credential_writer import PATIENCE, CredentialWriter, NotWritten, NowhereToRescue
from zoho_tokend.operations.person import NobodyThere
from zoho_tokend.operations.rescue_file import recover

pytestmark = pytest.mark.looptime

PATH = f"credentials/{CRM}"
FIELDS = {"client": "app", "refresh_token": secret("refresh").reveal()}
PASSPHRASE = "correct horse battery"


class Scene:
    def __init__(self, folder: Path, *passphrases: str | None, patience: timedelta = PATIENCE) -> None:
        self.folder = folder
        self.vault = FakeVault(clock=LoopClock())
        self.person = FakePerson(*passphrases)
        self.writer = CredentialWriter(
            FakeRegistry(self.vault), self.person, clock=LoopClock(), folder=folder, patience=patience
        )

    async def keep(self, *, after_version: int = 0) -> int:
        return await self.writer.write(CRM, FIELDS, after_version=after_version)

    def away_for(self, time: timedelta) -> None:
        """Vault is away from now on, and back after this time."""
        self.vault.down()
        asyncio.get_running_loop().call_later(time.total_seconds(), self.vault.up)

    @property
    def files(self) -> list[Path]:
        """What lies in the folder."""
        return list(self.folder.iterdir())

    def rescued(self) -> dict[str, object]:
        """What the one file in the folder holds, which nobody but its owner may read."""
        (file,) = self.files
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert_no_canary([FIELDS["refresh_token"], PASSPHRASE], file.read_bytes())
        return dict(recover(file, Secret(PASSPHRASE)).fields)


async def test_it_is_written_at_once_where_vault_takes_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    assert await scene.keep() == 1
    assert scene.vault.fields(PATH) == FIELDS
    assert (scene.person.said, scene.files) == ([], [])


async def test_an_outage_is_waited_for_before_the_persons_eyes(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.away_for(4 * MINUTE)
    assert await scene.keep() == 1
    assert scene.vault.fields(PATH) == FIELDS
    assert scene.person.said[0] == "no connection to Vault"
    assert set(scene.person.said[1:]) == {"The credential is held; next try"}
    assert all(SECOND <= wait <= 30 * SECOND for wait in scene.person.waits)


async def test_a_write_whose_answer_was_lost_is_recognised_as_ours(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.vault.lose_next_answer()
    assert await scene.keep() == 1
    assert scene.files == []


async def test_after_its_patience_it_lies_in_a_file_that_the_passphrase_opens(tmp_path: Path) -> None:
    scene = Scene(tmp_path, PASSPHRASE, patience=2 * MINUTE)
    scene.vault.down()
    with pytest.raises(NotWritten, match=r"run `zoho-tokend authorize finish .*\.rescue`"):
        await scene.keep()
    assert scene.rescued() == FIELDS
    assert MINUTE < sum(scene.person.waits, timedelta()) <= 2 * MINUTE


async def test_a_policy_that_denies_the_write_is_not_waited_for(tmp_path: Path) -> None:
    scene = Scene(tmp_path, PASSPHRASE)
    scene.vault.forbid(PATH)
    with pytest.raises(NotWritten):
        await scene.keep()
    assert (scene.rescued(), scene.person.waits) == (FIELDS, [])


async def test_a_credential_that_somebody_else_stored_first_is_left_as_it_is(tmp_path: Path) -> None:
    scene = Scene(tmp_path, PASSPHRASE)
    scene.vault.put(PATH, refresh_token="another")
    with pytest.raises(NotWritten):
        await scene.keep()
    assert (scene.rescued(), scene.vault.fields(PATH)) == (FIELDS, {"refresh_token": "another"})


async def test_whoever_will_not_wait_gets_the_file_at_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, PASSPHRASE)
    scene.vault.down()
    scene.person.impatient = True
    with pytest.raises(NotWritten):
        await scene.keep()
    assert (scene.rescued(), scene.person.waits) == (FIELDS, [])


async def test_where_nobody_chooses_a_passphrase_it_is_held_and_offered_further(tmp_path: Path) -> None:
    scene = Scene(tmp_path, *[None] * 9, patience=timedelta())
    scene.away_for(2 * MINUTE)
    assert await scene.keep() == 1
    assert scene.vault.fields(PATH) == FIELDS
    assert scene.files == []


async def test_where_nobody_chooses_a_passphrase_and_waiting_is_of_no_use_it_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path, None)
    scene.vault.put(PATH, refresh_token="another")
    with pytest.raises(NobodyThere):
        await scene.keep()


async def test_where_nobody_chooses_a_passphrase_a_mended_policy_saves_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, *[None] * 9)
    scene.vault.forbid(PATH)
    asyncio.get_running_loop().call_later(120, scene.vault.allow, PATH)
    assert await scene.keep() == 1
    assert scene.vault.fields(PATH) == FIELDS


async def test_a_folder_that_takes_no_file_is_noticed_before_a_code_is_spent(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "missing")
    with pytest.raises(NowhereToRescue, match=r"missing: No such file or directory: name a folder .* --rescue-folder"):
        scene.writer.prove_rescuable()


async def test_the_proof_that_a_folder_takes_a_file_leaves_nothing_there(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.writer.prove_rescuable()
    assert scene.files == []


async def test_a_file_that_cannot_be_written_is_put_into_another_folder(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "missing", PASSPHRASE)
    scene.vault.forbid(PATH)
    scene.person.folders += [tmp_path / "missing too", tmp_path]
    with pytest.raises(NotWritten, match=str(tmp_path)):
        await scene.keep()
    scene.folder = tmp_path
    assert scene.rescued() == FIELDS
    assert sum(said.startswith("The credential is held, for no file can be") for said in scene.person.said) == 2


async def test_where_nobody_names_a_folder_the_credential_is_held_and_offered(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "missing", *[PASSPHRASE] * 9, patience=timedelta())
    scene.away_for(2 * MINUTE)
    assert await scene.keep() == 1
    assert scene.vault.fields(PATH) == FIELDS


async def test_nothing_secret_is_said_to_the_person(tmp_path: Path) -> None:
    scene = Scene(tmp_path, PASSPHRASE, patience=MINUTE)
    scene.vault.down()
    with pytest.raises(NotWritten) as failed:
        await scene.keep()
    assert_no_canary([FIELDS["refresh_token"], PASSPHRASE], *scene.person.said, str(failed.value), repr(failed.value))
