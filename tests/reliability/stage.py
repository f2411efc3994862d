"""The stage of a scenario: a connection, the daemon that keeps it, the jobs that read it, and a fault in the middle."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import httpx

from tests.clocks.wall_clock import WallClock
from tests.places.site import Site
from tests.processes.process import Daemon
from tests.reliability.account import Account, Reads
from tests.reliability.witness import Jobs
from zoho_simulator.law.shapes import fingerprint
from zoho_tokend.core.policy import Policy

CONNECTION: Final = "crm-prod"
LIFETIME: Final = timedelta(minutes=2)
POLICY: Final = Policy(refresh_at=0.2)
FLOOR: Final = POLICY.floor_of(LIFETIME)
"""What the daemon promises of tokens that live so long."""
OUTAGE: Final = FLOOR * 0.8

_JUST_BEFORE: Final = timedelta(seconds=1.5)
_PATIENCE: Final = LIFETIME.total_seconds()
_GLANCE: Final = 0.1


@dataclass(kw_only=True)
class Stage:
    """Set, with a fresh token in Vault.

    Attributes:
        remark: what only this scenario has to tell.
    """

    site: Site
    daemon: Daemon
    jobs: Jobs
    refresh_token: str
    start_daemon: Callable[[], Daemon]
    outage: timedelta = field(default=timedelta(), init=False)
    recovery: timedelta = field(default=timedelta(), init=False)
    remark: str = field(default="", init=False)

    @contextmanager
    def fault(self) -> Iterator[None]:
        """The block brings the fault and takes it away again; it begins at the worst moment, just before a refresh."""
        self._until(lambda: self._next_refresh() - WallClock().now() < _JUST_BEFORE, "a refresh is about to come")
        begun = time.monotonic()
        yield
        ended = time.monotonic()
        self._until(self._is_well, "the daemon is ready and its token fresh")
        self.outage = timedelta(seconds=ended - begun)
        self.recovery = timedelta(seconds=time.monotonic() - ended)

    @staticmethod
    def sit_it_out(span: timedelta = OUTAGE) -> None:
        """So much time passes with the fault in place."""
        time.sleep(span.total_seconds())

    def account(self) -> Account:
        """What it came to so far."""
        requests = self.site.zoho.journal.requests(refresh_token=fingerprint(self.refresh_token))
        vault, reader = self.jobs.from_vault, self.jobs.through_reader
        return Account(
            lifetime=LIFETIME,
            floor=FLOOR,
            outage=self.outage,
            recovery=self.recovery,
            from_vault=Reads(made=vault.reads, failed=vault.failed),
            through_reader=Reads(made=reader.reads, failed=reader.failed),
            least_life=min(vault.least_life, reader.least_life),
            issues=sum(entry.outcome == "issued" for entry in requests),
            asked=len(requests),
            remark=self.remark,
        )

    def _is_well(self) -> bool:
        row = self.daemon.connection(CONNECTION)
        return self.daemon.is_ready() and row.get("state") == "fresh" and self._next_refresh() > WallClock().now()

    def _next_refresh(self) -> datetime:
        return datetime.fromisoformat(str(self.daemon.connection(CONNECTION)["next_refresh_at"]))

    def _until(self, question: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._answer(question):
            assert self.daemon.runs, f"the daemon ended before {what}\n{self.daemon.told}"
            assert time.monotonic() < deadline, f"not in time: {what}\n{self.daemon.told}"
            time.sleep(_GLANCE)

    @staticmethod
    def _answer(question: Callable[[], bool]) -> bool:
        try:
            return question()
        except (httpx.TransportError, KeyError, ValueError):  # it has no time for us, or is refreshing
            return False
