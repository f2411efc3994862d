"""dlt's own REST source at the simulated CRM, with tokens out of a real Vault."""

from collections.abc import Iterator

import pytest
from dlt.sources.helpers.requests import Client
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.typing import RESTAPIConfig

from tests.support.places.job_site import JobSite, a_job_site
from tests.support.servers.openbao import Corner
from zoho_tokend.reader import TokenReader, ZohoRequestsAuth

RECORDS = 7


@pytest.fixture
def site(corner: Corner) -> Iterator[JobSite]:
    with a_job_site(corner) as site:
        with site.zoho.organisation("eu") as organisation:
            organisation.add_module("Leads", RECORDS, site.zoho.now(), width=4)
        yield site


def test_the_rest_api_source_reads_with_an_authentication_of_ours(site: JobSite) -> None:
    with TokenReader(site.reader_client(), mount=site.shelves.corner.mount) as reader:
        session = Client(raise_for_status=False).session
        session.auth = ZohoRequestsAuth(reader, "crm-prod")
        config: RESTAPIConfig = {
            "client": {
                "base_url": f"{reader.base_url('crm-prod')}/crm/v8/",
                "session": session,
                "paginator": {
                    "type": "page_number",
                    "base_page": 1,
                    "total_path": None,
                    "has_more_path": "info.more_records",
                },
            },
            "resources": [
                {
                    "name": "leads",
                    "endpoint": {"path": "Leads", "params": {"fields": "id", "per_page": 5}, "data_selector": "data"},
                }
            ],
        }
        leads = list(rest_api_source(config).resources["leads"])
    assert len({lead["id"] for lead in leads}) == RECORDS
    assert [call.status for call in site.api_calls] == [200, 200]
    assert site.shelves.reads == 1
