"""The other side of the throughput: the same three requests for each connection, by plain hvac and httpx, and no more.

No decision, no error is foreseen, nothing is logged, counted or remembered but the version for the next write.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import httpx
import hvac

from tests.support.samples.builders import a_record
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault import codec
from zoho_tokend.vault.layout import Layout


class BareLoop:
    """So many workers, each of which takes the next connection; blocking calls go to as many threads."""

    def __init__(
        self,
        vault: OpenBao,
        layout: Layout,
        connections: Sequence[ConnectionName],
        *,
        http: httpx.AsyncClient,
        threads: ThreadPoolExecutor,
        concurrency: int,
    ) -> None:
        self._vault = vault
        self._layout = layout
        self._http = http
        self._threads = threads
        self._concurrency = concurrency
        self._versions = dict.fromkeys(connections, 0)
        self._documents = {name: codec.token_fields(a_record(name)) for name in connections}
        self._own = threading.local()

    async def refresh_all(self) -> None:
        """Every connection has a new token in Vault."""
        left = iter(tuple(self._versions))

        async def work() -> None:
            for name in left:
                await self._refresh(name)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(work())

    async def _refresh(self, name: ConnectionName) -> None:
        loop = asyncio.get_running_loop()
        credential = await loop.run_in_executor(self._threads, self._read, name)
        form = {key: credential[key] for key in ("client_id", "client_secret", "refresh_token")}
        url = f"{credential['accounts_server']}/oauth/v2/token"
        answer = await self._http.post(url, data={"grant_type": "refresh_token", **form})
        await loop.run_in_executor(self._threads, self._write, name, answer.json()["access_token"])

    def _read(self, name: ConnectionName) -> Mapping[str, str]:
        path = self._layout.credential(name).path
        answer = self._client.secrets.kv.v2.read_secret_version(
            path, mount_point=self._layout.mount, raise_on_deleted_version=True
        )
        fields: Mapping[str, str] = answer["data"]["data"]
        return fields

    def _write(self, name: ConnectionName, access_token: str) -> None:
        answer = self._client.secrets.kv.v2.create_or_update_secret(
            self._layout.token(name).path,
            {
                **self._documents[name],
                "access_token": access_token,
                "authorization": f"Zoho-oauthtoken {access_token}",
            },
            cas=self._versions[name],
            mount_point=self._layout.mount,
        )
        self._versions[name] = answer["data"]["version"]

    @property
    def _client(self) -> hvac.Client:
        """This thread's own; an hvac client holds a ``requests`` session, which is not promised to bear more."""
        client: hvac.Client | None = getattr(self._own, "client", None)
        if client is None:
            client = self._own.client = hvac.Client(self._vault.address, token=self._vault.root_token.reveal())
        return client


@asynccontextmanager
async def bare_loop(
    vault: OpenBao, layout: Layout, connections: Sequence[ConnectionName], *, concurrency: int
) -> AsyncIterator[BareLoop]:
    """The loop over what is under this layout, where no token record stands yet."""
    with ThreadPoolExecutor(concurrency) as threads:
        async with httpx.AsyncClient() as http:
            yield BareLoop(vault, layout, connections, http=http, threads=threads, concurrency=concurrency)
