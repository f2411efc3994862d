"""`deploy/readers/with-curl.sh`, run as it is shipped."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.clocks.wall_clock import WallClock
from tests.support.documents.reader_rows import READERS
from tests.support.places.default_site import CONNECTION, DefaultSite
from tests.support.processes.process import Finished
from tests.support.processes.spied_programs import SpiedPrograms

SCRIPT = READERS / "with-curl.sh"
PATIENCE = 120.0


@pytest.fixture
def programs(tmp_path: Path) -> SpiedPrograms:
    folder = tmp_path / "programs"
    folder.mkdir()
    return SpiedPrograms(folder, "curl", "jq", "date", "sleep")


class Script:
    """The script, begun, for a connection."""

    def __init__(self, here: DefaultSite, programs: SpiedPrograms, *, connection: str = CONNECTION) -> None:
        self.vault_token = here.vault_token().reveal()
        environment = {"PATH": programs.path, "VAULT_ADDR": here.address, "VAULT_TOKEN": self.vault_token}
        command = [str(SCRIPT), connection, "/crm/v8/org"]
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finished(self) -> Finished:
        try:
            out, err = self._process.communicate(timeout=PATIENCE)
        finally:
            self._process.kill()
        return Finished(self._process.returncode, out, err)


def until(question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def with_life(here: DefaultSite, seconds: int) -> dict[str, object]:
    """The record as it is, but with so many seconds to live."""
    return here.record() | {"expires_at_epoch": int(WallClock().now().timestamp()) + seconds}


def test_the_script_prints_what_the_crm_answers(here: DefaultSite, programs: SpiedPrograms) -> None:
    here.publish()
    script = Script(here, programs).finished()
    assert (script.code, script.err) == (0, "")
    assert json.loads(script.out)["org"][0]["company_name"]
    assert here.crm_calls() == [200]


def test_no_process_list_shows_a_secret_of_the_script(here: DefaultSite, programs: SpiedPrograms) -> None:
    here.publish()
    script = Script(here, programs)
    script.finished()
    assert [line.split()[0] for line in programs.lines].count("curl") == 2
    everything = "\n".join(programs.lines)
    assert str(here.record()["access_token"]) not in everything
    assert script.vault_token not in everything


def test_a_token_that_is_about_to_end_is_read_again_until_the_daemon_has_replaced_it(
    here: DefaultSite, programs: SpiedPrograms, tmp_path: Path
) -> None:
    here.publish()
    good, replaced = here.record(), tmp_path / "replaced"
    here.corner.put(f"tokens/{CONNECTION}", **with_life(here, 50))
    programs.stand_in("sleep", f'[ "$1" = 0 ] || timeout 20 sh -c "until [ -e {replaced} ]; do /bin/sleep 0.1; done"')
    script = Script(here, programs)
    until(lambda: "sleep 5" in programs.lines)
    assert here.crm_calls() == []
    here.corner.put(f"tokens/{CONNECTION}", **good)
    replaced.touch()
    assert script.finished().code == 0
    assert here.crm_calls() == [200]


def test_a_token_that_nobody_replaces_is_not_sent_and_the_message_says_where_to_look(
    here: DefaultSite, programs: SpiedPrograms
) -> None:
    here.publish()
    here.corner.put(f"tokens/{CONNECTION}", **with_life(here, -90))
    programs.stand_in("sleep", "")
    script = Script(here, programs).finished()
    assert (script.code, script.out) == (1, "")
    assert f"the token of {CONNECTION} has -9" in script.err
    assert "/status" in script.err
    assert here.crm_calls() == []


def test_a_token_that_died_before_its_time_is_an_error_that_shows_the_crms_answer(
    here: DefaultSite, programs: SpiedPrograms
) -> None:
    here.publish()
    here.site.zoho.evict(here.refresh_token)
    script = Script(here, programs).finished()
    assert script.code != 0
    assert json.loads(script.out)["code"] == "INVALID_TOKEN"


def test_another_connection_than_the_policy_names_is_refused_and_nothing_is_sent(
    here: DefaultSite, programs: SpiedPrograms
) -> None:
    here.publish()
    script = Script(here, programs, connection="crm-other").finished()
    assert script.code != 0
    assert "403" in script.err
    assert here.crm_calls() == []
