"""The stage of a scenario: a connection, the daemon that keeps it, the jobs that read it, and a fault in the middle."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import httpx

from tests.reliability.account import Account, Reads
from tests.reliability.witness import Jobs
from tests.support.clocks.wall_clock import WallClock
from tests.support.places.site import Site
from tests.support.processes.process import Daemon
from zoho_simulator.rules.shapes import fingerprint
from zoho_tokend.core.policy import Policy

# Of the names that one could have, this is one whose spread makes it due early: less to wait for.
CONNECTION: Final = "crm-main"
LIFETIME: Final = timedelta(minutes=2)
POLICY: Final = Policy(refresh_at=0.2)
FLOOR: Final = POLICY.floor_of(LIFETIME)
"""What the daemon promises of tokens that live so long."""

_SHARE_OF_FLOOR: Final = 0.8
_JUST_BEFORE: Final = timedelta(seconds=1.5)
# Nothing here is decided by how busy the machine is: what does not come at all fails.
PATIENCE: Final = 300.0
# Many stages are looked at at the same time, and each look costs a daemon a page.
_GLANCE: Final = 0.5


class Delayed(Exception):
    """Something took longer than it may: a busy machine explains that as well as a fault of ours does."""


@dataclass(kw_only=True)
class Stage:
    """Set, with a fresh token in Vault.

    Attributes:
        lifetime: of the tokens.
        policy: how eagerly they are replaced.
        remark: what only this scenario has to tell.
    """

    site: Site
    daemon: Daemon
    jobs: Jobs
    refresh_token: str
    start_daemon: Callable[[], Daemon]
    lifetime: timedelta = LIFETIME
    policy: Policy = POLICY
    outage: timedelta = field(default=timedelta(), init=False)
    recovery: timedelta = field(default=timedelta(), init=False)
    remark: str = field(default="", init=False)
    _begun: float = field(default=0.0, init=False)

    @property
    def floor(self) -> timedelta:
        """The least life that the daemon promises."""
        return self.policy.floor_of(self.lifetime)

    @contextmanager
    def fault(self, *, at_worst_moment: bool = True) -> Iterator[None]:
        """The block brings the fault and ends it; the worst moment for it is just before a refresh."""
        if at_worst_moment:
            self.until(self._sleeps_until_refresh, "a refresh is about to come")
        self._begun = time.monotonic()
        yield
        ended = time.monotonic()
        self.until(self._is_well, "the daemon is ready and its token fresh")
        self.outage = timedelta(seconds=ended - self._begun)
        self.recovery = timedelta(seconds=time.monotonic() - ended)

    def sit_it_out(self) -> None:
        """Wait until the fault has lasted for four fifths of the floor, however long it took to bring it about."""
        left = self._begun + (self.floor * _SHARE_OF_FLOOR).total_seconds() - time.monotonic()
        time.sleep(max(left, 0.0))

    def account(self) -> Account:
        """What it came to so far."""
        requests = self.site.zoho.journal.requests(refresh_token=fingerprint(self.refresh_token))
        vault, reader = self.jobs.from_vault, self.jobs.through_reader
        return Account(
            lifetime=self.lifetime,
            floor=self.floor,
            outage=self.outage,
            recovery=self.recovery,
            from_vault=Reads(made=vault.reads, failed=vault.failed, why=frozenset(vault.why)),
            through_reader=Reads(made=reader.reads, failed=reader.failed, why=frozenset(reader.why)),
            least_life=min(vault.least_life, reader.least_life),
            issues=sum(entry.outcome == "issued" for entry in requests),
            asked=len(requests),
            remark=self.remark,
        )

    def next_refresh(self) -> datetime:
        """When the daemon will next ask for a token.

        Raises:
            ValueError: it is doing so.
        """
        return datetime.fromisoformat(str(self.daemon.connection(CONNECTION)["next_refresh_at"]))

    def until(self, question: Callable[[], bool], what: str) -> None:
        """Wait until the answer is yes; a daemon that has no time to be asked is asked again."""
        deadline = time.monotonic() + PATIENCE
        while not self._answer(question):
            assert self.daemon.runs, f"the daemon ended before {what}\n{self.daemon.told}"
            assert time.monotonic() < deadline, f"not in time: {what}\n{self.daemon.told}"
            time.sleep(_GLANCE)

    def _sleeps_until_refresh(self) -> bool:
        """Sleep until just before the refresh; whether it is yet to come, for a busy machine may wake us late."""
        time.sleep(max((self._left() - _JUST_BEFORE).total_seconds(), 0.0))
        return timedelta() < self._left() <= _JUST_BEFORE

    def _left(self) -> timedelta:
        return self.next_refresh() - WallClock().now()

    def _is_well(self) -> bool:
        row = self.daemon.connection(CONNECTION)
        return self.daemon.is_ready() and row.get("state") == "fresh" and self.next_refresh() > WallClock().now()

    @staticmethod
    def _answer(question: Callable[[], bool]) -> bool:
        try:
            return question()
        except (httpx.TransportError, KeyError, ValueError):  # it has no time for us, or is refreshing
            return False
