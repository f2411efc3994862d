"""The header for httpx and for requests, at the simulated CRM, with tokens out of a real Vault."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
import pytest
import requests

from tests.support.places.job_site import JobSite, a_job_site
from tests.support.servers.openbao import Corner
from tests.support.servers.stranger import Stranger, a_stranger
from zoho_simulator import Endpoint
from zoho_simulator.faults import always, authentication_failure, redirect
from zoho_tokend.core.model import Secret
from zoho_tokend.reader import AsyncTokenReader, NoSuchConnection, TokenReader, WrongHost, ZohoAuth, ZohoRequestsAuth

ORG = "/crm/v8/org"


class Job(Protocol):
    """A job that calls the CRM with one of the libraries; follows redirects."""

    def get(self, path_or_url: str, *, stream: bool = False) -> int:
        """The status of the answer; with ``stream``, the request has a body that can be sent but once."""

    def close(self) -> None: ...


class HttpxJob:
    def __init__(self, site: JobSite, connection: str, *, report_dead: bool = False) -> None:
        self._reader = TokenReader(site.reader_client(), mount=site.shelves.corner.mount)
        self._http = httpx.Client(
            base_url=site.zoho.eu.api_domain,
            auth=ZohoAuth(self._reader, connection, report_dead=report_dead),
            trust_env=False,
            follow_redirects=True,
            timeout=60,
        )

    def get(self, path_or_url: str, *, stream: bool = False) -> int:
        body = iter([b"once"]) if stream else None
        return self._http.request("GET", path_or_url, content=body).status_code

    def close(self) -> None:
        self._http.close()
        self._reader.close()


class AsyncHttpxJob:
    def __init__(self, site: JobSite, connection: str, *, report_dead: bool = False) -> None:
        self._runner = asyncio.Runner()
        self._reader = AsyncTokenReader(site.reader_client(), mount=site.shelves.corner.mount)
        self._http = httpx.AsyncClient(
            base_url=site.zoho.eu.api_domain,
            auth=ZohoAuth(self._reader, connection, report_dead=report_dead),
            trust_env=False,
            follow_redirects=True,
            timeout=60,
        )

    def get(self, path_or_url: str, *, stream: bool = False) -> int:
        async def once() -> AsyncIterator[bytes]:
            yield b"once"

        answer = self._http.request("GET", path_or_url, content=once() if stream else None)
        return self._runner.run(answer).status_code

    def close(self) -> None:
        self._runner.run(self._http.aclose())
        self._runner.run(self._reader.aclose())
        self._runner.close()


class RequestsJob:
    def __init__(self, site: JobSite, connection: str, *, report_dead: bool = False) -> None:
        self._reader = TokenReader(site.reader_client(), mount=site.shelves.corner.mount)
        self._base = site.zoho.eu.api_domain
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.auth = ZohoRequestsAuth(self._reader, connection, report_dead=report_dead)

    def get(self, path_or_url: str, *, stream: bool = False) -> int:
        url = path_or_url if path_or_url.startswith("http") else self._base + path_or_url
        body = iter([b"once"]) if stream else None
        return self._http.request("GET", url, data=body).status_code

    def close(self) -> None:
        self._http.close()
        self._reader.close()


@pytest.fixture
def site(corner: Corner) -> Iterator[JobSite]:
    with a_job_site(corner) as site:
        yield site


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with a_stranger() as stranger:
        yield stranger


@pytest.fixture(params=[HttpxJob, AsyncHttpxJob, RequestsJob], ids=["httpx", "httpx async", "requests"])
def library(request: pytest.FixtureRequest) -> Any:
    return request.param


@contextmanager
def working(library: Any, site: JobSite, connection: str = "crm-prod", **how: bool) -> Iterator[Job]:
    job: Job = library(site, connection, **how)
    try:
        yield job
    finally:
        job.close()


@pytest.fixture
def job(site: JobSite, library: Any) -> Iterator[Job]:
    with working(library, site) as job:
        yield job


def test_the_crm_accepts_each_call_and_vault_is_read_once(site: JobSite, job: Job) -> None:
    assert [job.get(ORG) for _ in range(5)] == [200] * 5
    assert site.shelves.reads == 1


def test_a_token_that_died_before_its_time_is_replaced_by_vaults_newer_one(site: JobSite, job: Job) -> None:
    assert job.get(ORG) == 200
    site.refresh()
    site.kill_oldest()
    assert [job.get(ORG), job.get(ORG)] == [200, 200]
    assert [entry.status for entry in site.api_calls] == [200, 401, 200, 200]
    assert site.shelves.reads == 2


def test_the_other_refusal_of_a_token_is_answered_in_the_same_way(site: JobSite, job: Job) -> None:
    assert job.get(ORG) == 200
    site.refresh()
    site.zoho.fault(authentication_failure(), endpoint=Endpoint.API)
    assert job.get(ORG) == 200
    assert [entry.status for entry in site.api_calls] == [200, 401, 200]


def test_a_dead_token_without_a_newer_one_is_not_sent_again(site: JobSite, job: Job) -> None:
    assert job.get(ORG) == 200
    site.kill_oldest()
    assert job.get(ORG) == 401
    assert [entry.status for entry in site.api_calls] == [200, 401]
    assert site.shelves.reads == 2
    assert site.reported is None


def test_a_dead_token_without_a_newer_one_is_reported_where_that_is_wished_for(site: JobSite, library: Any) -> None:
    with working(library, site, report_dead=True) as job:
        assert job.get(ORG) == 200
        assert site.reported is None
        dead = site.shelves.corner.fields("tokens/crm-prod")["access_token"]
        site.kill_oldest()
        assert [job.get(ORG), job.get(ORG)] == [401, 401]
        assert site.reported == Secret(str(dead)).fingerprint()


def test_a_call_is_repeated_once_and_not_for_ever(site: JobSite, job: Job) -> None:
    assert job.get(ORG) == 200
    site.refresh()
    site.zoho.fault(always(authentication_failure()), endpoint=Endpoint.API)
    assert job.get(ORG) == 401
    assert [entry.status for entry in site.api_calls] == [200, 401, 401]


def test_a_missing_scope_is_not_answered_with_another_token(site: JobSite, job: Job) -> None:
    site.consent("ZohoCRM.users.READ")
    site.refresh()
    assert job.get(ORG) == 401
    site.refresh()
    assert job.get(ORG) == 401
    assert len(site.api_calls) == 2
    assert site.shelves.reads == 1


def test_a_body_that_can_be_sent_but_once_is_sent_once(site: JobSite, job: Job) -> None:
    assert job.get(ORG, stream=True) == 200
    site.refresh()
    site.kill_oldest()
    assert job.get(ORG, stream=True) == 401
    assert len(site.api_calls) == 2


def test_no_token_goes_to_where_zoho_redirects(site: JobSite, job: Job, stranger: Stranger) -> None:
    assert job.get(ORG) == 200
    site.refresh()
    site.zoho.fault(redirect(f"{stranger.origin}/crm/v8/org"), endpoint=Endpoint.API)
    assert job.get(ORG) == 401
    assert stranger.authorizations == [None]


def test_no_token_goes_to_another_host(job: Job, stranger: Stranger) -> None:
    with pytest.raises(WrongHost, match=f"not sent to {stranger.origin.rpartition(':')[0]}"):
        job.get(f"{stranger.origin}{ORG}")
    assert stranger.seen == []


def test_no_token_goes_to_another_data_centre(site: JobSite, job: Job) -> None:
    with pytest.raises(WrongHost):
        job.get(f"{site.zoho['in'].api_domain}{ORG}")
    assert site.api_calls == []


def test_what_the_reader_raises_comes_out_as_it_is(site: JobSite, library: Any) -> None:
    with working(library, site, "nobody") as job, pytest.raises(NoSuchConnection, match="tokens/nobody"):
        job.get(ORG)


def test_a_reader_of_the_other_kind_is_refused_with_a_sentence(site: JobSite) -> None:
    client = site.reader_client()
    wrong = ZohoAuth(AsyncTokenReader(client), "crm-prod")
    with httpx.Client(auth=wrong) as http, pytest.raises(TypeError, match="needs ZohoAuth with a TokenReader"):
        http.get(site.zoho.eu.api_domain)


async def test_so_is_one_for_threads_in_a_loop(site: JobSite) -> None:
    client = site.reader_client()
    async with httpx.AsyncClient(auth=ZohoAuth(TokenReader(client), "crm-prod")) as http:
        with pytest.raises(TypeError, match="needs ZohoAuth with an AsyncTokenReader"):
            await http.get(site.zoho.eu.api_domain)
