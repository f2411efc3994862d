"""`connections`, `show` and `remove`, with an operator's rights."""

import json
import shlex
from typing import Any

from tests.e2e.hostile_tenant.shapes import NESTED, UNREADABLE
from tests.support.people.operator_shell import OperatorShell
from zoho_tokend.core.model import Secret


def listed(shell: OperatorShell) -> dict[str, dict[str, Any]]:
    found = shell("connections", "--json")
    assert found.code == 0, found.err
    return {row["name"]: row for row in json.loads(found.out)}


def shown(shell: OperatorShell, name: str) -> dict[str, Any]:
    found = shell("connections", "show", name, "--json")
    assert found.code == 0, found.err
    detail: dict[str, Any] = json.loads(found.out)
    return detail


def test_the_list_tells_each_connections_state_token_and_problem(shell: OperatorShell) -> None:
    site = shell.site
    client = site.client()
    site.corner.put("clients/jobs", **site.fields(client))
    site.corner.put("credentials/named", client="jobs", refresh_token=site.zoho.consent(client))
    site.connect("broken", refresh_token="")
    site.connect("gone")
    site.corner.delete("credentials/gone")
    site.connect("pending")
    assert shell("refresh", "named").code == 0

    rows = listed(shell)

    assert list(rows) == ["broken", "named", "pending"]
    named = rows["named"]
    assert (named["state"], named["client"], named["version"], named["problem"]) == ("fresh", "jobs", 1, None)
    assert named["expires_at"] == site.token("named")["expires_at"]
    assert 3500 < named["life_left_seconds"] <= 3600
    assert (rows["broken"]["state"], rows["pending"]["state"]) == ("misconfigured", "pending")
    assert "the field 'refresh_token' is empty" in rows["broken"]["problem"]


def test_the_list_for_people_has_a_line_for_each_and_the_problem_below_it(shell: OperatorShell) -> None:
    shell.site.connect("crm-prod")
    shell.site.connect("broken", refresh_token=None)
    assert shell("refresh", "crm-prod").code == 0
    listed = shell("connections")
    heading, broken, problem, crm = listed.out.splitlines()
    assert heading.split()[:3] == ["NAME", "STATE", "LIFE"]
    assert broken.split() == ["broken", "misconfigured", "-", "0", "-", "-"]
    assert problem.endswith("the field 'refresh_token' is missing")
    assert crm.split()[:2] == ["crm-prod", "fresh"]
    assert listed.err == "1 of 2 are well.\n"


def test_a_record_that_cannot_be_read_costs_the_list_no_other(shell: OperatorShell) -> None:
    for name, fields in UNREADABLE.items():
        usual = {"accounts_server": '"https://accounts.zoho.eu"', **fields}
        shell.site.corner.put_texts(f"credentials/{name}", usual)
    shell.site.corner.put_texts("tokens/good", {"access_token": NESTED})
    shell.site.connect("good")
    assert shell("refresh", "good").code == 0

    rows = listed(shell)

    assert {name: row["state"] for name, row in rows.items()} == {
        "good": "fresh",
        **dict.fromkeys(UNREADABLE, "misconfigured"),
    }
    assert all(rows[name]["problem"] for name in UNREADABLE)


def test_a_hostile_name_of_a_field_does_not_steer_the_terminal(shell: OperatorShell) -> None:
    shell.site.connect("crm-prod", **{"\x1b[2J": "a"})
    assert "\x1b" not in shell("connections", "show", "crm-prod").out


def test_an_empty_vault_is_told_with_the_way_out(shell: OperatorShell) -> None:
    assert shell("connections").err == ("There is no connection in Vault: make one with `zoho-tokend authorize`.\n")


def test_show_tells_everything_but_secrets(shell: OperatorShell) -> None:
    site = shell.site
    refresh_token = site.connect("crm-prod", scope="ZohoCRM.modules.ALL", authorized_at="2026-11-20T08:00:00Z")
    assert shell("refresh", "crm-prod").code == 0

    detail = shown(shell, "crm-prod")

    credential, token = detail["credential"], detail["token"]
    assert credential["path"] == f"{site.corner.mount}/zoho/credentials/crm-prod"
    assert credential["fields"] == [
        "accounts_server", "authorized_at", "client_id", "client_secret", "refresh_token", "scope"
    ]  # fmt: skip
    assert credential["accounts_server"] == site.zoho["eu"].accounts_server
    assert credential["refresh_token_fingerprint"] == Secret(refresh_token).fingerprint()
    assert (credential["authorized_at"], credential["scope"]) == ("2026-11-20T08:00:00Z", "ZohoCRM.modules.ALL")
    assert [version["version"] for version in credential["versions"]] == [1]
    assert token["floor_seconds"] == 1800 - 45 - 1
    assert [version["version"] for version in token["versions"]] == [1]
    assert detail["budget_remaining"] == 7
    assert "No daemon answers" in detail["daemon"]


def test_show_asks_the_running_daemon(shell: OperatorShell) -> None:
    shell.site.connect("crm-prod")
    with shell.site.daemon() as daemon:
        daemon.until_state("crm-prod", "fresh")
        told = shell("connections", "show", "crm-prod", LISTEN=daemon.address.removeprefix("http://"))
    assert f"The daemon at {daemon.address} has picked crm-prod up: next refresh at" in told.out
    assert "life left" in told.out


def test_show_knows_no_connection_that_is_not_there(shell: OperatorShell) -> None:
    told = shell("connections", "show", "nobody")
    assert (told.code, told.out) == (1, "")
    assert "there is no connection nobody in Vault" in told.err


def test_a_removed_connection_keeps_its_token_and_comes_back_with_the_printed_command(shell: OperatorShell) -> None:
    site = shell.site
    refresh_token = site.connect("crm-prod")
    site.connect("crm-prod", refresh_token=refresh_token, scope="ZohoCRM.modules.ALL")
    assert shell("refresh", "crm-prod").code == 0

    removed = shell("connections", "remove", "crm-prod", "--yes")

    assert removed.code == 0
    path = f"{site.corner.mount}/zoho/credentials/crm-prod"
    assert shlex.split(removed.out) == ["vault", "kv", "undelete", "-versions=2", path]
    day, time = str(site.token("crm-prod")["expires_at"]).removesuffix("Z").split("T")
    assert f"The published token lives on until {day} {time} UTC." in removed.err
    assert "The grant at Zoho is not revoked" in removed.err
    assert "`zoho-tokend revoke crm-prod`" in removed.err
    assert listed(shell) == {}
    shell.vault(removed.out)
    assert list(listed(shell)) == ["crm-prod"]


def test_nothing_is_removed_without_a_yes(shell: OperatorShell) -> None:
    shell.site.connect("crm-prod")
    refused = shell("connections", "remove", "crm-prod", stdin="n\n")
    assert (refused.code, refused.out) == (1, "")
    assert "run `zoho-tokend revoke crm-prod` first" in refused.err
    assert list(listed(shell)) == ["crm-prod"]
    assert shell("connections", "remove", "crm-prod", stdin="y\n").code == 0
    assert shell("connections", "remove", "crm-prod", "--yes").code == 1
