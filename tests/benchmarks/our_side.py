"""Our side of the throughput: the real run loop and all that it drives, on a clock that leaps from one due time to the
next. It logs at info to nowhere, and counts its metrics.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

from tests.support.clocks.wall_clock import WallClock
from tests.support.samples.builders import a_record
from zoho_tokend.core.events import Event, Refreshed, VaultAnswered
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName, Published
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.core.policy import ZOHO_LIFETIME, Policy
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.engine.clockwork import Command
from zoho_tokend.engine.engine import Engine, Ports
from zoho_tokend.engine.runner import Inbox
from zoho_tokend.settings.model import VaultAuth
from zoho_tokend.telemetry.log import EventLog, LogFormat, LogLevel, configure_logging
from zoho_tokend.telemetry.metrics import Metrics
from zoho_tokend.vault.auth import Token
from zoho_tokend.vault.client import VaultConfig
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.secret_file import Given
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.zoho.datacenters import DATA_CENTERS, AccountsServers
from zoho_tokend.zoho.endpoints import endpoints

_A_LONG_LIFE = timedelta(days=90)


class LeapingClock(WallClock):
    """Real time, from which hours can be skipped."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def leap(self, span: timedelta) -> None:
        """It is so much later."""
        self._ahead += span


class Tally:
    """A sink that counts refreshes and requests to Vault."""

    def __init__(self) -> None:
        self.vault_requests = 0
        self.refreshed = 0
        self._wanted = 0
        self._reached = asyncio.Event()

    def __call__(self, event: Event) -> None:
        if isinstance(event, VaultAnswered):
            self.vault_requests += 1
        if isinstance(event, Refreshed):
            self.refreshed += 1
            if self.refreshed == self._wanted:
                self._reached.set()

    async def until(self, refreshed: int) -> None:
        """So many refreshes have ended well since the beginning."""
        self._wanted = refreshed
        self._reached.clear()
        if self.refreshed < refreshed:
            await self._reached.wait()


class OurSide:
    """The daemon without its web server and its clockwork: the benchmark says when to sweep."""

    def __init__(self, fleet: Fleet, clock: LeapingClock, inbox: Inbox, tally: Tally, connections: int) -> None:
        self.tally = tally
        self._fleet = fleet
        self._clock = clock
        self._inbox = inbox
        self._connections = connections

    async def first_refreshes(self) -> None:
        """Every connection was discovered, and refreshed once."""
        self._inbox.put_nowait(Command.KEEP_VAULT_SESSION)
        await self.tally.until(self._connections)

    def rest(self, others: Iterable[ConnectionName]) -> None:
        """These are in the fleet too, and have nothing to do while it is measured."""
        now = self._clock.now()
        for name in others:
            record = a_record(name, issued_at=now, lifetime=_A_LONG_LIFE)
            self._fleet.add(name, Published(version=1, record=record), now)

    async def refresh_all(self) -> None:
        """Every connection that does not rest has become due, and was refreshed."""
        self._clock.leap(ZOHO_LIFETIME)
        self._inbox.put_nowait(Command.SWEEP)
        await self.tally.until(self.tally.refreshed + self._connections)


@asynccontextmanager
async def our_side(
    vault: OpenBao, layout: Layout, *, accounts_server: str, connections: int, concurrency: int
) -> AsyncIterator[OurSide]:
    """The run loop at work on what is under this layout; when the block ends it was stopped as by SIGTERM."""
    clock, tally, inbox = LeapingClock(), Tally(), Inbox()
    servers = AccountsServers((parse_origin(accounts_server),))
    with _telemetry() as (log, metrics):

        def emit(event: Event) -> None:
            log(event)
            metrics(event)
            tally(event)

        async with (
            endpoints(servers, clock=clock, emit=emit) as zoho,
            asyncio.TaskGroup() as group,
        ):
            auth = Token(token=Given(vault.root_token, "the root token"))
            config = VaultConfig(address=vault.address, concurrency=concurrency)
            session = Session(config, auth, clock=clock, emit=emit)
            store = VaultStore(session, layout, clock=clock, location_of=lambda _origin: "other")
            ports = Ports(records=store, endpoint=zoho.tokens, clock=clock, emit=emit, session=session)
            engine = Engine(Policy(), ports, slots=concurrency, inbox=inbox)
            group.create_task(engine.runner.run())
            try:
                yield OurSide(engine.fleet, clock, inbox, tally, connections)
            finally:
                inbox.put_nowait(Command.STOP)


@contextmanager
def _telemetry() -> Iterator[tuple[EventLog, Metrics]]:
    """The log and the metrics as ``zoho-tokend run`` has them; the log's lines go nowhere."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        configure_logging(LogFormat.JSON, LogLevel.INFO, nowhere)
        metrics = Metrics(
            version="benchmark",
            data_centers=[center.location for center in DATA_CENTERS],
            login_methods=get_args(VaultAuth),
        )
        yield EventLog(), metrics
