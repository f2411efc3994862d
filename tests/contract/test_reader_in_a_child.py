"""A reader that is forked, copied or pickled, that outlives its event loop, or whose Vault never ends an answer."""

import asyncio
import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import hvac
import pytest
import requests

import zoho_tokend
from tests.support.places.reader_site import Shelves
from tests.support.samples.builders import CRM, MINUTE, SALES, SECOND
from tests.support.servers.loopback_server import dripping, loopback_server
from tests.support.servers.openbao import Corner
from zoho_tokend.core.model import Secret
from zoho_tokend.reader import (
    AsyncTokenReader,
    NotConfigured,
    TokenReader,
    TokenTooOld,
    VaultUnreachable,
    ZohoAuth,
    ZohoRequestsAuth,
)

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
with reader._turns["crm-prod"], reader._source._turn, reader._memory._lock:
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


@pytest.fixture
def environment(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a job that reads these shelves."""
    monkeypatch.setenv("VAULT_ADDR", shelves.corner.address)
    monkeypatch.setenv("VAULT_TOKEN", shelves.vault_token().reveal())
    return monkeypatch


def through_a_pickle(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))  # noqa: S301  # we wrote it ourselves


COPIED = pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, through_a_pickle])


@COPIED
def test_a_copied_reader_reads_with_a_connection_of_its_own(
    shelves: Shelves, environment: object, copied: Callable[[TokenReader], TokenReader]
) -> None:
    del environment
    with TokenReader(mount=shelves.corner.mount) as reader:
        reader.get(CRM)
        with copied(reader) as twin:
            assert twin._source._session is not reader._source._session
            assert twin._source._turn is not reader._source._turn
            reader.close()
            assert twin.get(CRM) == reader.get(CRM)


@COPIED
async def test_a_copied_reader_for_asyncio_reads_too(
    shelves: Shelves, environment: object, copied: Callable[[AsyncTokenReader], AsyncTokenReader]
) -> None:
    del environment
    async with AsyncTokenReader(mount=shelves.corner.mount) as reader:
        await reader.get(CRM)
        async with copied(reader) as twin:
            assert await twin.get(CRM) == await reader.get(CRM)


@COPIED
def test_a_copied_authentication_goes_on(
    shelves: Shelves, environment: object, copied: Callable[[object], Any]
) -> None:
    del environment
    token = shelves.corner.fields(f"tokens/{CRM}")
    with TokenReader(mount=shelves.corner.mount) as reader:
        for_requests = copied(ZohoRequestsAuth(reader, CRM))
        asked = requests.Request("GET", f"{token['api_domain']}/crm/v8/org", auth=for_requests).prepare()
        for_httpx = copied(ZohoAuth(reader, CRM))
        flow = for_httpx.sync_auth_flow(httpx.Request("GET", f"{token['api_domain']}/crm/v8/org"))
        assert asked.headers["Authorization"] == next(flow).headers["Authorization"] == token["authorization"]


def test_a_copy_follows_the_login_that_the_owner_replaces(shelves: Shelves) -> None:
    client = shelves.client(token=Secret("ended"))
    with copy.deepcopy(TokenReader(client, mount=shelves.corner.mount)) as twin:
        client.token = shelves.vault_token().reveal()
        assert twin.get(CRM).connection == CRM


@pytest.mark.parametrize("kind", [TokenReader, AsyncTokenReader])
def test_a_reader_with_a_client_is_not_pickled(shelves: Shelves, kind: type[TokenReader]) -> None:
    reader = kind(shelves.client())
    for made in (reader, copy.copy(reader), ZohoAuth(reader, CRM)):
        with pytest.raises(
            TypeError, match=f"^a {kind.__name__} with an hvac client cannot be pickled, for the client"
        ):
            pickle.dumps(made)


def test_a_copy_needs_no_environment_and_a_pickle_that_of_its_loader(
    shelves: Shelves, environment: pytest.MonkeyPatch
) -> None:
    with TokenReader(mount=shelves.corner.mount) as reader:
        reader.get(CRM)
        pickled = pickle.dumps(reader)
        environment.delenv("VAULT_ADDR")
        with copy.deepcopy(reader) as twin:
            assert twin.get(CRM).connection == CRM
            assert pickle.dumps(twin) == pickled
        with pytest.raises(NotConfigured):
            pickle.loads(pickled)  # noqa: S301  # we wrote it ourselves


def test_no_pickle_holds_a_secret(shelves: Shelves, environment: object) -> None:
    del environment
    token = shelves.corner.fields(f"tokens/{CRM}")["access_token"]
    with TokenReader(mount=shelves.corner.mount) as reader:
        assert reader.get(CRM).access_token == token
        for made in (reader, ZohoAuth(reader, CRM), ZohoRequestsAuth(reader, CRM)):
            pickled = pickle.dumps(made)
            assert str(token).encode() not in pickled
            assert os.environ["VAULT_TOKEN"].encode() not in pickled


def test_an_error_crosses_to_another_process_as_it_is() -> None:
    error = TokenTooOld("too old", age=70 * MINUTE, life_left=-10 * MINUTE)
    twin = through_a_pickle(error)
    assert (type(twin), str(twin), twin.age, twin.life_left) == (TokenTooOld, "too old", 70 * MINUTE, -10 * MINUTE)


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
