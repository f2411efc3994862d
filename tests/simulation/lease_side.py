"""The lease at the API server, as several daemons share it: every write is compared with the version that it knows."""

import asyncio
from collections.abc import Callable
from random import Random

from tests.simulation.virtual_loop import Process
from zoho_tokend.core.errors import Conflict, LeaseUnavailable
from zoho_tokend.core.lease import Lease, LeaseRecord

Cut = Callable[[Process], bool]
"""Whether the API server cannot be reached from there now."""


class ApiServer:
    """Holds one lease; ``cuts`` is what is the matter at present."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.cuts: list[Cut] = []
        self.lease: Lease | None = None
        self._version = 0

    def replace(self, record: LeaseRecord, after_version: str | None) -> Lease:
        """The lease is this record, unless it is of another version than that."""
        if (None if self.lease is None else self.lease.version) != after_version:
            raise Conflict
        self._version += 1
        self.lease = Lease(record=record, version=str(self._version))
        return self.lease


class SimulatedLease:
    """One daemon's way to it."""

    def __init__(self, server: ApiServer, process: Process) -> None:
        self._server = server
        self._process = process

    async def read(self) -> Lease | None:
        await self._there()
        lease = self._server.lease
        await self._back()
        return lease

    async def write(self, record: LeaseRecord, *, after_version: str | None) -> Lease:
        await self._there()
        lease = self._server.replace(record, after_version)
        await self._back()
        return lease

    async def close(self) -> None:
        """There is nothing to close."""

    async def _there(self) -> None:
        if self._process.dead:
            raise asyncio.CancelledError
        if any(cut(self._process) for cut in self._server.cuts):
            await asyncio.sleep(5.0)
            raise LeaseUnavailable("the API server was not reached")

    async def _back(self) -> None:
        await asyncio.sleep(self._server.rng.uniform(0.002, 0.02))
