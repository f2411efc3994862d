"""Records of the simulated CRM: pages, what changed, what was deleted, exports."""

import csv
import io
import itertools
import json
import tracemalloc
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.unit.simulator.asking import Asker, access_token, an_asker, minutes
from zoho_simulator.control_requests import AddModule, EditRecords
from zoho_simulator.rules.messages import Answer, Request
from zoho_simulator.rules.organisation import Module, written

SCOPE = "ZohoCRM.modules.ALL,ZohoCRM.settings.READ,ZohoCRM.bulk.READ"


@dataclass
class Crm:
    asker: Asker
    token: str

    def get(self, path: str, since: str = "", **query: str) -> Answer:
        headers = {"authorization": f"Zoho-oauthtoken {self.token}"}
        headers |= {"if-modified-since": since} if since else {}
        return self.asker.zoho.answer("us", Request(method="GET", path=path, query=query, headers=headers))

    def pages(self, path: str, since: str = "", **query: str) -> Iterator[list[dict[str, object]]]:
        token: Mapping[str, str] = {}
        while True:
            said = self.get(path, since, **query, **token)
            if said.status != 200:
                return
            yield list(said.fields["data"])  # type: ignore[call-overload]
            info = said.fields["info"]
            if not info["more_records"]:  # type: ignore[index]
                return
            token = {"page_token": info["next_page_token"]}  # type: ignore[index]

    def export(self, module: str, *fields: str, **query: object) -> list[dict[str, str]]:
        order = {"query": {"module": {"api_name": module}, "fields": fields, **query}}
        headers = {"authorization": f"Zoho-oauthtoken {self.token}"}
        body = json.dumps(order).encode()
        asked = Request(method="POST", path="/crm/bulk/v8/read", headers=headers, body=body)
        job = self.asker.zoho.answer("us", asked).fields["data"][0]["details"]["id"]  # type: ignore[index]
        states = [self.get(f"/crm/bulk/v8/read/{job}").fields["data"][0] for _ in range(2)]  # type: ignore[index]
        assert [state["state"] for state in states] == ["IN PROGRESS", "COMPLETED"]
        with zipfile.ZipFile(io.BytesIO(self.get(states[1]["result"]["download_url"]).body)) as archive:
            text = archive.read(f"{job}.csv").decode()
        return list(csv.DictReader(io.StringIO(text)))

    def module(self, name: str = "Leads") -> Module:
        with self.asker.zoho.organisation() as organisation:
            return organisation.modules[name]


@pytest.fixture
def crm() -> Crm:
    asker = an_asker()
    AddModule(module="Leads", records=2500, fields=60, subform=True).carry_out(asker.zoho)
    return Crm(asker, access_token(asker.refresh(asker.zoho.consent(asker.client, scope=SCOPE))))


def test_the_pages_hold_every_record_once(crm: Crm) -> None:
    ids = [str(record["id"]) for page in crm.pages("/crm/v8/Leads", fields="Last_Name") for record in page]
    assert sorted(ids) == [str(record["id"]) for record in crm.module().living()]
    assert len(set(ids)) == 2500


def test_beyond_two_thousand_records_a_page_needs_a_token(crm: Crm) -> None:
    assert crm.get("/crm/v8/Leads", fields="Last_Name", page="10").status == 200
    assert crm.get("/crm/v8/Leads", fields="Last_Name", page="11").outcome == "DISCRETE_PAGINATION_LIMIT_EXCEEDED"


def test_page_tokens_lead_to_so_many_records_and_no_further(crm: Crm) -> None:
    with crm.asker.zoho.organisation() as organisation:
        organisation.page_reach = 400
    assert len(list(crm.pages("/crm/v8/Leads", fields="Last_Name"))) == 2


def test_a_page_token_lives_for_a_day(crm: Crm) -> None:
    info = crm.get("/crm/v8/Leads", fields="Last_Name").fields["info"]
    crm.asker.zoho.advance(minutes(24 * 60 + 1))
    crm.token = access_token(crm.asker.refresh(crm.asker.zoho.consent(crm.asker.client, scope=SCOPE)))
    assert crm.get("/crm/v8/Leads", fields="id", page_token=info["next_page_token"]).outcome == "EXPIRED_VALUE"  # type: ignore[index]


def test_fifty_fields_are_given_at_most(crm: Crm) -> None:
    names = [f"Custom_{number}" for number in range(51)]
    assert crm.get("/crm/v8/Leads", fields=",".join(names)).outcome == "LIMIT_EXCEEDED"
    assert crm.get("/crm/v8/Leads").outcome == "REQUIRED_PARAM_MISSING"


def test_what_changed_comes_last_and_nothing_else_with_it(crm: Crm) -> None:
    before = written(crm.asker.zoho.now())
    crm.asker.zoho.advance(minutes(1))
    EditRecords(module="Leads", add=2, change=3, delete=4).carry_out(crm.asker.zoho)
    query = {"fields": "Modified_Time", "sort_by": "Modified_Time", "sort_order": "asc"}
    changed = [record["id"] for page in crm.pages("/crm/v8/Leads", before, **query) for record in page]
    living = [record["id"] for record in crm.module().living()]
    assert changed == [*living[:3], *living[-2:]]
    assert len(living) == 2498
    assert crm.get("/crm/v8/Leads", written(crm.asker.zoho.now()), **query).status == 304


def test_deletions_are_listed_with_their_time(crm: Crm) -> None:
    before = written(crm.asker.zoho.now())
    crm.asker.zoho.advance(minutes(1))
    gone = [record["id"] for record in crm.module().living()][-2:]
    EditRecords(module="Leads", delete=2).carry_out(crm.asker.zoho)
    (found,) = crm.pages("/crm/v8/Leads/deleted", before, type="all")
    assert [record["id"] for record in found] == gone
    assert all(record["deleted_time"] == written(crm.asker.zoho.now()) for record in found)
    assert crm.get("/crm/v8/Leads/deleted", written(crm.asker.zoho.now())).status == 204


def test_a_deletion_between_two_pages_hides_a_record(crm: Crm) -> None:
    pages = crm.pages("/crm/v8/Leads", fields="id", sort_by="Modified_Time")
    first = next(pages)
    EditRecords(module="Leads", delete=1).carry_out(crm.asker.zoho)
    seen = [record["id"] for record in itertools.chain(first, *pages)]
    assert len(seen) == 2499
    assert len({record["id"] for record in crm.module().living()} - set(seen)) == 1


def test_an_export_holds_the_rows_that_its_criteria_name(crm: Crm) -> None:
    with crm.asker.zoho.organisation() as organisation:
        organisation.bulk_rows = 1000
    first = crm.export("Leads", "id", "Company", "Owner", "Interests", "Created_Time")
    bound = {"field": {"api_name": "Created_Time"}, "comparator": "greater_equal", "value": first[-1]["Created_Time"]}
    second = crm.export("Leads", "id", "Created_Time", criteria=bound)
    assert len(first) == len(second) == 1000
    assert first[3]["Company"] == 'Okafor "Quay", Ltd'
    assert first[3]["Interests"] == "Looms;Kites, small;Sails"
    assert second[0]["Created_Time"] == first[-1]["Created_Time"]


def test_modules_and_fields_are_described(crm: Crm) -> None:
    modules = [each["api_name"] for each in crm.get("/crm/v8/settings/modules").fields["modules"]]  # type: ignore[attr-defined]
    fields = crm.get("/crm/v8/settings/fields", module="Leads").fields["fields"]
    assert modules == ["Leads", "Contacts", "Accounts", "Deals"]
    assert {"id", "Modified_Time", "Owner", "Visits", "Custom_47"} <= {each["api_name"] for each in fields}  # type: ignore[attr-defined]
    assert crm.get("/crm/v8/settings/fields", module="Unicorns").outcome == "INVALID_MODULE"


def test_a_call_without_a_credit_is_refused(crm: Crm) -> None:
    with crm.asker.zoho.organisation() as organisation:
        organisation.credits = 1
    assert crm.get("/crm/v8/settings/modules").headers["X-API-CREDITS-REMAINING"] == "0"
    refused = crm.get("/crm/v8/settings/modules")
    assert (refused.status, refused.outcome) == (429, "LIMIT_EXCEEDED")


def test_a_million_records_cost_no_memory(crm: Crm) -> None:
    tracemalloc.start()
    try:
        AddModule(module="Vast", records=1_000_000).carry_out(crm.asker.zoho)
        assert len(next(crm.pages("/crm/v8/Vast", fields="Last_Name", sort_by="Modified_Time"))) == 200
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
