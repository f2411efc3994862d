"""Every command but ``run``, as a person or a script types it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.support.places.site import Site, a_site
from tests.support.processes.process import Daemon, Finished, call, open_command
from tests.support.servers.openbao import Admin, new_corner
from zoho_tokend import __version__
from zoho_tokend.cli import main
from zoho_tokend.vault.policy import reader_policy


@dataclass(frozen=True)
class Shell:
    """A shell of somebody who may read tokens and nothing else, beside a running daemon."""

    site: Site
    daemon: Daemon
    environment: dict[str, str]

    def __call__(self, *arguments: str) -> Finished:
        return call(*arguments, environment=self.environment)

    @property
    def access_token(self) -> str:
        return str(self.site.token("crm-prod")["access_token"])


@pytest.fixture(scope="module")
def shell(admin: Admin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with a_site(new_corner(admin), tmp_path_factory.mktemp("site")) as site:
        site.connect("crm-prod")
        with site.daemon() as daemon:
            daemon.until_state("crm-prod", "fresh")
            reader = admin.token(admin.policy(reader_policy(site.corner.layout)))
            listen = daemon.address.removeprefix("http://")
            yield Shell(site, daemon, dict(site.environment(VAULT_TOKEN=reader.reveal(), LISTEN=listen)))


def test_token_prints_the_token_and_nothing_else(shell: Shell) -> None:
    assert shell("token", "crm-prod") == Finished(0, f"{shell.access_token}\n", "")


def test_token_prints_the_header_that_zoho_wants(shell: Shell) -> None:
    assert shell("token", "crm-prod", "--header") == Finished(0, f"Zoho-oauthtoken {shell.access_token}\n", "")


def test_token_refuses_one_with_less_life_than_was_asked_for(shell: Shell) -> None:
    refused = shell("token", "crm-prod", "--min-life", "2h")
    assert (refused.code, refused.out) == (1, "")
    assert "7200 s were asked for" in refused.err
    assert shell.access_token not in refused.err


def test_token_says_so_where_there_is_none(shell: Shell) -> None:
    finished = shell("token", "nobody")
    assert (finished.code, finished.out) == (1, "")
    assert finished.err == "zoho-tokend: there is no token for nobody: is it a connection, and does the daemon run?\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["juggle"], "No such command 'juggle'", id="an unknown command"),
        pytest.param(["policy", "juggler"], "No such command 'juggler'", id="an unknown policy"),
        pytest.param(["run", "--fast"], "No such option '--fast'", id="an unknown option"),
        pytest.param(["token", "über"], "a connection's name has letters", id="a name that cannot be one"),
        pytest.param(["token", "crm-prod", "--min-life", "soon"], "'soon' is not a duration", id="no duration"),
    ],
)
def test_a_slip_of_the_fingers_is_a_usage_error(arguments: list[str], sentence: str) -> None:
    finished = CliRunner().invoke(main, arguments)
    assert (finished.exit_code, finished.stdout) == (2, "")
    assert sentence in finished.stderr


def test_healthcheck_is_content_with_a_daemon_that_is_ready(shell: Shell) -> None:
    assert shell("healthcheck", "--ready") == Finished(0, "", "")


def test_healthcheck_fails_where_nobody_answers(shell: Shell) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{nobody.getsockname()[1]}"
        finished = call("healthcheck", environment=shell.environment | {"ZOHO_TOKEND_LISTEN": listen})
    assert finished.code == 1
    assert "no answer from" in finished.err
    assert listen in finished.err


def test_settings_in_force_are_shown_with_their_source_and_without_a_secret(shell: Shell) -> None:
    shown = shell("settings", "--effective", "--json")
    rows = {row["name"]: row for row in json.loads(shown.out)}
    assert rows["MOUNT"]["value"] == shell.site.corner.mount
    assert rows["MOUNT"]["source"] == "environment variable ZOHO_TOKEND_MOUNT"
    assert (rows["VAULT_TOKEN"]["value"], rows["REFRESH_AT"]["source"]) == ("***", "default")
    assert shell.environment["ZOHO_TOKEND_VAULT_TOKEN"] not in shown.out + shown.err


def every_command(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    yield above
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, *above, name)
        else:
            yield (*above, name)


@pytest.mark.parametrize("command", list(every_command(main)), ids=lambda command: " ".join(command) or "itself")
def test_every_command_explains_itself_with_nothing_set(command: tuple[str, ...]) -> None:
    told = CliRunner().invoke(main, [*command, "--help"], prog_name="zoho-tokend")
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.startswith(" ".join(["Usage: zoho-tokend", *command]))


def test_version_and_the_documented_settings_need_nothing_set() -> None:
    assert call("version") == call("--version") == Finished(0, f"{__version__}\n", "")
    assert "\nREFRESH_AT\n" in call("settings").out


def test_the_installed_command_is_the_same_program() -> None:
    script = Path(sys.executable).with_name("zoho-tokend")
    assert subprocess.run([script, "version"], env={}, capture_output=True, check=True).stdout.decode().strip() == (
        __version__
    )


def test_demo_once_ends_well_and_leaves_no_process_behind(tmp_path: Path) -> None:
    mark = {"DEMO_OF": str(tmp_path)}
    demo = open_command("demo", "--once", "--lifetime", "10s", environment=mark)
    most = 0
    try:
        while demo.poll() is None:
            most = max(most, len(processes_with(mark)))
            time.sleep(0.2)
        out, err = demo.communicate()
    finally:
        demo.kill()
    assert (demo.returncode, err) == (0, "")
    assert "Every connection was refreshed 2 times." in out
    assert most >= 2, "no server was seen beside the demo, so this test would not notice one that stays"
    assert processes_with(mark) == []


def processes_with(mark: dict[str, str]) -> list[int]:
    """The ids of the processes that have these variables, as children have those of their parents."""
    wanted = {os.fsencode(f"{name}={value}") for name, value in mark.items()}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended, or is another user's
            if wanted <= set((folder / "environ").read_bytes().split(b"\0")):
                found.append(int(folder.name))
    return found
