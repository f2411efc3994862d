"""How a daemon behaves towards Zoho and Vault, checked at each request and each event.

* In any ten minutes all processes together make no more requests for a refresh token than the budget allows. Those of
  others count as far as Vault can know of them: a token that landed, and a request in vain whose process lived on for
  long enough to write it down. What never left the machine does not count.
* It waits a second at least after any failure, and ten minutes after a throttle.
* It leaves a parked connection alone until the moment that it said, and for a minute at least. While its token lives
  that is no excuse for letting it expire; afterwards it is one for six hours, and for as long as nobody else recovers.
* A connection is in exactly one place: waiting with a time (parked or not), standing in line, or in flight.
* It never meets an error of its own.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Final

from tests.simulation.daemon import Daemon
from tests.simulation.findings import BrokenRule, Tally
from tests.simulation.troubles import Trouble, Troubles
from tests.simulation.virtual_loop import Process, VirtualLoop
from tests.simulation.zoho_side import LIMITS_OF_TRANSPORT, Call, Reply
from zoho_tokend.core.errors import NeverSent, Outcome
from zoho_tokend.core.events import (
    Event,
    Followed,
    Parked,
    RefreshCrashed,
    RefreshDeferred,
    Refreshed,
    RefreshFailed,
    TokenDropped,
    TokenUnsaved,
    UnsavedTokenExpired,
    Vanished,
    Woken,
)
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import Policy

Noted = Parked | UnsavedTokenExpired | TokenDropped | Woken | Followed
WINDOW: Final = 600.0
_CLOCKS_DIFFER: Final = 0.5
_PROBE: Final = 6 * 3600.0
# Before the expiry a parked connection is tried once more, so long before it.
_LAST_MOMENT: Final = 60.0
# A connection that is so long overdue is known to have failed before, whoever tried.
_OVERDUE: Final = 60.0
# How long it may take to write down that a request was in vain.
_TO_WRITE: Final = 20.0
# A fleet so large is looked through once a second.
_A_CROWD: Final = 32
_BACKOFF_FLOOR: Final = 0.99
_CONFIRMATION: Final = 59.0
_REFUSED: Final = frozenset({Outcome.GRANT_REJECTED, Outcome.CLIENT_REJECTED})
_VERDICTS: Final = frozenset({"invalid_code", "invalid_grant", "invalid_client", "invalid_client_secret"})
_LONGEST_COOLING: Final = 3
_LONGEST_RETRY_AFTER: Final = 1800.0


@dataclass(slots=True)
class Asked:
    """One request, and when Vault learned of it.

    Attributes:
        in_vain_at: when it was known to have brought nothing.
        landed_at: when its token landed, in the record of the connection ``landed_as``.
        written_at: when its process has had the time to write down that it was in vain.
    """

    at: float
    process: Process
    in_vain_at: float = inf
    landed_at: float = inf
    landed_as: str = ""
    written_at: float = inf


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
        self,
        *,
        policy: Policy,
        alone: bool,
        promised: bool,
        troubles: Troubles,
        tally: Tally,
        loop: VirtualLoop,
        location_of: Callable[[str], str],
        expires: Callable[[str], float],
        vault_was_ill_at: Callable[[], float],
    ) -> None:
        """Watch.

        Args:
            location_of: the data centre of a connection.
            expires: when the token expires that stands in Vault.
            vault_was_ill_at: when Vault, or the way to it, was last in trouble.
        """
        self._budget = policy.issues_per_ten_minutes
        self._pace = policy.pace.total_seconds()
        self._alone = alone
        self._promised = promised
        self._troubles = troubles
        self._tally = tally
        self._loop = loop
        self._now = loop.time
        self._location_of = location_of
        self._expires = expires
        self._vault_was_ill_at = vault_was_ill_at
        self._asked: defaultdict[str, deque[Asked]] = defaultdict(deque)
        self._recalled: dict[tuple[Process, str], float] = {}
        self._records: defaultdict[tuple[Process, str], Record] = defaultdict(Record)
        self._of_call: dict[int, Asked] = {}
        self._by_token: dict[str, Asked] = {}
        self._clients: defaultdict[str, Client] = defaultdict(Client)
        self._looked_at = -inf
        self._excuses: defaultdict[str, list[Trouble]] = defaultdict(list)

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
        clock_is_right = abs(daemon.machine.offset) < 1
        # It reads what others spent in vain before its first try where somebody is overdue, and before each later one.
        has_read = any(each.process is daemon.process and each.in_vain_at < call.at for each in asked) or (
            self._expires(call.names[0] if call.names else key) < began - _OVERDUE
        )
        known = [
            each
            for each in asked
            if each.process is daemon.process
            or (
                clock_is_right and self._alone and each.landed_at < began - 1 and self._is_known(each.landed_as, daemon)
            )
            or (
                clock_is_right and has_read and self._vault_was_ill_at() < each.in_vain_at and each.written_at < call.at
            )
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
        if outcome != "issued":
            mine.in_vain_at = self._now()
            self._loop.in_the_world(_TO_WRITE, self._has_written, mine)
        if isinstance(reply.met, NeverSent):
            self._asked[call.form["refresh_token"]].remove(mine)
        if outcome == "issued" and not isinstance(reply.met, Exception):
            self._by_token[str(reply.met.fields["access_token"])] = mine
        for name in call.names:
            record = self._records[daemon.process, name]
            record.holds = record.holds or (outcome == "issued" and len(call.names) == 1)
            if outcome == "issued" and record.parked:
                self._recovered(daemon, call)
            self._learn(record, name, outcome, _retry_after(reply))
        if self._promised:
            self._excuse_by_the_client(call, outcome)
            self._excuse_by_the_budget(call)

    def _has_written(self, asked: Asked) -> None:
        if not (asked.process.dead or asked.process.paused):
            asked.written_at = self._now()

    def _excuse_by_the_budget(self, call: Call) -> None:
        """Where tries in vain have spent the budget, the next of those that share it waits until some is free again."""
        spent = self._asked[call.form["refresh_token"]]
        if len(spent) >= self._budget and any(each.in_vain_at < inf for each in spent):
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
            ended = record.throttles > 1 and self._expires(name) <= now
            wait = self._pace if ended else WINDOW
            cooling = wait if ended else WINDOW * min(record.throttles, _LONGEST_COOLING) + 61.0
            self._excuse("throttled", name, now + max(cooling, retry_after))
            record.soonest = now + wait * 0.999
        elif outcome in _VERDICTS:
            record.refused_since = now if record.refused_since is None else record.refused_since
        elif retry_after:
            self._excuse("told to come later", name, now + retry_after)
        refused_twice = record.refused_since is not None and now - record.refused_since >= _CONFIRMATION
        if record.parked or (refused_twice and outcome in _VERDICTS):
            self._park(name)

    def _park(self, name: str) -> None:
        """Zoho refuses it for good, as far as anybody can know; a living token is tried for again before its end."""
        expires = self._expires(name)
        lives = expires > self._now() + _LAST_MOMENT
        trouble = self._excuse("refused for good", name, expires if lives else self._now() + _PROBE)
        trouble.outlived = lives

    def _recovered(self, daemon: Daemon, call: Call) -> None:
        """A parked one was accepted after all: it wakes those that were refused at the same server."""
        for (process, name), record in self._records.items():
            if process is daemon.process and record.parked and self._location_of(name) == call.location:
                self._end_excuses(name)
                record.soonest = -inf

    def _excuse(self, what: str, name: str, end: float) -> Trouble:
        """An excuse that is none any more once a person has changed what it is about."""
        trouble = self._troubles.until(what, end, [name])
        self._excuses[name].append(trouble)
        return trouble

    def _end_excuses(self, name: str) -> None:
        for trouble in self._excuses.pop(name, ()):
            self._troubles.end(trouble)

    def mended(self, name: str) -> None:
        """A person changed what the connection waits for: it has no excuse to wait on."""
        self._end_excuses(name)
        for (_, of), record in self._records.items():
            if of == name:
                record.soonest, record.refused_since, record.throttles = -inf, None, 0

    def clock_stepped(self, process: Process) -> None:
        """Its waits are over when its own clock says so, which is another time than before."""
        for (of, _), record in self._records.items():
            if of is process:
                record.soonest = -inf
                record.refused_since = None if record.refused_since is None else -inf

    def asked_by_a_person(self, call: Call) -> None:
        """A person's request counts as the daemons' do, once its token stands in Vault."""
        self._of_call[id(call)] = mine = Asked(call.at, call.process)
        self._asked[call.form["refresh_token"]].append(mine)

    def met_by_a_person(self, call: Call, reply: Reply) -> None:
        """What a person's request came to."""
        mine = self._of_call.pop(id(call))
        if not isinstance(reply.met, Exception) and reply.met.outcome == "issued":
            self._by_token[str(reply.met.fields["access_token"])] = mine

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
                    # An outage says nothing about the verdict, and is retried as any outage.
                    least = _CONFIRMATION if event.outcome in _REFUSED else _BACKOFF_FLOOR
                    record.soonest = self._now() + _until(daemon, at, least=least)
            case RefreshDeferred(connection=name):
                if name in daemon.fleet and daemon.fleet[name].recalled:
                    self._recalled.setdefault((daemon.process, name), self._now())
                self._put_off(event, (event.until - daemon.clock.now()).total_seconds())
            case (
                Parked(connection=name)
                | UnsavedTokenExpired(connection=name)
                | TokenDropped(connection=name)
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

    def _note(self, daemon: Daemon, record: Record, event: Noted) -> None:
        match event:
            case Parked(next_probe_at=probe_at, outcome=outcome):
                since = record.refused_since
                if outcome in _REFUSED and (since is None or self._now() - since < _CONFIRMATION):
                    raise BrokenRule(f"{event.connection} is parked on a verdict that nobody has confirmed")
                record.parked, record.soonest = True, self._now() + _until(daemon, probe_at)
            case UnsavedTokenExpired() | TokenDropped():
                record.holds = False
            case Followed(connection=name) if daemon.fleet[name].rejection is not None:
                """A token that has ended, or is an older one, says nothing about the credential: it stays refused."""
            case Woken() | Followed():
                # What another process published takes the failures of this one with it.
                record.parked, record.soonest, record.throttles, record.refused_since = False, -inf, 0, None

    def look(self, daemon: Daemon) -> None:
        """Every connection of the process is in exactly one place."""
        fleet = daemon.fleet
        if len(fleet) > _A_CROWD and self._now() < self._looked_at + 1:
            return
        self._looked_at = self._now()
        queued, going = fleet._bulkheads.queued, fleet._bulkheads.going
        for name in fleet.names:
            places = (fleet._queue.when(name) is not None) + (name in going or name in queued)
            if places != 1:
                raise BrokenRule(f"{name} is in {places} places at once: it waits, is queued, or is in flight")
        self._tally.checks += 1

    def all_awake(self, daemon: Daemon, names: Iterable[str]) -> None:
        """Nothing of these is parked, held or missing once all has been well for a while."""
        for name in names:
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


def _until(daemon: Daemon, moment: datetime, *, least: float = _CONFIRMATION) -> float:
    """How long it is to that moment of the daemon's clock, in seconds; a minute at least, and a sweep less."""
    return max((moment - daemon.clock.now()).total_seconds() - 1.0, least)
