"""How a daemon behaves towards Zoho and Vault, checked at each request and each event.

* In any ten minutes it makes no more requests for a refresh token than the budget allows; those of processes before it
  count as far as Vault can know of them.
* It waits a second at least after any failure, and ten minutes after a throttle.
* It leaves a parked connection alone until the moment that it said, and for a minute at least.
* A connection is in exactly one place: waiting with a time (parked or not), standing in line, or in flight.
* It never meets an error of its own.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Final

from tests.simulation.daemon import Daemon
from tests.simulation.findings import BrokenRule, Tally
from tests.simulation.troubles import Trouble, Troubles
from tests.simulation.virtual_loop import Process
from tests.simulation.zoho_side import LIMITS_OF_TRANSPORT, Call, Reply
from zoho_tokend.core.errors import NeverSent
from zoho_tokend.core.events import (
    Event,
    Followed,
    Parked,
    RefreshCrashed,
    RefreshDeferred,
    Refreshed,
    RefreshFailed,
    TokenUnsaved,
    UnsavedTokenExpired,
    Vanished,
    Woken,
)
from zoho_tokend.core.model import ConnectionName

WINDOW: Final = 600.0
_CLOCKS_DIFFER: Final = 0.5
_PROBE: Final = 6 * 3600.0
_BACKOFF_FLOOR: Final = 0.99
_CONFIRMATION: Final = 59.0
_VERDICTS: Final = frozenset({"invalid_code", "invalid_grant", "invalid_client", "invalid_client_secret"})
_LONGEST_COOLING: Final = 3
_LONGEST_RETRY_AFTER: Final = 1800.0


@dataclass(slots=True)
class Asked:
    """One request, whether it was made in vain, and when Vault learned of it: never, unless its token landed there."""

    at: float
    process: Process
    in_vain: bool = False
    landed_at: float = inf
    landed_as: str = ""


@dataclass(slots=True)
class Record:
    """What one process has done with one connection.

    Attributes:
        soonest: before which it may not ask again.
        refused_since: the first of the permanent answers that came in a row.
        holds: Zoho issued a token that has neither landed nor expired: there is no reason to ask for another.
    """

    soonest: float = -inf
    throttles: int = 0
    refused_since: float | None = None
    parked: bool = False
    holds: bool = False


@dataclass(slots=True)
class Client:
    """A client of Zoho's console: whose connections ask by it, which were throttled when, and whether it cools."""

    connections: set[str] = field(default_factory=set)
    throttled: list[tuple[tuple[str, ...], float]] = field(default_factory=list)
    cools: Trouble | None = None


class Conduct:
    """Watches every process; those that are not ``alone`` know of each other's issues by conflicts only."""

    def __init__(
        self, *, budget: int, alone: bool, promised: bool, troubles: Troubles, tally: Tally, now: Callable[[], float]
    ) -> None:
        self._budget = budget
        self._alone = alone
        self._promised = promised
        self._troubles = troubles
        self._tally = tally
        self._now = now
        self._asked: defaultdict[str, deque[Asked]] = defaultdict(deque)
        self._recalled: dict[tuple[Process, str], float] = {}
        self._records: defaultdict[tuple[Process, str], Record] = defaultdict(Record)
        self._of_call: dict[int, Asked] = {}
        self._by_token: dict[str, Asked] = {}
        self._clients: defaultdict[str, Client] = defaultdict(Client)
        self._stays_parked: defaultdict[str, list[Trouble]] = defaultdict(list)

    # --- towards Zoho ------------------------------------------------------------------------------------------

    def asked(self, daemon: Daemon, call: Call, *, clock_stepped_at: float) -> None:
        """A request reached Zoho, or set out for it."""
        self._tally.asked += 1
        key = call.form["refresh_token"]
        self._count(daemon, key, call, clock_stepped_at=clock_stepped_at)
        if len(call.names) != 1:
            return
        record = self._records[daemon.process, call.names[0]]
        if record.holds:
            raise BrokenRule(f"{call.names[0]} is asked for again, although its last token has not landed yet")
        if call.at < record.soonest:
            why = "parked" if record.parked else "told to wait"
            raise BrokenRule(f"{call.names[0]} was {why}, and is asked for {record.soonest - call.at:.1f} s too early")

    def _count(self, daemon: Daemon, key: str, call: Call, *, clock_stepped_at: float) -> None:
        asked = self._asked[key]
        while asked and asked[0].at <= call.at - WINDOW + _CLOCKS_DIFFER:
            asked.popleft()
        began = min(self._recalled.setdefault((daemon.process, name), call.at) for name in call.names or (key,))
        counts_others = abs(daemon.machine.offset) < 1 and self._alone
        known = [
            each
            for each in asked
            if each.process is daemon.process
            or (counts_others and each.landed_at < began - 1 and self._is_known(each.landed_as, daemon))
        ]
        if len(known) >= self._budget and clock_stepped_at < call.at - WINDOW:
            raise BrokenRule(
                f"request {len(known) + 1} for one refresh token within ten minutes, {', '.join(call.names)}, "
                f"where {self._budget} are allowed"
            )
        self._of_call[id(call)] = mine = Asked(call.at, daemon.process)
        asked.append(mine)

    def _is_known(self, name: str, daemon: Daemon) -> bool:
        """Whether the process can know which refresh token the connection has: its credential may be unreadable."""
        return name in daemon.fleet and daemon.fleet[ConnectionName(name)].grant_key is not None

    def met(self, daemon: Daemon, call: Call, reply: Reply) -> None:
        """What the caller met; how long it may excuse it."""
        mine = self._of_call.pop(id(call))
        outcome = "" if isinstance(reply.met, Exception) else reply.met.outcome
        mine.in_vain = outcome != "issued"
        if isinstance(reply.met, NeverSent):
            self._asked[call.form["refresh_token"]].remove(mine)
        if outcome == "issued" and not isinstance(reply.met, Exception):
            self._by_token[str(reply.met.fields["access_token"])] = mine
        for name in call.names:
            record = self._records[daemon.process, name]
            record.holds = record.holds or (outcome == "issued" and len(call.names) == 1)
            self._learn(record, name, outcome, _retry_after(reply))
        if self._promised:
            self._excuse_by_the_client(call, outcome)
            self._excuse_by_the_budget(call)

    def _excuse_by_the_budget(self, call: Call) -> None:
        """Where tries in vain have spent the budget, the next of those that share it waits until some is free again."""
        spent = self._asked[call.form["refresh_token"]]
        if len(spent) >= self._budget and any(each.in_vain for each in spent):
            free_at = spent[-self._budget].at + WINDOW + LIMITS_OF_TRANSPORT["total"]
            self._troubles.until("the budget is spent", free_at, call.names)

    def _excuse_by_the_client(self, call: Call, outcome: str) -> None:
        """Where two connections of a client were throttled within ten minutes, all take turns until one succeeds."""
        client, now = self._clients[call.form["client_id"]], self._now()
        client.connections.update(call.names)
        # Those that share a refresh token cannot be told apart here.
        others = [each for each in client.throttled if each[0] != call.names or len(call.names) > 1]
        if outcome == "issued":
            client.throttled = others
            if client.cools is not None:
                self._troubles.end(client.cools)
        if outcome == "Access Denied":
            client.throttled.append((call.names, now))
            if any(now - at < WINDOW for _, at in others):
                client.cools = self._troubles.begin("the client cools", client.connections)
                client.cools.end = now + WINDOW + LIMITS_OF_TRANSPORT["total"]

    def _learn(self, record: Record, name: str, outcome: str, retry_after: float) -> None:
        now = self._now()
        if outcome == "issued":
            record.soonest, record.throttles, record.refused_since = -inf, 0, None
            return
        record.soonest = now + _BACKOFF_FLOOR
        if outcome == "Access Denied":
            record.throttles += 1
            cooling = max(WINDOW * min(record.throttles, _LONGEST_COOLING) + 61.0, retry_after)
            self._troubles.until("throttled", now + cooling, [name])
            record.soonest = now + WINDOW * 0.999
        elif outcome in _VERDICTS:
            record.refused_since = now if record.refused_since is None else record.refused_since
        elif retry_after:
            self._troubles.until("told to come later", now + retry_after, [name])
        refused_twice = record.refused_since is not None and now - record.refused_since >= _CONFIRMATION
        if record.parked or (refused_twice and outcome in _VERDICTS):
            self._park(name)

    def _park(self, name: str) -> None:
        trouble = self._troubles.begin("refused for good", [name])
        trouble.end = self._now() + _PROBE
        self._stays_parked[name].append(trouble)

    def mended(self, name: str) -> None:
        """A person changed something that a parked connection waits for: it has no excuse to stay so."""
        for trouble in self._stays_parked.pop(name, ()):
            self._troubles.end(trouble)
        for (_, of), record in self._records.items():
            if of == name:
                record.soonest, record.refused_since = -inf, None

    def clock_stepped(self, process: Process) -> None:
        """Its waits are over when its own clock says so, which is another time than before."""
        for (of, _), record in self._records.items():
            if of is process:
                record.soonest = -inf
                record.refused_since = None if record.refused_since is None else -inf

    def landed(self, name: str, access_token: str) -> None:
        """The token stands in Vault, which remembers its issue from now on."""
        if (asked := self._by_token.pop(access_token, None)) is not None:
            asked.landed_at, asked.landed_as = self._now(), name

    # --- what it says ------------------------------------------------------------------------------------------

    def told(self, daemon: Daemon, event: Event) -> None:
        """An event of a process."""
        match event:
            case RefreshCrashed(traceback=traceback):
                raise BrokenRule(f"an error of its own: {traceback}")
            case RefreshFailed(connection=name, next_refresh_at=at) | TokenUnsaved(connection=name, next_write_at=at):
                outdated = isinstance(event, RefreshFailed) and event.failures == 0  # of a credential replaced since
                if at - daemon.clock.now() < timedelta(seconds=_BACKOFF_FLOOR) and not outdated:
                    raise BrokenRule(f"{name} waits less than a second after a failure")
                record = self._records[daemon.process, name]
                if outdated:
                    record.soonest = -inf
                if isinstance(event, RefreshFailed) and record.parked:
                    record.soonest = self._now() + _until(daemon, at)
            case RefreshDeferred(connection=name):
                if name in daemon.fleet and daemon.fleet[name].recalled:
                    self._recalled.setdefault((daemon.process, name), self._now())
                self._put_off(event, (event.until - daemon.clock.now()).total_seconds())
            case (
                Parked(connection=name)
                | UnsavedTokenExpired(connection=name)
                | Woken(connection=name)
                | Followed(connection=name)
            ):
                self._note(daemon, self._records[daemon.process, name], event)
            case Vanished(connection=name) | Refreshed(connection=name):
                self._records.pop((daemon.process, name), None)
            case _:
                pass

    def _put_off(self, event: RefreshDeferred, wait: float) -> None:
        if wait > WINDOW + 1:
            raise BrokenRule(f"{event.connection} is put off for {wait:.0f} s by the budget or by its client")
        if self._promised:
            self._troubles.until(event.reason, self._now() + wait, [event.connection])

    def _note(self, daemon: Daemon, record: Record, event: Parked | UnsavedTokenExpired | Woken | Followed) -> None:
        match event:
            case Parked(next_probe_at=probe_at):
                record.parked, record.soonest = True, self._now() + _until(daemon, probe_at)
            case UnsavedTokenExpired():
                record.holds = False
            case Woken() | Followed():
                # What another process published takes the failures of this one with it.
                record.parked, record.soonest, record.throttles, record.refused_since = False, -inf, 0, None

    def look(self, daemon: Daemon) -> None:
        """Every connection of the process is in exactly one place."""
        fleet = daemon.fleet
        queued, going = fleet._bulkheads.queued, fleet._bulkheads.going
        for name in fleet.names:
            places = (fleet._queue.when(name) is not None) + (name in going or name in queued)
            if places != 1:
                raise BrokenRule(f"{name} is in {places} places at once: it waits, is queued, or is in flight")
        self._tally.checks += 1

    def all_awake(self, daemon: Daemon) -> None:
        """Nothing is parked, held or missing once all has been well for a while."""
        for name in self._troubles.names:
            if name not in daemon.fleet:
                raise BrokenRule(f"{name} is not known to {daemon.process.name}, and all is well")
            connection = daemon.fleet[ConnectionName(name)]
            if connection.parked:
                raise BrokenRule(f"{name} is still parked, and all is well: {connection.failure}")
            if connection.is_unsaved:
                raise BrokenRule(f"something of {name} is still held, and all is well")


def _retry_after(reply: Reply) -> float:
    headers = {} if isinstance(reply.met, Exception) else reply.met.headers
    return min(float(headers.get("Retry-After", 0)), _LONGEST_RETRY_AFTER)


def _until(daemon: Daemon, moment: datetime) -> float:
    """How long it is to that moment of the daemon's clock, in seconds; a minute at least, and a sweep less."""
    return max((moment - daemon.clock.now()).total_seconds() - 1.0, _CONFIRMATION)
