"""Zoho's real SDK at the simulated CRM, with tokens out of a real Vault: it does no OAuth of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.exception import SDKException
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.org import OrgOperations
from zohocrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.record import GetRecordsParam, RecordOperations

from tests.support.places.job_site import JobSite, a_job_site
from tests.support.samples.reader_samples import a_token
from tests.support.servers.openbao import Corner
from zoho_tokend.reader import TokenReader, sdk
from zoho_tokend.zoho.datacenters import DATA_CENTERS
from zoho_tokend.zoho.datacenters import DataCenter as ZohosOwn

THREADS = 12


@pytest.fixture
def site(corner: Corner) -> Iterator[JobSite]:
    with a_job_site(corner) as site:
        yield site


@pytest.fixture
def reader(site: JobSite) -> Iterator[TokenReader]:
    with TokenReader(site.reader_client(), mount=site.shelves.corner.mount) as reader:
        yield reader


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the job works, and where the SDK would leave its file of tokens."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def company() -> str:
    """The name of the organisation, by a call of the SDK."""
    answer = OrgOperations().get_organization()
    name: str = answer.get_object().get_org()[0].get_company_name()
    return name


def test_the_sdk_calls_with_the_token_out_of_vault(site: JobSite, reader: TokenReader, folder: Path) -> None:
    sdk.initialize(reader, "crm-prod", resource_path=folder)
    assert company() == "Tidewater Looms"
    assert [entry.status for entry in site.api_calls] == [200]


def test_a_token_that_is_replaced_in_mid_run_is_used_by_the_next_call(
    site: JobSite, reader: TokenReader, folder: Path
) -> None:
    sdk.initialize(reader, "crm-prod", resource_path=folder)
    company()
    dead = reader.get("crm-prod")
    site.refresh()
    site.kill_oldest()
    assert reader.newer(dead) is not None
    company()
    assert [entry.status for entry in site.api_calls] == [200, 200]


def test_after_a_report_the_next_call_has_vaults_next_token(site: JobSite, reader: TokenReader, folder: Path) -> None:
    sdk.initialize(reader, "crm-prod", resource_path=folder)
    company()
    site.kill_oldest()
    reader.report_dead("crm-prod", reader.get("crm-prod"))
    site.refresh()
    company()
    assert [entry.status for entry in site.api_calls] == [200, 200]


def test_each_thread_calls_with_the_token_of_its_own_connection(
    site: JobSite, reader: TokenReader, folder: Path
) -> None:
    first = site.shelves.corner.fields("tokens/crm-prod")
    other = first | {"connection": "crm-other", "access_token": "unknown", "authorization": "Zoho-oauthtoken unknown"}
    site.shelves.corner.put("tokens/crm-other", **other)
    sdk.initialize(reader, "crm-prod", resource_path=folder)
    turns = Barrier(2, timeout=120)

    def work(connection: str) -> tuple[bool, str]:
        sdk.switch_user(reader, connection, resource_path=folder)
        turns.wait()
        answer = OrgOperations().get_organization()
        return answer.get_status_code() == 200, str(Initializer.get_initializer().resource_path)

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(work, ["crm-prod", "crm-other"]))
    assert answers == [(True, str(folder / "crm-prod")), (False, str(folder / "crm-other"))]
    assert company() == "Tidewater Looms"
    assert sorted(entry.status for entry in site.api_calls) == [200, 200, 401]


def test_twelve_threads_cause_one_read_and_no_request_for_a_token(
    site: JobSite, reader: TokenReader, folder: Path
) -> None:
    sdk.initialize(reader, "crm-prod", resource_path=folder)
    with ThreadPoolExecutor(THREADS) as threads:
        names = list(threads.map(lambda _: company(), range(4 * THREADS)))
    assert names == ["Tidewater Looms"] * 4 * THREADS
    assert site.token_requests == 0
    assert site.shelves.reads == 1


def test_get_records_learns_the_fields_and_reads_the_records(site: JobSite, reader: TokenReader, folder: Path) -> None:
    with site.zoho.organisation("eu") as organisation:
        organisation.add_module("Leads", 3, site.zoho.now(), width=4)
    site.consent("ZohoCRM.modules.ALL,ZohoCRM.settings.READ")
    site.refresh()
    sdk.initialize(reader, "crm-prod", resource_path=folder)
    asked = ParameterMap()
    asked.add(GetRecordsParam.fields, "id")
    answer = RecordOperations("Leads").get_records(asked)
    assert len(answer.get_object().get_data()) == 3
    assert {call.status for call in site.api_calls} == {200}
    assert list((folder / "crm-prod").rglob("*.json"))


def test_the_sdk_leaves_no_file_of_tokens(reader: TokenReader, folder: Path) -> None:
    sdk.initialize(reader, "crm-prod", resource_path=folder)
    company()
    assert not list(folder.rglob("*token*"))


def test_the_sdk_sends_no_token_to_another_data_centre(site: JobSite, reader: TokenReader, folder: Path) -> None:
    sdk.initialize(reader, "crm-prod", resource_path=folder)
    Initializer.get_initializer().environment = DataCenter.Environment(site.zoho["in"].api_domain, "", "")
    with pytest.raises(SDKException, match="is not sent to"):
        company()
    assert site.api_calls == []


@pytest.mark.parametrize("center", DATA_CENTERS, ids=lambda center: center.location)
def test_every_data_centre_has_an_environment_and_where_the_sdk_has_one_it_is_the_same(center: ZohosOwn) -> None:
    api_domain, accounts_server = center.api_domain, str(center.accounts_server)
    ours: Any = sdk.environment(a_token(api_domain=api_domain, accounts_server=accounts_server))
    assert (ours.url, ours.accounts_url) == (api_domain, f"{accounts_server}/oauth/v2/token")
    theirs = DataCenter.get(api_domain)
    if theirs is not None:
        assert vars(ours) == vars(theirs)
    else:
        assert center.location in {"uk", "ae", "sg"}
