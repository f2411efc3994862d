import asyncio
import time

import httpx
import pytest

from tests.component.simulator.asking import form, refresh
from zoho_simulator import Simulator, Zoho, in_thread
from zoho_simulator.faults import Fault, drip, hang, huge_body
from zoho_simulator.shell.server import listening_socket


@pytest.mark.parametrize("fault", [hang(60), drip(60), huge_body(64)], ids=lambda fault: fault.name)
async def test_a_client_that_waits_or_does_not_read_does_not_hold_up_the_stop(fault: Fault) -> None:
    async with Simulator() as zoho:
        zoho.fault(fault)
        _, writer = await asyncio.open_connection("127.0.0.1", int(zoho.us.accounts_server.rpartition(":")[2]))
        writer.write(b"POST /oauth/v2/token HTTP/1.1\r\nHost: zoho\r\nContent-Length: 0\r\n\r\n")
        await _request_of(zoho)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 30
    writer.transport.abort()


async def _request_of(zoho: Zoho) -> None:
    for _ in range(6000):
        if zoho.journal.requests():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no request came")


async def test_after_the_stop_nobody_listens() -> None:
    async with Simulator() as zoho:
        origin = zoho.us.accounts_server
    async with httpx.AsyncClient(timeout=60) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(origin)


async def test_a_port_can_be_chosen_and_a_taken_one_is_an_error_that_leaves_nothing_open() -> None:
    with listening_socket() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            async with Simulator(data_centers=("us", "eu"), ports={"eu": port}):
                pass
    async with Simulator(data_centers=("us", "eu"), ports={"eu": port}) as zoho:
        assert zoho.eu.accounts_server == f"http://127.0.0.1:{port}"


async def test_two_simulators_live_side_by_side_and_share_nothing() -> None:
    async with Simulator() as one, Simulator() as other, httpx.AsyncClient(timeout=60) as http:
        client = one.add_client()
        refresh_token = one.consent(client)
        assert (await refresh(http, one.us, client, refresh_token)).json().get("access_token")
        assert (await refresh(http, other.us, client, refresh_token)).json() == {"error": "invalid_client"}


def test_synchronous_code_has_one_in_a_thread() -> None:
    with in_thread(Simulator()) as zoho, httpx.Client(timeout=60) as http:
        client = zoho.add_client()
        body = form(client, zoho.consent(client))
        assert "access_token" in http.post(f"{zoho.us.accounts_server}/oauth/v2/token", data=body).json()
