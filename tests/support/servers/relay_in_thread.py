"""The relay of ``tests.support.servers.relay`` for synchronous tests: it runs in a loop of its own thread."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.support.servers.relay import Relay


class ThreadedRelay:
    """Steers a relay from another thread; each order is carried out when the call returns."""

    def __init__(self, relay: Relay, loop: asyncio.AbstractEventLoop) -> None:
        self._relay = relay
        self._loop = loop

    @property
    def address(self) -> str:
        return self._relay.address

    def cut(self) -> None:
        self.order(self._relay.cut)

    def mend(self) -> None:
        self.order(self._relay.mend)

    def stall(self) -> None:
        self.order(self._relay.stall)

    def lose_next_answer(self) -> None:
        self.order(self._relay.lose_next_answer)

    def order(self, do: Callable[[], None]) -> None:
        """It is done in the relay's own thread."""

        async def obey() -> None:
            do()

        asyncio.run_coroutine_threadsafe(obey(), self._loop).result()


@contextmanager
def relay_in_thread(*upstreams: str) -> Iterator[ThreadedRelay]:
    """A relay before the servers at these addresses, until the block ends."""
    started: Future[ThreadedRelay] = Future()
    over = asyncio.Event()

    async def run() -> None:
        async with Relay(*(urlsplit(upstream).port or 0 for upstream in upstreams)).running() as relay:
            started.set_result(ThreadedRelay(relay, asyncio.get_running_loop()))
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), name="relay", daemon=True)
    thread.start()
    relay = started.result(timeout=60)
    try:
        yield relay
    finally:
        relay.order(over.set)
        thread.join()
