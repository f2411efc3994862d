import json
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.component.simulator.asking import form, refresh
from zoho_simulator import Zoho
from zoho_simulator.clock import machine_time
from zoho_simulator.faults import (
    Fault,
    clock_skew,
    cut_off,
    delayed,
    drip,
    drop,
    hang,
    huge_body,
    lost_answer,
    redirect,
    throttled,
    truncated_json,
)


async def test_a_burst_of_eleven_refreshes_gets_ten_tokens_and_one_throttle(
    zoho: Zoho, http: httpx.AsyncClient
) -> None:
    client = zoho.add_client()
    refresh_token = zoho.consent(client)
    answers = [await refresh(http, zoho.us, client, refresh_token) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [400]
    assert answers[0].json()["expires_in"] == 180
    assert answers[10].json()["error"] == "Access Denied"


async def test_an_answer_looks_like_one_of_zohos(zoho: Zoho, http: httpx.AsyncClient) -> None:
    answer = await refresh(http, zoho.us, zoho.add_client(), "1000.unknown")
    assert answer.status_code == 200
    assert answer.json() == {"error": "invalid_code"}
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["server"] == "ZGS"
    assert abs(parsedate_to_datetime(answer.headers["date"]) - machine_time()) < timedelta(seconds=5)


async def test_each_data_centre_has_an_origin_of_its_own_and_refuses_the_others_tokens(
    zoho: Zoho, http: httpx.AsyncClient
) -> None:
    client = zoho.add_client(home="eu")
    issued = (await refresh(http, zoho.eu, client, zoho.consent(client))).json()
    header = {"Authorization": f"Zoho-oauthtoken {issued['access_token']}"}
    assert issued["api_domain"] == zoho.eu.api_domain != zoho.us.api_domain
    at_home = await http.get(f"{issued['api_domain']}/crm/v8/org", headers=header)
    abroad = await http.get(f"{zoho.us.api_domain}/crm/v8/org", headers=header)
    assert (at_home.status_code, abroad.status_code) == (200, 401)
    assert abroad.json()["code"] == "INVALID_TOKEN"


async def test_secrets_in_the_query_string_are_refused_and_held_against_us(zoho: Zoho, http: httpx.AsyncClient) -> None:
    client = zoho.add_client()
    parameters = form(client, zoho.consent(client))
    answer = await http.post(f"{zoho.us.accounts_server}/oauth/v2/token", params=parameters)
    assert answer.status_code == 400
    assert zoho.journal.violations[0].parameters == ("client_secret", "refresh_token")


async def test_only_a_form_body_is_read(zoho: Zoho, http: httpx.AsyncClient) -> None:
    client = zoho.add_client()
    body = form(client, zoho.consent(client))
    url = f"{zoho.us.accounts_server}/oauth/v2/token"
    assert "access_token" not in (await http.post(url, json=body)).json()
    assert (await http.get(url)).status_code == 405


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(drop(), httpx.RemoteProtocolError, id="a dropped connection"),
        pytest.param(lost_answer(), httpx.RemoteProtocolError, id="an answer lost on the way"),
        pytest.param(cut_off(), httpx.RemoteProtocolError, id="an answer cut in the middle"),
        pytest.param(hang(0.05), httpx.RemoteProtocolError, id="a silence that ends in nothing"),
        pytest.param(hang(30), httpx.ReadTimeout, id="a silence that outlasts the client"),
        pytest.param(delayed(30), httpx.ReadTimeout, id="an answer that comes too late"),
        pytest.param(truncated_json(), json.JSONDecodeError, id="half a JSON text"),
    ],
)
async def test_a_connection_fails_as_told_and_the_next_one_works(
    zoho: Zoho, http: httpx.AsyncClient, fault: Fault, error: type[Exception]
) -> None:
    client = zoho.add_client()
    refresh_token = zoho.consent(client)
    zoho.fault(fault)
    patience = httpx.Timeout(60, read=0.3 if error is httpx.ReadTimeout else 60)
    async with httpx.AsyncClient(timeout=patience) as hasty:
        with pytest.raises(error):
            (await refresh(hasty, zoho.us, client, refresh_token)).json()
    assert "access_token" in (await refresh(http, zoho.us, client, refresh_token)).json()


async def test_a_dripping_answer_outlasts_a_read_timeout_and_arrives_whole(zoho: Zoho) -> None:
    client = zoho.add_client()
    zoho.fault(drip(0.01))
    async with httpx.AsyncClient(timeout=1.5) as http:
        answer = await refresh(http, zoho.us, client, zoho.consent(client))
    assert answer.elapsed > timedelta(seconds=1.5)
    assert "access_token" in answer.json()


async def test_a_client_that_leaves_a_dripping_answer_leaves_nothing_behind(zoho: Zoho) -> None:
    zoho.fault(drip(0.2))
    with pytest.raises(httpx.ReadTimeout):
        async with httpx.AsyncClient(timeout=httpx.Timeout(60, read=0.1)) as http:
            await refresh(http, zoho.us, zoho.add_client(), "1000.unknown")


async def test_headers_say_what_the_fault_wants(zoho: Zoho, http: httpx.AsyncClient) -> None:
    client = zoho.add_client()
    zoho.fault(redirect("https://elsewhere.test/"))
    assert (await refresh(http, zoho.us, client, "x")).headers["location"] == "https://elsewhere.test/"
    zoho.fault(throttled(429, retry_after=17))
    assert (await refresh(http, zoho.us, client, "x")).headers["retry-after"] == "17"
    zoho.fault(clock_skew(-3600))
    date = parsedate_to_datetime((await refresh(http, zoho.us, client, "x")).headers["date"])
    assert timedelta(minutes=59) < machine_time() - date < timedelta(minutes=61)


async def test_a_huge_body_arrives(zoho: Zoho, http: httpx.AsyncClient) -> None:
    zoho.fault(huge_body(3))
    assert len((await refresh(http, zoho.us, zoho.add_client(), "x")).content) == 3 * 1024 * 1024
