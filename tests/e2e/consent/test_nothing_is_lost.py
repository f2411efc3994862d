"""A refresh token that was obtained reaches Vault, whatever happens to Vault meanwhile."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.canary import assert_no_canary
from tests.support.people.consent_desk import Desk
from tests.support.people.person import AtTerminal
from tests.support.processes.process import Finished
from tests.support.servers.relay_in_thread import ThreadedRelay, relay_in_thread

PASSPHRASE = "correct horse battery"
SHORT = "--patience=2s"


@pytest.fixture
def relay(desk: Desk) -> Iterator[ThreadedRelay]:
    """Between the commands and Vault."""
    with relay_in_thread(desk.site.corner.address) as relay:
        desk.address = relay.address
        yield relay


@contextmanager
def in_an_outage(desk: Desk, relay: ThreadedRelay, *more: str) -> Iterator[AtTerminal]:
    """A self client's code was exchanged at a terminal, and Vault is away since it was typed."""
    application = desk.registered()
    code = desk.site.zoho.grant_code(application)
    with desk.at_terminal("authorize", "self-client", "crm-prod", "--client=app", *more) as command:
        command.says("Code: ")
        relay.cut()
        command.type(code)
        yield command


def rescue(desk: Desk, relay: ThreadedRelay) -> Path:
    """The rescue file of a credential that Vault did not take."""
    with in_an_outage(desk, relay, SHORT) as command:
        command.says("Passphrase: ")
        command.type(PASSPHRASE)
        command.says("The same once more: ")
        command.type(PASSPHRASE)
        assert command.end() == 1
        (file,) = desk.folder.iterdir()
        assert f"run `zoho-tokend authorize finish {file}`" in "".join(command.screen.splitlines())
    relay.mend()
    return file


def finish(desk: Desk, file: Path, *more: str, passphrase: str = PASSPHRASE) -> Finished:
    return desk.run("authorize", "finish", str(file), *more, typed=(passphrase,))


def test_an_outage_is_counted_down_and_survived(desk: Desk, relay: ThreadedRelay) -> None:
    with in_an_outage(desk, relay) as command:
        command.says("The credential is held; next try in")
        *_, trouble, countdown = command.screen.splitlines()
        assert "check VAULT_ADDR, and whether it runs" in trouble
        assert countdown.startswith("The credential is held; next try in")
        relay.mend()
        assert command.end() == 0
        assert "next try" not in command.screen, "the countdown stays behind"
    assert desk.version("credentials/crm-prod") == 1
    assert list(desk.folder.iterdir()) == []


def test_an_answer_that_was_lost_makes_no_second_version(desk: Desk, relay: ThreadedRelay) -> None:
    application = desk.registered()
    code = desk.site.zoho.grant_code(application)
    with desk.at_terminal("authorize", "self-client", "crm-prod", "--client=app") as command:
        command.says("Code: ")
        relay.lose_next_answer()
        command.type(code)
        assert command.end() == 0
    assert desk.version("credentials/crm-prod") == 1


def test_what_vault_does_not_take_lies_in_a_file_and_is_finished_later(desk: Desk, relay: ThreadedRelay) -> None:
    file = rescue(desk, relay)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    refresh_tokens = list(desk.site.zoho._directory.ledgers["us"]._by_refresh_token)
    assert_no_canary([*refresh_tokens, PASSPHRASE], file.read_bytes())
    done = finish(desk, file)
    assert done.code == 0, done.err
    assert desk.credential()["refresh_token"] == refresh_tokens[0]
    assert (desk.site.versions("crm-prod"), list(desk.folder.iterdir())) == (1, [])


def test_ctrl_c_in_an_outage_asks_for_the_passphrase_at_once(desk: Desk, relay: ThreadedRelay) -> None:
    with in_an_outage(desk, relay) as command:
        command.says("next try in")
        command.interrupt()
        command.says("Passphrase: ")
        command.type(PASSPHRASE)
        command.says("The same once more: ")
        command.type(PASSPHRASE)
        assert command.end() == 1
    relay.mend()
    assert finish(desk, desk.rescue_file()).code == 0


def test_passphrases_that_are_short_or_differ_are_asked_for_again(desk: Desk, relay: ThreadedRelay) -> None:
    with in_an_outage(desk, relay, SHORT) as command:
        command.says("Passphrase: ")
        command.type("short")
        command.says("A passphrase needs at least 8 characters.\r\nPassphrase: ")
        command.type(PASSPHRASE)
        command.says("The same once more: ")
        command.type("something else")
        command.says("The two differ; try again.\r\nPassphrase: ")
        assert list(desk.folder.iterdir()) == []
        relay.mend()


def test_a_script_without_a_passphrase_holds_on_until_vault_is_back(desk: Desk, relay: ThreadedRelay) -> None:
    application = desk.registered()
    with desk.begin("authorize", "self-client", "crm-prod", "--client=app", "--patience=0s") as command:
        command.says("The code lives 3 to 10 minutes")
        relay.cut()
        command.type(desk.site.zoho.grant_code(application))
        command.hang_up()
        heard = command.says("No file was written. The credential is held in memory, and Vault is retried.")
        command.says("The credential is held; next try in")
        relay.mend()
        assert command.end() == 0, heard
    assert desk.version("credentials/crm-prod") == 1


@pytest.mark.parametrize(
    ("passphrase", "sentence"),
    [("not the one", "the passphrase does not open"), ("", "Passphrase was expected")],
    ids=["another", "none"],
)
def test_the_file_stays_where_the_passphrase_is_not_the_one(
    desk: Desk, relay: ThreadedRelay, passphrase: str, sentence: str
) -> None:
    file = rescue(desk, relay)
    refused = finish(desk, file, passphrase=passphrase)
    assert (refused.code, refused.err.startswith(f"zoho-tokend: {sentence}")) == (1, True)
    assert (file.exists(), desk.version("credentials/crm-prod")) == (True, 0)


def test_any_other_file_is_none_of_ours(desk: Desk, tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_text("{}")
    assert finish(desk, junk).err == f"zoho-tokend: {junk} is not a rescue file\n"


def test_a_credential_that_was_stored_meanwhile_is_replaced_only_on_request(desk: Desk, relay: ThreadedRelay) -> None:
    file = rescue(desk, relay)
    desk.site.corner.put("credentials/crm-prod", refresh_token="another")
    refused = finish(desk, file)
    assert (refused.code, desk.version("credentials/crm-prod"), file.exists()) == (1, 1, True)
    assert "another credential of crm-prod was stored since" in refused.err
    assert finish(desk, file, "--replace").code == 0
    assert (desk.version("credentials/crm-prod"), file.exists()) == (2, False)
