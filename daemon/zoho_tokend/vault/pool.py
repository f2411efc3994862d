"""The only way from asyncio to Vault: a few threads, each with its own client.

Work that has started cannot be cancelled: when its caller is, it ends by its own time-outs,
and ``close`` waits for it.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final, TypeVar

from zoho_tokend.core.events import ClockCompared, Peer, Sink, VaultAnswered
from zoho_tokend.core.instants import clock_skew
from zoho_tokend.core.ports import Clock
from zoho_tokend.vault.client import VaultClient, VaultConfig

T = TypeVar("T")

_COMPARE_SECONDS: Final = 60.0


class VaultClientPool:
    """Run work on threads that have a client each, and emit the clients' events on the event loop."""

    def __init__(self, config: VaultConfig, *, clock: Clock, emit: Sink) -> None:
        self._config = config
        self._clock = clock
        self._emit = emit
        self._pool = ThreadPoolExecutor(max_workers=config.concurrency, thread_name_prefix="vault")
        self._thread = threading.local()
        self._clients: list[VaultClient] = []
        self._compared_at: float | None = None

    async def call(self, work: Callable[[VaultClient], T]) -> T:
        """Return what the work returns; its events are emitted before."""
        loop = asyncio.get_running_loop()

        def on_thread() -> T:
            return work(self._client(loop))

        return await asyncio.shield(loop.run_in_executor(self._pool, on_thread))

    async def close(self) -> None:
        """Wait for all work to end, and close every connection."""
        await asyncio.to_thread(self._pool.shutdown)
        while self._clients:
            self._clients.pop().close()

    def _client(self, loop: asyncio.AbstractEventLoop) -> VaultClient:
        client: VaultClient | None = getattr(self._thread, "client", None)
        if client is None:

            def emit(answered: VaultAnswered, date: datetime | None) -> None:
                loop.call_soon_threadsafe(self._emit_answer, answered, date)

            client = self._thread.client = VaultClient(self._config, monotonic=self._clock.monotonic, emit=emit)
            self._clients.append(client)
        return client

    def _emit_answer(self, answered: VaultAnswered, date: datetime | None) -> None:
        self._emit(answered)
        now = self._clock.monotonic()
        if date is None or (self._compared_at is not None and now - self._compared_at < _COMPARE_SECONDS):
            return
        self._compared_at = now
        self._emit(ClockCompared(peer=Peer.VAULT, skew=clock_skew(date, self._clock.now())))
