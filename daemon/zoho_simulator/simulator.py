"""Starts a Zoho on loopback and stops it again."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import TracebackType

from zoho_simulator.clock import MovableClock
from zoho_simulator.rules.limits import Limits
from zoho_simulator.shell.control import control_app
from zoho_simulator.shell.data_center import data_center_app
from zoho_simulator.shell.server import EmbeddedServer, listening_socket, origin
from zoho_simulator.zoho import Zoho


@dataclass(slots=True, kw_only=True)
class Simulator:
    """Several data centres and a control API, each on a loopback port of its own, inside the running event loop.

    ::

        async with Simulator(data_centers=("us", "eu"), lifetime=timedelta(minutes=3)) as zoho:
            zoho.eu.accounts_server

    Attributes:
        data_centers: their names; the first is the home of clients that name none.
        lifetime: of access tokens, where it differs from that of ``limits``.
        ports: by data centre, and ``control``; those not given are free ones.
        control: the origin of the control API, once started.
    """

    data_centers: Sequence[str] = ("us",)
    lifetime: timedelta | None = None
    limits: Limits = field(default_factory=Limits)
    clock: MovableClock = field(default_factory=MovableClock)
    ports: Mapping[str, int] = field(default_factory=dict)
    control: str = field(default="", init=False)
    _running: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack, init=False, repr=False)

    async def __aenter__(self) -> Zoho:
        """The Zoho, listening.

        Raises:
            OSError: a port is taken.
        """
        async with contextlib.AsyncExitStack() as starting:
            names = (*self.data_centers, "control")
            sockets = {name: starting.enter_context(listening_socket(self.ports.get(name, 0))) for name in names}
            locations = {name: origin(sockets[name]) for name in self.data_centers}
            zoho = Zoho(locations, limits=self._limits(), clock=self.clock)
            apps = {name: data_center_app(zoho, name) for name in self.data_centers}
            servers = {sockets[name]: EmbeddedServer(app) for name, app in apps.items()}
            servers[sockets["control"]] = EmbeddedServer(control_app(zoho))
            await starting.enter_async_context(_serving(servers))
            self.control = origin(sockets["control"])
            self._running = starting.pop_all()
        return zoho

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Every connection is closed, whatever it waits for."""
        await self._running.aclose()

    def _limits(self) -> Limits:
        return self.limits if self.lifetime is None else replace(self.limits, token_lifetime=self.lifetime)


@contextlib.contextmanager
def in_thread(simulator: Simulator) -> Iterator[Zoho]:
    """The same for synchronous code: the simulator runs in a thread with a loop of its own until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="zoho-simulator", daemon=True)
    thread.start()
    try:
        zoho = asyncio.run_coroutine_threadsafe(simulator.__aenter__(), loop).result()
        try:
            yield zoho
        finally:
            asyncio.run_coroutine_threadsafe(simulator.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextlib.asynccontextmanager
async def _serving(servers: Mapping[socket.socket, EmbeddedServer]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        for listening, server in servers.items():
            tasks.create_task(server.serve(sockets=[listening]))
        try:
            for server in servers.values():
                await server.listening.wait()
            yield
        finally:
            for server in servers.values():
                server.stop.set()
