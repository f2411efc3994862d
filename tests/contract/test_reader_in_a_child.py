"""A reader that was made before a fork, or that outlives its event loop, or whose Vault never ends an answer."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import hvac
import pytest

import zoho_tokend
from tests.support.places.reader_site import Shelves
from tests.support.samples.builders import CRM, SALES, SECOND
from tests.support.servers.loopback_server import dripping, loopback_server
from tests.support.servers.openbao import Corner
from zoho_tokend.reader import AsyncTokenReader, TokenReader, VaultUnreachable

HEAD = b"HTTP/1.1 200 OK\r\n"
BODY = HEAD + b"Content-Length: 100000\r\n\r\n"

# The locks are held as if another thread of the parent were reading and reporting at the moment of the fork.
FORK = """
import os, sys
from datetime import timedelta
from zoho_tokend.reader import TokenReader

reader = TokenReader()
reader.get("crm-prod")
session = reader._source._session
with reader._turns["crm-prod"], reader._source._turn, reader._memory._reporting:
    child = os.fork()
    if child == 0:
        assert reader._source._session is not session, "the child has its parent's connections"
        reader.newer(reader.get("crm-prod"))
        reader.get("sales", timeout=timedelta(seconds=20))
        os._exit(0)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.fixture
def shelves(corner: Corner) -> Shelves:
    shelves = Shelves(corner)
    shelves.publish(CRM)
    shelves.publish(SALES)
    return shelves


def test_a_forked_child_has_locks_and_connections_of_its_own(shelves: Shelves) -> None:
    environment = {
        "PYTHONPATH": str(Path(zoho_tokend.__file__).parent.parent),
        "VAULT_ADDR": shelves.corner.address,
        "VAULT_TOKEN": shelves.vault_token().reveal(),
        "ZOHO_TOKEND_MOUNT": shelves.corner.mount,
    }
    done = subprocess.run(
        [sys.executable, "-c", FORK],
        check=False,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_a_look_that_a_dead_event_loop_left_behind_is_made_anew(shelves: Shelves) -> None:
    reader = AsyncTokenReader(shelves.client(), mount=shelves.corner.mount)
    dead = asyncio.new_event_loop()
    reader._looks[CRM] = dead.create_future()
    dead.close()
    assert asyncio.run(reader.get(CRM)).connection == CRM
    asyncio.run(reader.aclose())


@pytest.mark.parametrize("start", [HEAD, BODY], ids=["head", "body"])
async def test_an_answer_that_never_ends_is_given_up_in_time(start: bytes) -> None:
    async with loopback_server(dripping(start)) as vault:
        reader = TokenReader(hvac.Client(vault.origin, token="t"))
        asking = asyncio.to_thread(reader.get, CRM, timeout=2 * SECOND)
        with pytest.raises(VaultUnreachable, match="no answer within"):
            await asyncio.wait_for(asking, 60)
