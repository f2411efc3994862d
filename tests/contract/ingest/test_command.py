"""The command loads a simulated CRM into real destinations."""

import shutil

import duckdb
import pytest

from tests.support.places.ingest_desk import Desk, events
from tests.support.places.ingest_site import SCOPE
from zoho_ingest import job, zoho_crm
from zoho_ingest.errors import TryAgain
from zoho_simulator.faults import hang, ok, then, times

pytestmark = pytest.mark.timeout(240)


def test_a_second_run_loads_only_what_changed(desk: Desk) -> None:
    desk.site.leads(450, width=60)
    first = desk.type("run", *desk.where)
    assert (first.exit_code, [each["rows"] for each in events(first.stdout)]) == (0, [450])
    desk.edit(add=3, change=2, delete=4)
    second = desk.type("run", *desk.where)
    assert (second.exit_code, [each["rows"] for each in events(second.stdout)]) == (0, [9])
    assert desk.loaded() == desk.truth()
    third = desk.type("run", *desk.where)
    assert (third.exit_code, [each["rows"] for each in events(third.stdout)]) == (0, [0])


def test_a_large_module_is_loaded_job_by_job(desk: Desk) -> None:
    desk.site.leads(2500)
    with desk.site.organisation() as organisation:
        organisation.bulk_rows = 1000
    assert "export, from the first record" in desk.type("plan", *desk.where).stdout
    assert desk.type("run", *desk.where).exit_code == 0
    assert desk.loaded() == desk.truth()
    assert "changes, 20" in desk.type("plan", *desk.where).stdout


def test_parquet_files_hold_the_records(desk: Desk) -> None:
    desk.site.leads(30)
    where = ["--connection", "crm-prod", "--modules", "Leads,Contacts", "--to", "filesystem", "--state", "state"]
    result = desk.type("run", *where)
    assert (result.exit_code, [each["module"] for each in events(result.stdout)]) == (0, ["Leads", "Contacts"])
    files = str(desk.folder / "landing/crm_prod/leads/*.parquet")
    assert duckdb.read_parquet(files).project("id, last_name").order("id").fetchall() == desk.truth()


def test_a_field_that_comes_and_one_that_goes_are_no_failure(desk: Desk) -> None:
    desk.site.leads(10, width=12)
    assert desk.type("run", *desk.where).exit_code == 0
    desk.site.leads(10, width=9)
    desk.edit(add=1)
    assert desk.type("run", *desk.where).exit_code == 0
    desk.site.leads(10, width=14)
    desk.edit(add=2)
    assert desk.type("run", *desk.where).exit_code == 0
    assert desk.loaded() == desk.truth()


@pytest.mark.parametrize("step", ["extracted", "normalized"])
def test_what_a_killed_run_had_done_is_loaded_by_the_next(desk: Desk, step: str) -> None:
    desk.site.leads(30)
    pipeline = job.opened(desk.order)
    pipeline.extract(zoho_crm("crm-prod", ["Leads"], crm=desk.site.crm()))
    if step == "normalized":
        pipeline.normalize()
    desk.edit(add=1)
    assert desk.type("run", *desk.where).exit_code == 0
    assert desk.loaded() == desk.truth()


def test_a_lost_folder_of_state_is_restored_from_the_destination(desk: Desk) -> None:
    desk.site.leads(450)
    assert desk.type("run", *desk.where).exit_code == 0
    shutil.rmtree(desk.folder / "state")
    desk.edit(add=1, change=2, delete=3)
    again = desk.type("run", *desk.where)
    assert (again.exit_code, [each["rows"] for each in events(again.stdout)]) == (0, [6])
    assert desk.loaded() == desk.truth()


def test_a_run_that_is_killed_between_pages_loses_nothing(desk: Desk) -> None:
    desk.site.leads(900)
    with desk.begin("run", *desk.where) as process:
        desk.strike_and_wait(then(times(5, ok()), hang()), calls=6)
        process.kill()
    desk.site.job.zoho.clear_faults()
    assert desk.type("run", *desk.where).exit_code == 0
    assert desk.loaded() == desk.truth()


def test_sigterm_ends_a_run_after_the_page_in_hand(desk: Desk) -> None:
    desk.site.leads(900)
    with desk.begin("run", *desk.where) as process:
        desk.strike_and_wait(then(times(5, ok()), hang(1)), calls=6)
        process.terminate()
        out, _ = process.communicate(timeout=200)
    assert (process.returncode, [each["event"] for each in events(out)]) == (1, ["run.stopped"])
    assert desk.type("run", *desk.where).exit_code == 0
    assert desk.loaded() == desk.truth()


def test_two_runs_at_once_exclude_each_other(desk: Desk) -> None:
    with job.alone(desk.order), pytest.raises(TryAgain, match="another run"):
        next(job.run(desk.order, desk.site.crm()))


def test_no_record_and_no_secret_is_written_but_to_the_destination(desk: Desk) -> None:
    desk.site.leads(450)
    with desk.begin("run", *desk.where) as process:
        out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    files = [path for path in desk.folder.rglob("*") if path.is_file() and path.name != "crm.duckdb"]
    assert files
    kept = b"".join([out.encode(), err.encode(), *(path.read_bytes() for path in files)])
    token = str(desk.site.job.shelves.corner.fields("tokens/crm-prod")["access_token"])
    assert not [canary for canary in ("Marlow", "marlow7@example.com", token) if canary.encode() in kept]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["--modules", "Unicorns", "--to", "duckdb"], "has no module 'Unicorns'", id="no such module"),
        pytest.param(["--modules", " , ", "--to", "duckdb"], "--modules names none", id="no module at all"),
        pytest.param(
            ["--modules", "Leads", "--to", "unicorn"], "cannot open the destination", id="no such destination"
        ),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence(desk: Desk, words: list[str], sentence: str) -> None:
    result = desk.type("run", "--connection", "crm-prod", *words, "--state", "state")
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_module_without_its_scope_does_not_stop_the_others(desk: Desk) -> None:
    desk.site.consent(SCOPE.replace("modules.ALL", "modules.contacts.READ"))
    where = ["--connection", "crm-prod", "--modules", "Leads,Contacts", "--to", "duckdb", "--state", "state"]
    result = desk.type("run", *where)
    assert result.exit_code == 1
    assert [each["event"] for each in events(result.stdout)] == ["module.failed", "module.loaded"]
    listed = desk.type("modules", "--connection", "crm-prod").stdout.splitlines()
    assert "Contacts: open" in listed
    assert any(line.startswith("Leads: ") and "ZohoCRM.modules.leads.READ" in line for line in listed)


def test_the_doctor_names_the_hosts_and_the_credits(desk: Desk) -> None:
    said = desk.type("doctor", "--connection", "crm-prod").stdout
    assert "API credits: 999" in said
    assert desk.site.job.zoho.eu.api_domain.removeprefix("http://") in said
    assert desk.type("doctor", "--connection", "nobody").exit_code == 1
