"""One line to Vault, at a server that answers byte for byte as told."""

import asyncio
from datetime import timedelta

import pytest

from tests.support.clocks.wall_clock import WallClock
from tests.support.servers.loopback_server import Behaviour, answering, dripping, loopback_server
from zoho_tokend.core.errors import VaultUnavailable
from zoho_tokend.vault.client import VaultClient, VaultConfig
from zoho_tokend.vault.request import lookup_self

HEAD = b"HTTP/1.1 200 OK\r\n"
BODY = HEAD + b"Content-Length: 100000\r\n\r\n"


async def refusal(behaviour: Behaviour) -> VaultUnavailable:
    """What VaultClient says of a Vault that behaves so."""
    async with loopback_server(behaviour) as vault:
        line = VaultClient(VaultConfig(address=vault.origin), monotonic=WallClock().monotonic, emit=lambda *_: None)
        with pytest.raises(VaultUnavailable) as refused:
            await asyncio.wait_for(asyncio.to_thread(line.ask, lookup_self(), hurry=True), 60)
        line.close()
    return refused.value


@pytest.mark.parametrize("start", [HEAD, BODY], ids=["head", "body"])
async def test_an_answer_that_never_ends_is_given_up_in_time(start: bytes) -> None:
    assert "did not answer within" in str(await refusal(dripping(start)))


@pytest.mark.parametrize("retry_after", ["9" * 20, "9" * 5000, "-1", "1.5", "²", "soon", ""], ids=lambda text: text[:4])
async def test_a_retry_after_that_is_no_sane_number_is_not_believed(retry_after: str) -> None:
    headers = {"Retry-After": retry_after, "Date": "Tue, 24 Nov 2026 12:00:00 -0000"}
    answer = answering("503 Service Unavailable", b"{}", headers)
    waits = (await refusal(answer)).retry_after
    assert waits is not None
    assert waits <= timedelta(hours=1)
