"""A lease in memory, as the API server keeps it, and what can happen on the way there."""

import asyncio
from datetime import timedelta

from zoho_tokend.core.errors import Conflict, LeaseUnavailable
from zoho_tokend.core.lease import Lease, LeaseRecord


class FakeLease:
    """The lease that several processes share; each has a `Line` of its own to it.

    Attributes:
        holders: who has held it so far, one after the other.
    """

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.holders: list[str] = []
        self._writes = 0

    def write(self, record: LeaseRecord, after_version: str | None) -> Lease:
        if after_version != (self.lease.version if self.lease else None):
            raise Conflict
        self._writes += 1
        self.lease = Lease(record=record, version=str(self._writes))
        if record.holder and record.holder not in self.holders[-1:]:
            self.holders.append(record.holder)
        return self.lease


class Line:
    """One process's way to the lease.

    Attributes:
        cut: nothing arrives.
        takes: how long a request takes, from being sent to being answered; it is served at once.
    """

    def __init__(self, lease: FakeLease) -> None:
        self._lease = lease
        self._losing = False
        self.cut = False
        self.takes = timedelta(milliseconds=5)
        self.closed = False

    def lose_next_answer(self) -> None:
        """The next write lands, and seems to fail."""
        self._losing = True

    async def read(self) -> Lease | None:
        self._arrive()
        found = self._lease.lease
        await asyncio.sleep(self.takes.total_seconds())
        return found

    async def write(self, record: LeaseRecord, *, after_version: str | None) -> Lease:
        self._arrive()
        written = self._lease.write(record, after_version)
        await asyncio.sleep(self.takes.total_seconds())
        if self._losing:
            self._losing = False
            raise LeaseUnavailable("the answer was lost")
        return written

    async def close(self) -> None:
        self.closed = True

    def _arrive(self) -> None:
        if self.cut:
            raise LeaseUnavailable("the API server was not reached")
