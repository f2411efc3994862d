from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from zoho_simulator import Simulator, Zoho


@pytest.fixture
async def zoho() -> AsyncIterator[Zoho]:
    async with Simulator(data_centers=("us", "eu"), lifetime=timedelta(minutes=3)) as zoho:
        yield zoho


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=60) as client:
        yield client
