"""The fleet: everything known of every connection, their budgets and their clients, and what is due.

Plain memory that takes facts and ``now``. A connection is always in exactly one place: waiting with a time (a parked
one too), queued for a place, or under way.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from zoho_tokend.core import budget, connection, schedule, transitions
from zoho_tokend.core.budget import BudgetRecord, Spent
from zoho_tokend.core.client_limit import ClientLimit
from zoho_tokend.core.connection import Connection, Reason
from zoho_tokend.core.connection_table import ConnectionTable
from zoho_tokend.core.errors import Outcome, RefreshError, Throttled, ZohoUnavailable
from zoho_tokend.core.facts import ConnectionFacts, Limit
from zoho_tokend.core.lease import Alone
from zoho_tokend.core.limits import Limits, Refusals
from zoho_tokend.core.model import ConnectionName, Credential, Published
from zoho_tokend.core.policy import LONGEST_NORMAL_REFRESH, ZOHO_LIFETIME, Policy
from zoho_tokend.core.ports import Leadership
from zoho_tokend.core.queue import Bulkheads, DueQueue
from zoho_tokend.core.schedule import Decision, Look, Parked, Refresh, Save, Wait

_ZOHO_VERDICTS: Final = frozenset({Outcome.GRANT_REJECTED, Outcome.CLIENT_REJECTED})
_ALREADY: Final = datetime.min.replace(tzinfo=UTC)
# A connection that met an error of our own is set aside that long, whatever its values are.
_SET_ASIDE: Final = timedelta(minutes=1)
_NO_LIMIT: Final = ClientLimit()
_LIMITS: Final[Mapping[Reason, Limit]] = {Reason.BUDGET: Limit.BUDGET, Reason.CLIENT_LIMIT: Limit.CLIENT_LIMIT}


class Fleet:
    """The connections of this process.

    Attributes:
        leadership: asked, for each of them anew, whether this process may refresh it.
    """

    def __init__(self, policy: Policy, *, places: int, leadership: Leadership | None = None) -> None:
        self._policy = policy
        self.leadership = leadership or Alone()
        self._last_term: int | None = None
        self._left_to_leader: set[ConnectionName] = set()
        self._table = ConnectionTable()
        self._queue = DueQueue()
        self._bulkheads = Bulkheads(places)
        self._limits = Limits()
        self._deferred: set[ConnectionName] = set()
        self._newly_deferred: list[tuple[ConnectionName, Wait]] = []
        self._refusals = Refusals()

    # --- which connections there are ---------------------------------------------------------------------------

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def __getitem__(self, name: ConnectionName) -> Connection:
        return self._table[name]

    def __len__(self) -> int:
        return len(self._table)

    @property
    def names(self) -> Collection[ConnectionName]:
        """The names of all connections."""
        return self._table.names

    @property
    def troubled(self) -> Iterator[Connection]:
        """The connections that a changed record could help: those in trouble, and those that have no token."""
        return (each for each in self._table.restless() if each.in_trouble or each.token is None)

    @property
    def unsaved(self) -> int:
        """Of how many connections something is held that Vault has not taken."""
        return sum(each.is_unsaved for each in self._table.restless())

    @property
    def held(self) -> int:
        """Of how many connections something is held, be it for the moment that a write takes."""
        return sum(each.write_at is not None for each in self._table.restless())

    @property
    def in_flight(self) -> int:
        """How many refreshes are under way."""
        return len(self._bulkheads.going)

    def is_at_rest(self, name: ConnectionName) -> bool:
        """Whether the connection is known, its token stands in Vault, and nothing is under way or waits to be tried."""
        return name in self and self[name].is_settled and not self.is_under_way(name)

    def is_under_way(self, name: ConnectionName) -> bool:
        """Whether the connection is being refreshed or saved."""
        return name in self._bulkheads.going

    def add(self, name: ConnectionName, published: Published | None, now: datetime) -> Connection:
        """The connection is known; where its token cannot be believed, read or found, it is due."""
        each = transitions.discovered(name, published, now)
        self._table.put(each)
        if name not in self._bulkheads.going:
            self._queue.put(name, schedule.next_at(each, now, self._policy))
        return each

    def forget(self, name: ConnectionName) -> None:
        """The connection is known no longer."""
        if name in self._table:
            each = self[name]
            self._limits.unshare(each.grant_key or "", name)
            self._refusals.discard(name, _places(each))
            self._table.discard(name)
        self._queue.discard(name)
        self._bulkheads.discard(name)
        self._deferred.discard(name)

    # --- what is due -------------------------------------------------------------------------------------------

    def enqueue_due(self, now: datetime) -> None:
        """Queue those whose time has come for a place; where the decision says so they wait on."""
        self._begin_a_new_term(now)
        for name in self._queue.pop_due(now):
            try:
                self._enqueue(name, self.decide(name, now))
            except Exception:
                self.set_aside(name, now)
                raise

    def next_ready(self, now: datetime) -> tuple[ConnectionName, Refresh | Save | Look] | None:
        """Give the next connection its place: which, and what to do with it. None when none may go.

        ``release`` ends it.
        """
        while (name := self._bulkheads.next_ready(now)) is not None:
            if name not in self._table:
                self._bulkheads.release(name)
                continue
            try:
                decision = self.decide(name, now)
            except Exception:
                self.set_aside(name, now)
                raise
            if isinstance(decision, Refresh | Save | Look) and self._server(
                name, decision
            ) == self._bulkheads.server_of(name):
                return name, decision
            self._bulkheads.release(name)
            self._enqueue(name, decision)
        return None

    def hold_unsaved(self) -> list[ConnectionName]:
        """Give every connection of which something is held, and that is not under way, a place; returns them."""
        names = [
            each.name
            for each in self._table.restless()
            if each.write_at is not None and not self.is_under_way(each.name)
        ]
        for name in names:
            self._queue.discard(name)
            self._bulkheads.hold(name)
        return names

    def defer(self, name: ConnectionName, wait: Wait) -> bool:
        """Note that a refresh which is due has to wait; return whether that is new.

        One that waits for its budget or its client is looked at again and again until it is its turn.
        """
        if wait.reason not in _LIMITS:
            return True
        is_new = name not in self._deferred
        self._deferred.add(name)
        return is_new

    def take_newly_deferred(self) -> list[tuple[ConnectionName, Wait]]:
        """Return whose refresh became due since the last call, and waits for its budget or its client."""
        taken, self._newly_deferred = self._newly_deferred, []
        return taken

    def release(self, name: ConnectionName, now: datetime) -> None:
        """Free the connection's place, however its attempt ended; it waits for its next time."""
        self._bulkheads.release(name)
        if name in self._table:
            self._queue.put(name, schedule.next_at(self[name], now, self._policy))

    def set_aside(self, name: ConnectionName, now: datetime) -> None:
        """Free the connection's place after an error of our own: it waits a minute, whatever its values are."""
        self._bulkheads.release(name)
        if name in self._table:
            self._queue.put(name, now + _SET_ASIDE)

    def close(self) -> None:
        """Empty the queue: nothing new is handed out, and those under way go on."""
        self._bulkheads.close()

    def decide(self, name: ConnectionName, now: datetime) -> Decision:
        """What is to be done with the connection now."""
        each = self[name]
        return schedule.decide(
            each,
            spent=self._limits.spent(each.grant_key),
            client=self._limits.client(each.client_id),
            now=now,
            policy=self.policy,
            leads=self.term is not None,
        )

    def due_at(self, name: ConnectionName, now: datetime) -> datetime:
        """The moment at which the connection's next refresh is, or was, due."""
        each = self[name]
        return each.retry_at or schedule.due_at(each, now, self._policy)

    # --- whose turn it is --------------------------------------------------------------------------------------

    @property
    def term(self) -> int | None:
        """The number of the present term; None while this process stands by."""
        return self.leadership.term

    def may_be_behind(self, name: ConnectionName) -> bool:
        """Whether another process may have published a token since this one last knew what stands in Vault."""
        return self.term != self[name].term

    # --- what is spent -----------------------------------------------------------------------------------------

    def read(self, name: ConnectionName, credential: Credential, now: datetime) -> Connection:
        """Note the connection's credential as it was read."""
        before = self[name]
        each = self._put(transitions.after_reading(before, credential), now)
        if each.grant_key != before.grant_key:
            self._limits.unshare(before.grant_key or "", name)
            self._limits.share(each.grant_key or "", name)
        if before.rejection is not None and each.rejection is None:
            self._refusals.discard(name, _places(before))
        return each

    def sharers(self, name: ConnectionName) -> tuple[ConnectionName, ...]:
        """The connections of this process that share the connection's refresh token, itself included."""
        return self._limits.sharers(self[name].grant_key)

    def unrecalled(self, name: ConnectionName) -> list[ConnectionName]:
        """Whose issues, of those that share the connection's refresh token, have not been read from Vault yet."""
        return sorted(sharer for sharer in self.sharers(name) if not self[sharer].recalled)

    def recall(self, name: ConnectionName, issues: Iterable[datetime], now: datetime) -> None:
        """Count the issues that Vault remembers; the connection's credential was read before."""
        each = self[name]
        self._table.put(replace(each, recalled=True))
        latest = each.token.issued_at if each.token else None
        self._limits.recall(each.grant_key, budget.remembered(issues, now, latest=latest), now)

    def recall_of_another(self, name: ConnectionName, issues: Iterable[datetime], now: datetime) -> None:
        """Count issues of a connection of another process that has the same refresh token as this one."""
        self._limits.recall(self[name].grant_key, budget.remembered(issues, now), now)

    def may_have_failed_before(self, name: ConnectionName, now: datetime) -> bool:
        """Whether another process, or an earlier one, may have asked in vain with the connection's refresh token."""
        late = now - LONGEST_NORMAL_REFRESH
        return any(self[each].token is None or self.due_at(each, now) <= late for each in self.sharers(name))

    def budget_record(self, name: ConnectionName) -> BudgetRecord | None:
        """What Vault is known to remember of requests that brought nothing; None while that is not known."""
        return self._limits.record(self[name].grant_key)

    def found_budget(self, name: ConnectionName, record: BudgetRecord, now: datetime) -> None:
        """Count what Vault remembers of requests that brought nothing."""
        self._limits.found(self[name].grant_key, record, now)

    def wrote_budget(self, name: ConnectionName, record: BudgetRecord, now: datetime) -> None:
        """Note what Vault remembers from now on."""
        self._limits.written(self[name].grant_key, record, now)

    def in_vain(self, name: ConnectionName, now: datetime) -> Spent:
        """Those requests for the connection's refresh token that brought nothing, and count against its budget."""
        return budget.recent(self._limits.in_vain(self[name].grant_key), now)

    def failed_at(self, name: ConnectionName, at: datetime, now: datetime) -> None:
        """Count the request of that moment among those that brought nothing."""
        self._limits.failed(self[name].grant_key, at, now)

    def not_failed_at(self, name: ConnectionName, at: datetime, now: datetime) -> None:
        """Take the request of that moment out of those that brought nothing: it brought a token, or never left."""
        if name in self:
            self._limits.not_failed(self[name].grant_key, at, now)

    def may_begin(self, name: ConnectionName, now: datetime) -> Wait | None:
        """None where a request may begin; otherwise until when to wait for the budget, the client or the leader.

        A term that ended, or began anew, since the connection was looked at forbids it too.
        """
        each = self[name]
        if self.may_be_behind(name):
            return Wait(until=now, reason=Reason.STANDBY)
        spent, client = self._limits.spent(each.grant_key), self._limits.client(each.client_id)
        return schedule.may_issue(spent=spent, client=client, now=now, policy=self._policy)

    def begin(self, name: ConnectionName, now: datetime) -> Wait | None:
        """Begin a request and count it, where it may begin; otherwise return until when to wait, and why."""
        if (wait := self.may_begin(name, now)) is not None:
            return wait
        each = self[name]
        self._deferred.discard(name)
        self._table.put(replace(each, last_attempt_at=now))
        self._limits.begin(each.grant_key, each.client_id, now)
        return None

    def end(self, name: ConnectionName, begun: datetime, now: datetime, *, sent: bool) -> None:
        """Count the request that was begun then from now on, when Zoho has met it at the latest, or not at all."""
        if name in self:
            self._limits.end(self[name].grant_key, begun, now, sent=sent)

    # --- how it ends -------------------------------------------------------------------------------------------

    def update(self, name: ConnectionName, change: Callable[[Connection], Connection], now: datetime) -> Connection:
        """Make of the connection what the change makes of it."""
        return self._put(change(self[name]), now)

    def issued(self, name: ConnectionName, now: datetime) -> list[ConnectionName]:
        """Note that Zoho issued a token. Returns whom that wakes: those that were refused together with this one."""
        each = self[name]
        self._limits.issued(each.client_id, name, now)
        if each.server:
            self._bulkheads.answered(each.server)
        if each.rejection is None:
            return []
        others = self._refusals.recover(name, _places(each))
        woken = [other for other in others if other in self and self[other].rejection is not None]
        for other in woken:
            self._put(transitions.after_recovery_of_another(self[other], now), now)
        return woken

    def fail(
        self, name: ConnectionName, error: RefreshError, now: datetime, *, uptime: float, stamp: str | None = None
    ) -> Connection:
        """Note that the connection's refresh failed; its client and its server are judged by it too.

        Args:
            uptime: the monotonic clock, in seconds.
            stamp: of the credential that was used: what is said of it counts against no other that has replaced it.
                None where none was used.
        """
        each = self[name]
        refused = error.outcome in _ZOHO_VERDICTS
        if isinstance(error, Throttled) and each.client_id:
            self._limits.throttled(each.client_id, name, now, least=self._policy.issues_per_ten_minutes)
        if each.server and isinstance(error, ZohoUnavailable):
            self._bulkheads.unavailable(each.server)
        elif each.server and (refused or isinstance(error, Throttled)):
            self._bulkheads.answered(each.server)
        if stamp is not None and each.stamp != stamp:
            return each
        together = self._refusals.add(name, _places(each), uptime) if refused else 1
        failed = transitions.after_failure(each, error, now, uptime=uptime, pace=self._policy.pace, together=together)
        return self._put(failed, now)

    def wake(self, name: ConnectionName, now: datetime) -> Connection:
        """Try the connection at once."""
        self._refusals.discard(name, _places(self[name]))
        return self._put(transitions.after_waking(self[name], now), now)

    def vault_came_back(self, name: ConnectionName, now: datetime) -> None:
        """Try the connection at once if it waits because Vault was away."""
        before = self[name]
        if (again := transitions.after_vault_came_back(before, now)) is not before:
            self._put(again, now)

    def report_dead(self, name: ConnectionName, now: datetime) -> Connection:
        """Replace the connection's token, which is dead before its time, as soon as the budget allows."""
        return self._put(transitions.after_report(self[name], now), now)

    # --- settings, and what anybody may see --------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        """The numbers that decide."""
        return self._policy

    def obey(self, policy: Policy, now: datetime) -> None:
        """Decide by other numbers from now on; what only settings stood in the way of is tried again."""
        self._policy = policy
        for each in self._table.everyone():
            if each.parked and each.failure and each.failure.outcome not in _ZOHO_VERDICTS:
                self.wake(each.name, now)
            else:
                self._put(each, now)

    def facts(self, now: datetime) -> Iterator[ConnectionFacts]:
        """What anybody may know of each connection. Made of values that never change: any thread may go through it."""
        view = _View(
            now=now,
            policy=self._policy,
            going=self._bulkheads.going,
            spent=self._limits.all_spent(),
            clients=self._limits.all_clients(),
            leads=self.term is not None,
        )
        return (_facts(each, view) for each in self._table.everyone())

    # --- within ------------------------------------------------------------------------------------------------

    def _begin_a_new_term(self, now: datetime) -> None:
        """What was left to the leader is ours at once, when we become it."""
        if self.term == self._last_term:
            return
        self._last_term = self.term
        if self.term is not None:
            for name in self._left_to_leader:
                if self._queue.when(name) is not None:
                    self._queue.put(name, schedule.next_at(self[name], now, self._policy))
            self._left_to_leader.clear()

    def _wait(self, name: ConnectionName, wait: Wait | Parked) -> None:
        if isinstance(wait, Wait) and wait.reason is Reason.STANDBY:
            self._left_to_leader.add(name)
        if isinstance(wait, Wait) and wait.reason in _LIMITS:
            if self.defer(name, wait):
                self._newly_deferred.append((name, wait))
        else:
            self._deferred.discard(name)
        self._queue.put(name, wait.until)

    def _put(self, each: Connection, now: datetime) -> Connection:
        self._table.put(each)
        # One that is queued for a place or under way gets its next time when that ends.
        if self._queue.when(each.name) is not None:
            self._queue.put(each.name, schedule.next_at(each, now, self._policy))
        return each

    def _enqueue(self, name: ConnectionName, decision: Decision) -> None:
        if isinstance(decision, Wait | Parked):
            self._wait(name, decision)
            return
        each = self[name]
        self._bulkheads.enqueue(
            name,
            server=self._server(name, decision),
            expires_at=each.token.expires_at if each.token else _ALREADY,
            failing=each.failures > 0,
        )

    def _server(self, name: ConnectionName, decision: Decision) -> str | None:
        """Where the work could hang: what is only written to Vault, or read there, waits for no accounts server."""
        return self[name].server if isinstance(decision, Refresh) else None


def _places(each: Connection) -> tuple[str, ...]:
    """Where a refusal of the connection's credential may be the trouble of many."""
    return tuple(filter(None, (each.server, each.client_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What the facts of every connection are made of, at one moment."""

    now: datetime
    policy: Policy
    going: Collection[ConnectionName]
    spent: Mapping[str, Spent]
    clients: Mapping[str, ClientLimit]
    leads: bool


def _facts(each: Connection, view: _View) -> ConnectionFacts:
    now, policy, in_flight = view.now, view.policy, each.name in view.going
    next_at = schedule.next_at(each, now, policy)
    deferral = None if in_flight or next_at > now else _deferral(each, view)
    return ConnectionFacts(
        name=each.name,
        state=connection.state(each, now, in_flight=in_flight),
        data_center=each.token.data_center if each.token else None,
        issued_at=each.token.issued_at if each.token else None,
        expires_at=each.token.expires_at if each.token else None,
        floor=policy.floor_of(each.token.lifetime if each.token else ZOHO_LIFETIME, each.refresh_at),
        next_refresh_at=None if in_flight else deferral.until if deferral else next_at,
        last_success_at=each.last_success_at,
        last_attempt_at=each.last_attempt_at,
        version=each.version,
        failures=each.failures,
        budget_remaining=_budget_remaining(each, view),
        error=each.failure.error if each.failure else None,
        outcome=each.failure.outcome if each.failure else None,
        deferred_by=_LIMITS[deferral.reason] if deferral else None,
    )


def _deferral(each: Connection, view: _View) -> Wait | None:
    """Until when a refresh that is due waits for its budget or its client; None where it waits for neither."""
    decision = schedule.decide(
        each,
        spent=view.spent.get(each.grant_key or "", ()),
        client=view.clients.get(each.client_id or "", _NO_LIMIT),
        now=view.now,
        policy=view.policy,
        leads=view.leads,
    )
    return decision if isinstance(decision, Wait) and decision.reason in _LIMITS else None


def _budget_remaining(each: Connection, view: _View) -> int | None:
    if each.grant_key is None or not each.recalled:
        return None
    return budget.remaining(view.spent.get(each.grant_key, ()), view.now, limit=view.policy.issues_per_ten_minutes)
