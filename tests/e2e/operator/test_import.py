"""`connections import`: a file of credentials on its way into Vault."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from tests.support.people.operator_shell import OperatorShell
from tests.support.people.person import at_terminal


def columns(*rows: dict[str, Any]) -> str:
    """The rows as CSV."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def fresh_rows(shell: OperatorShell, *names: str) -> list[dict[str, Any]]:
    """A row for each name, with a grant of its own, of the client `jobs`."""
    site = shell.site
    site.corner.put("clients/jobs", **site.fields(site.client()))
    return [
        {"connection": name, "client": "jobs", "refresh_token": site.zoho.consent(site.client(), f"{name}@example.com")}
        for name in names
    ]


def test_what_is_imported_is_kept_fresh_by_the_daemon(shell: OperatorShell, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text(columns(*fresh_rows(shell, "crm-prod", "sales")))
    with shell.site.daemon() as daemon:
        imported = shell("connections", "import", str(file))
        assert (imported.code, imported.out) == (0, "")
        assert imported.err == "2 new, 0 replaced, 0 unchanged, 0 refused.\n"
        daemon.until_state("crm-prod", "fresh")
        daemon.until_state("sales", "fresh")


def test_json_lines_come_by_standard_input(shell: OperatorShell) -> None:
    lines = "\n".join(json.dumps(row | {"refresh_at": 0.4}) for row in fresh_rows(shell, "crm-prod", "sales"))
    assert shell("connections", "import", "-", stdin=lines).code == 0
    assert shell.site.corner.fields("credentials/sales")["refresh_at"] == 0.4


def test_a_second_run_is_harmless_and_another_credential_is_replaced_on_request_alone(shell: OperatorShell) -> None:
    before, after = columns(*fresh_rows(shell, "crm-prod")), columns(*fresh_rows(shell, "crm-prod"))
    assert shell("connections", "import", "-", stdin=before).code == 0
    again = shell("connections", "import", "-", stdin=before)
    assert (again.code, again.err) == (0, "0 new, 0 replaced, 1 unchanged, 0 refused.\n")

    refused = shell("connections", "import", "-", stdin=after)
    assert refused.code == 1
    assert refused.out.startswith("line 2: crm-prod: there is another credential of this name already")
    replaced = shell("connections", "import", "-", "--replace", stdin=after)
    assert (replaced.code, replaced.err) == (0, "0 new, 1 replaced, 0 unchanged, 0 refused.\n")


def test_each_row_stands_for_itself_and_the_report_says_what_was_not_taken_and_why(shell: OperatorShell) -> None:
    good, *others = fresh_rows(shell, "good", "no-token", "no-client", "abroad", "eager", "stranger")
    no_token, no_client, abroad, eager, stranger = others
    shell.site.corner.put("clients/other", **shell.site.fields(shell.site.client()), connections="sales")
    mixed_up = {"connection": good["refresh_token"], "client": "jobs", "refresh_token": "good"}
    text = columns(
        good | {"accounts_server": "", "refresh_at": ""},
        no_token | {"refresh_token": ""},
        no_client | {"client": "nobody"},
        abroad | {"accounts_server": "https://zoho.example"},
        eager | {"refresh_at": "0.99"},
        mixed_up,
        stranger | {"client": "other"},
    )
    report = shell("connections", "import", "-", "--json", stdin=text)
    rows = json.loads(report.out)["rows"]
    assert report.code == 1
    assert [(row["number"], row["connection"], row["verdict"]) for row in rows] == [
        (2, "good", "new"),
        (3, "no-token", "refused"),
        (4, "no-client", "refused"),
        (5, "abroad", "refused"),
        (6, "eager", "refused"),
        (7, None, "refused"),
        (8, "stranger", "refused"),
    ]
    for row, words in zip(
        rows[1:],
        (
            "the field 'refresh_token' is missing",
            "the field 'client' names no client under",
            "has no secret for https://zoho.example",
            "the field 'refresh_at' is not a number",
            "looks like a token or a secret",
            "'connections' of the client other does not name stranger",
        ),
        strict=True,
    ):
        assert row["reason"].startswith("the ")
        assert words in row["reason"]


def test_a_dry_run_tells_the_same_and_writes_nothing(shell: OperatorShell) -> None:
    good, bad = fresh_rows(shell, "good", "bad")
    told = shell("connections", "import", "-", "--dry-run", stdin=columns(good, bad | {"refresh_token": ""}))
    assert told.code == 1
    assert told.out == "line 3: bad: the field 'refresh_token' is missing\n"
    assert told.err == "1 new, 0 replaced, 0 unchanged, 1 refused; nothing was written (a dry run).\n"
    assert json.loads(shell("connections", "--json").out) == []


def test_a_file_without_a_header_is_refused_whole(shell: OperatorShell) -> None:
    (row,) = fresh_rows(shell, "crm-prod")
    told = shell("connections", "import", "-", stdin=",".join(row.values()) + "\n")
    assert (told.code, told.out) == (1, "")
    assert "the first line is not a header" in told.err


def test_a_progress_bar_is_shown_at_a_terminal_alone(shell: OperatorShell, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text(columns(*fresh_rows(shell, "crm-prod", "sales")))
    with at_terminal("connections", "import", str(file), environment=shell.environment, folder=tmp_path) as command:
        command.says("Importing  [####################################]  100%")
        assert command.end() == 0
    assert "Importing" not in shell("connections", "import", str(file)).err
