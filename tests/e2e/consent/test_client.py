"""Applications get into Vault, and their secrets nowhere else."""

import json
from pathlib import Path

import pytest

from tests.support.people.consent_desk import REDIRECT_URI, Desk
from zoho_simulator import ClientKind
from zoho_simulator.rules.shapes import new_client_secret

NEW = ("--client-id=1000.ABC", "--kind=self", "--data-center=eu", "--connections=crm-*,sales")


def test_a_client_is_recorded_with_a_secret_from_standard_input(desk: Desk) -> None:
    application = desk.application(ClientKind.SERVER)
    added = desk.add(application)
    assert (added.code, added.out) == (0, "")
    assert added.err == f"The client app is in Vault, at {desk.site.corner.mount}/zoho/clients/app.\n"
    assert desk.site.corner.fields("clients/app") == {
        "client_id": application.client_id,
        "client_secret": application.client_secret,
        "kind": "server",
        "accounts_server": desk.site.zoho.us.accounts_server,
        "redirect_uri": REDIRECT_URI,
        "connections": "*",
    }


def test_a_secret_is_read_from_a_file(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{new_client_secret()}\n")
    assert desk.run("client", "add", "app", *NEW, f"--secret-file={file}").code == 0
    assert desk.site.corner.fields("clients/app")["client_secret"] == file.read_text().strip()


def test_at_a_terminal_the_secret_is_asked_for_and_not_shown(desk: Desk) -> None:
    secret = new_client_secret()
    with desk.at_terminal("client", "add", "app", *NEW) as command:
        command.says("Client secret: ")
        command.type(secret)
        assert command.end() == 0
        assert "The client app is in Vault" in command.screen
    assert desk.site.corner.fields("clients/app")["client_secret"] == secret


def test_at_a_terminal_a_new_client_is_asked_whom_it_serves(desk: Desk) -> None:
    with desk.at_terminal("client", "add", "app", *NEW[:3]) as command:
        command.says("Connections that may use it")
        command.type("crm prod", secret=False)
        command.says("Error: it lists names of connections")
        command.says("Connections that may use it")
        command.type("crm-*,sales", secret=False)
        command.says("Grant types that may be used with it")
        command.type("refresh_token", secret=False)
        command.says("Client secret: ")
        command.type(new_client_secret())
        assert command.end() == 0
    kept = desk.site.corner.fields("clients/app")
    assert (kept["connections"], kept["grant_types"]) == ("crm-*,sales", "refresh_token")


def test_a_client_that_anybody_may_use_is_warned_of_until_it_names_somebody(desk: Desk) -> None:
    desk.registered()
    warning = "Any connection may use app: say which may with `zoho-tokend client add NAME --replace --connections"
    assert warning in desk.run("client", "list").err
    assert warning in desk.run("client", "add", "app", "--replace", "--kind=self", typed=("",)).err
    assert warning not in desk.run("client", "add", "app", "--replace", "--connections=*", typed=("",)).err
    listed = desk.run("client", "list")
    assert (warning in listed.err, listed.out.rstrip().endswith("*")) == (False, True)


def test_a_second_secret_for_another_data_centre_joins_what_is_there(desk: Desk) -> None:
    application = desk.application(ClientKind.SERVER, same_secret=False)
    desk.add(application)
    added = desk.run("client", "add", "app", "--replace", "--secret-for=eu", typed=(application.secrets["eu"],))
    assert added.code == 0, added.err
    kept = desk.site.corner.fields("clients/app")
    assert (kept["client_secret"], kept["client_secret_eu"]) == (application.secrets["us"], application.secrets["eu"])
    assert (kept["kind"], kept["redirect_uri"]) == ("server", REDIRECT_URI)


def test_replacing_keeps_the_secret_where_none_is_typed(desk: Desk) -> None:
    application = desk.registered(ClientKind.SERVER)
    changed = desk.run("client", "add", "app", "--replace", "--redirect-uri=http://localhost:9/x", typed=("",))
    assert (changed.code, "The secret stays as it is." in changed.err) == (0, True)
    kept = desk.site.corner.fields("clients/app")
    assert (kept["client_secret"], kept["redirect_uri"]) == (application.client_secret, "http://localhost:9/x")


def test_a_client_that_is_there_is_not_changed_by_accident(desk: Desk) -> None:
    desk.registered()
    refused = desk.run("client", "add", "app", *NEW, typed=(new_client_secret(),))
    assert (refused.code, desk.version("clients/app")) == (1, 1)
    assert refused.err == "zoho-tokend: there is a client app already: pass --replace to change it\n"


def test_odd_shapes_are_noted_and_stored_all_the_same(desk: Desk) -> None:
    added = desk.run("client", "add", "app", *NEW, typed=("an-odd-secret",))
    assert added.code == 0
    assert "Note: the client id does not look like one" in added.err
    assert "Note: a client secret does not look like one" in added.err
    assert desk.site.corner.fields("clients/app")["client_secret"] == "an-odd-secret"


@pytest.mark.parametrize("kind", [ClientKind.SELF, ClientKind.DEVICE])
def test_what_the_console_shows_is_not_odd(desk: Desk, kind: ClientKind) -> None:
    assert "Note:" not in desk.add(desk.application(kind)).err


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "sentence"),
    [
        pytest.param(
            ["--client-id=1000.ABC", "--kind=javascript", "--data-center=eu"],
            ["an-odd-secret"],
            1,
            "a client-based (JavaScript) application never gets a refresh token, so nothing can be kept fresh with it: "
            "register another type in Zoho's API console (server, mobile, device, self)",
            id="of the JavaScript kind",
        ),
        pytest.param(
            [*NEW[:3], "--connections=crm prod"],
            ["an-odd-secret"],
            2,
            "it lists names of connections",
            id="a connection of two words",
        ),
        pytest.param(
            [*NEW, "--grant-types=code"], ["an-odd-secret"], 2, "it lists one or both of refresh_token,", id="a grant"
        ),
        pytest.param(NEW, [], 1, "Client secret was expected, at the keyboard or as a line", id="without a secret"),
        pytest.param([*NEW, "--secret-file=/nowhere"], [], 1, "/nowhere cannot be read: No such file", id="no file"),
        pytest.param(
            ["--kind=self"],
            ["an-odd-secret"],
            2,
            "needs --client-id, --accounts-server, --connections;",
            id="half a one",
        ),
        pytest.param(
            ["--replace"],
            ["an-odd-secret"],
            1,
            "there is no client app yet: pass --client-id, --kind",
            id="nothing old",
        ),
    ],
)
def test_a_client_is_refused(desk: Desk, arguments: list[str], typed: list[str], code: int, sentence: str) -> None:
    refused = desk.run("client", "add", "app", *arguments, typed=tuple(typed))
    assert (refused.code, refused.out) == (code, "")
    assert sentence in refused.err
    assert desk.version("clients/app") == 0


def test_the_list_shows_everything_but_the_secrets(desk: Desk) -> None:
    application = desk.registered(ClientKind.SERVER, connections="crm-prod")
    desk.site.corner.put("clients/broken", client_id="1000.ABC")
    shown, listed = desk.run("client", "list", "--json"), desk.run("client", "list")
    good, broken = json.loads(shown.out)
    assert (good["name"], good["kind"], good["client_id"]) == ("app", "server", application.client_id)
    assert (good["connections"], good["grant_types"]) == ("crm-prod", "")
    assert "clients/broken" in broken["problem"]
    assert application.client_id in listed.out
    assert application.client_secret not in shown.out + listed.out


def test_an_empty_list_says_what_to_do(desk: Desk) -> None:
    listed = desk.run("client", "list")
    assert (listed.code, listed.out) == (0, "")
    assert "add one with `zoho-tokend client add NAME`" in listed.err
