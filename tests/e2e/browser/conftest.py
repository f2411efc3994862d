from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from tests.support.people.browser import browser, page
from tests.support.servers.loopback_server import LoopbackServer, answering, loopback_server
from zoho_simulator import Simulator, Zoho, in_thread

__all__ = ["browser", "page"]


@pytest.fixture
def zoho() -> Iterator[Zoho]:
    with in_thread(Simulator(data_centers=("us", "eu"))) as zoho:
        yield zoho


@pytest_asyncio.fixture(loop_scope="session")
async def application() -> AsyncIterator[LoopbackServer]:
    """The web application to which a consent page sends the browser back."""
    async with loopback_server(answering(body=b"Back.", headers={"Content-Type": "text/plain"})) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=60) as client:
        yield client
