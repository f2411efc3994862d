"""What a store keeps in memory of what it has read."""

import asyncio
import gc
import tracemalloc

import pytest

from tests.support.samples.builders import CRM
from tests.support.servers.openbao import Corner, steered
from zoho_tokend.core.errors import RecordUnreadable
from zoho_tokend.vault import store
from zoho_tokend.vault.record_fields import RecordFields


def is_kept(client_id: str) -> bool:
    gc.collect()
    return any(
        isinstance(held, RecordFields) and held.values.get("client_id") == client_id for held in gc.get_objects()
    )


async def test_a_named_client_is_forgotten_in_time_though_nobody_reads_again(
    corner: Corner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CLIENT_SECONDS", 0.5)
    async with steered(corner) as vault, asyncio.timeout(120):
        vault.put(
            "clients/my-app", client_id="1000.KEPT", client_secret="s", accounts_server="https://accounts.zoho.eu"
        )
        vault.put("credentials/crm-prod", client="my-app", refresh_token="1000.r")
        await vault.store.credential(CRM)
        while is_kept("1000.KEPT"):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)


async def test_a_record_of_megabytes_does_not_come_into_memory(corner: Corner) -> None:
    corner.put("credentials/crm-prod", client_id="x" * 8 * 2**20)
    async with steered(corner) as vault:
        await vault.store.names()
        tracemalloc.start()
        with pytest.raises(RecordUnreadable, match="is larger than 64 kB"):
            await vault.store.credential(CRM)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2**20
