"""The fleet: everything known of every connection, their budgets and their clients, and what is due.

Plain memory that takes facts and ``now``. A connection is always in exactly one place: waiting with a time (a parked
one too), standing in line, or under way.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from zoho_tokend.core import aftermath, budget, connection, cooling, schedule
from zoho_tokend.core.budget import Spent
from zoho_tokend.core.connection import Connection, Reason
from zoho_tokend.core.cooling import Cooling
from zoho_tokend.core.due_queue import DueQueue
from zoho_tokend.core.errors import Outcome, RefreshError, Throttled, ZohoUnavailable
from zoho_tokend.core.facts import ConnectionFacts
from zoho_tokend.core.lanes import Lanes
from zoho_tokend.core.leadership import Alone
from zoho_tokend.core.model import ConnectionName, Credential, Published
from zoho_tokend.core.policy import ZOHO_LIFETIME, Policy
from zoho_tokend.core.ports import Leadership
from zoho_tokend.core.roster import Roster
from zoho_tokend.core.schedule import Decision, Look, Parked, Refresh, Save, Wait

_ZOHO_VERDICTS: Final = frozenset({Outcome.GRANT_REJECTED, Outcome.CLIENT_REJECTED})
_NO_COOLING: Final = Cooling()
_ALREADY: Final = datetime.min.replace(tzinfo=UTC)


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
        self._roster = Roster()
        self._queue = DueQueue()
        self._lanes = Lanes(places)
        self._spent: dict[str, Spent] = {}
        self._sharers: dict[str, tuple[ConnectionName, ...]] = {}
        self._clients: dict[str, Cooling] = {}
        self._troubled: set[str] = set()

    # --- which connections there are ---------------------------------------------------------------------------

    def __contains__(self, name: object) -> bool:
        return name in self._roster

    def __getitem__(self, name: ConnectionName) -> Connection:
        return self._roster[name]

    def __len__(self) -> int:
        return len(self._roster)

    @property
    def names(self) -> Collection[ConnectionName]:
        """The names of all connections."""
        return self._roster.names

    @property
    def refused(self) -> Iterator[Connection]:
        """The connections that got a permanent answer: parked, or about to ask whether it was meant."""
        return (each for each in self._roster.restless() if each.parked or each.doubt)

    @property
    def unsaved(self) -> int:
        """Of how many connections something is held that Vault has not taken."""
        return sum(each.is_unsaved for each in self._roster.restless())

    @property
    def held(self) -> int:
        """Of how many connections something is held, be it for the moment that a write takes."""
        return sum(each.write_at is not None for each in self._roster.restless())

    @property
    def in_flight(self) -> int:
        """How many refreshes are under way."""
        return len(self._lanes.going)

    def is_at_rest(self, name: ConnectionName) -> bool:
        """Whether the connection is known, its token stands in Vault, and nothing is under way or waits to be tried."""
        return name in self and self[name].is_settled and not self.is_under_way(name)

    def is_under_way(self, name: ConnectionName) -> bool:
        """Whether the connection is being refreshed or saved."""
        return name in self._lanes.going

    def add(self, name: ConnectionName, published: Published, now: datetime) -> Connection:
        """The connection is known; where its token cannot be believed or there is none, it is due."""
        each = aftermath.discovered(name, published)
        self._roster.put(each)
        if name not in self._lanes.going:
            self._queue.put(name, schedule.next_at(each, now, self._policy))
        return each

    def forget(self, name: ConnectionName) -> None:
        """The connection is known no longer."""
        if name in self._roster:
            self._share_no_more(self[name])
            self._roster.discard(name)
        self._queue.discard(name)

    # --- what is due -------------------------------------------------------------------------------------------

    def line_up(self, now: datetime) -> None:
        """Those whose time has come stand in line, or wait on where the decision says so."""
        self._heed_a_new_term(now)
        for name in self._queue.pop_due(now):
            decision = self.decide(name, now)
            if isinstance(decision, Refresh | Save | Look):
                self._stand_in_line(name)
            else:
                self._wait(name, decision)

    def take(self, now: datetime) -> tuple[ConnectionName, Refresh | Save | Look] | None:
        """The next connection that may go, and what to do with it; None when none may. ``leave`` ends it."""
        while (name := self._lanes.take()) is not None:
            if name in self._roster:
                decision = self.decide(name, now)
                if isinstance(decision, Refresh | Save | Look):
                    return name, decision
                self._wait(name, decision)
            self._lanes.leave(name)
        return None

    def take_held(self) -> list[ConnectionName]:
        """Every connection of which something is held and that is not under way, now under way."""
        names = [
            each.name
            for each in self._roster.restless()
            if each.write_at is not None and not self.is_under_way(each.name)
        ]
        for name in names:
            self._queue.discard(name)
            self._lanes.go(name)
        return names

    def leave(self, name: ConnectionName, now: datetime) -> None:
        """What was taken is done, however it ended; the connection waits for its next time."""
        self._lanes.leave(name)
        if name in self._roster:
            self._queue.put(name, schedule.next_at(self[name], now, self._policy))

    def stand_down(self) -> None:
        """Nobody stands in line any more; those under way go on."""
        self._lanes.clear()

    def decide(self, name: ConnectionName, now: datetime) -> Decision:
        """What is to be done with the connection now."""
        each = self[name]
        return schedule.decide(
            each,
            spent=self._spent_by(each),
            client=self._client(each),
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
        """The number of the present reign; None while this process stands by."""
        return self.leadership.term

    def may_be_behind(self, name: ConnectionName) -> bool:
        """Whether another process may have published a token since this one last knew what stands in Vault."""
        return self.term != self[name].term

    # --- what happens to a connection --------------------------------------------------------------------------

    def read(self, name: ConnectionName, credential: Credential, now: datetime) -> Connection:
        """The connection's credential was read."""
        before = self[name]
        each = self._put(aftermath.after_reading(before, credential), now)
        if each.grant_key != before.grant_key:
            self._share_no_more(before)
            self._sharers[credential.grant.key] = tuple({*self._sharers.get(credential.grant.key, ()), name})
        return each

    def unrecalled(self, name: ConnectionName) -> list[ConnectionName]:
        """Whose issues, of those that share the connection's refresh token, have not been read from Vault yet."""
        sharers = self._sharers.get(self[name].grant_key or "", ())
        return sorted(sharer for sharer in sharers if not self[sharer].recalled)

    def recall(self, name: ConnectionName, issues: Iterable[datetime], now: datetime) -> None:
        """The issues that Vault remembers count against the budget; the connection's credential was read before."""
        each = self[name]
        self._roster.put(replace(each, recalled=True))
        if each.grant_key:
            # Two that share a refresh token may each have been issued a token at the same instant: that is two.
            spent = (*self._spent_by(each), *budget.remembered(issues, now))
            self._spent[each.grant_key] = budget.recent(spent, now)

    def begin(self, name: ConnectionName, now: datetime) -> Wait | None:
        """An issue is begun and counted; or, where the budget, the client or the leader forbids it, until when to wait.

        A reign that ended, or began anew, since the connection was looked at forbids it too.
        """
        each = self[name]
        if self.may_be_behind(name):
            return Wait(until=now, reason=Reason.STANDBY)
        wait = schedule.may_issue(spent=self._spent_by(each), client=self._client(each), now=now, policy=self._policy)
        if wait is not None:
            return wait
        self._roster.put(replace(each, last_attempt_at=now))
        if each.grant_key:
            self._spent[each.grant_key] = (*budget.recent(self._spent_by(each), now), now)
        if each.client_id and each.client_id in self._clients:
            self._clients[each.client_id] = cooling.after_start(self._client(each), now, self._policy.probe_interval)
        return None

    def answered(self, name: ConnectionName, begun: datetime, now: datetime) -> None:
        """The issue that was begun then has ended: it counts from now, the latest at which Zoho can have met it."""
        if name in self and (each := self[name]).grant_key:
            spent = list(self._spent_by(each))
            if begun in spent:
                spent.remove(begun)
            self._spent[each.grant_key] = budget.recent((*spent, now), now)

    def update(self, name: ConnectionName, change: Callable[[Connection], Connection], now: datetime) -> Connection:
        """The connection is what the change makes of it."""
        return self._put(change(self[name]), now)

    def issued(self, name: ConnectionName) -> None:
        """Zoho issued a token: the client does not cool, and the server is well."""
        each = self[name]
        if each.client_id in self._clients:
            self._clients[each.client_id] = cooling.after_issue(self._clients[each.client_id], name)
        if each.server:
            self._troubled.discard(each.server)

    def fail(self, name: ConnectionName, error: RefreshError, now: datetime) -> Connection:
        """The connection's refresh failed; its client and its server are judged by it too."""
        each = self[name]
        if isinstance(error, Throttled) and each.client_id:
            self._clients[each.client_id] = cooling.after_throttle(
                self._client(each), name, now, self._policy.probe_interval
            )
        if each.server:
            if isinstance(error, ZohoUnavailable):
                self._troubled.add(each.server)
            elif error.outcome is Outcome.THROTTLED or error.outcome in _ZOHO_VERDICTS:
                self._troubled.discard(each.server)
        return self._put(aftermath.after_failure(each, error, now), now)

    def wake(self, name: ConnectionName, now: datetime) -> Connection:
        """The connection is tried at once."""
        return self._put(aftermath.after_waking(self[name], now), now)

    def vault_came_back(self, name: ConnectionName, now: datetime) -> None:
        """The connection is tried at once if it waits because Vault was away."""
        before = self[name]
        if (again := aftermath.after_vault_came_back(before, now)) is not before:
            self._put(again, now)

    def report_dead(self, name: ConnectionName, now: datetime) -> Connection:
        """The connection's token is dead before its time: it is replaced as soon as the budget allows."""
        return self._put(aftermath.after_report(self[name], now), now)

    # --- settings, and what anybody may see --------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        """The numbers that decide."""
        return self._policy

    def obey(self, policy: Policy, now: datetime) -> None:
        """Other numbers decide from now on; what only settings stood in the way of is tried again."""
        self._policy = policy
        for each in self._roster.everyone():
            if each.parked and each.failure and each.failure.outcome not in _ZOHO_VERDICTS:
                self.wake(each.name, now)
            else:
                self._put(each, now)

    def facts(self, now: datetime) -> Iterator[ConnectionFacts]:
        """What anybody may know of each connection. Made of values that never change: any thread may go through it."""
        going, spent, policy = self._lanes.going, dict(self._spent), self._policy
        everyone = self._roster.everyone()
        return (_facts(each, now, going=going, spent=spent, policy=policy) for each in everyone)

    # --- within ------------------------------------------------------------------------------------------------

    def _share_no_more(self, each: Connection) -> None:
        if each.grant_key is None:
            return
        if rest := tuple(name for name in self._sharers[each.grant_key] if name != each.name):
            self._sharers[each.grant_key] = rest
        else:
            del self._sharers[each.grant_key]

    def _heed_a_new_term(self, now: datetime) -> None:
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
        self._queue.put(name, wait.until)

    def _put(self, each: Connection, now: datetime) -> Connection:
        self._roster.put(each)
        # One that stands in line or is under way gets its next time when it leaves.
        if self._queue.when(each.name) is not None:
            self._queue.put(each.name, schedule.next_at(each, now, self._policy))
        return each

    def _stand_in_line(self, name: ConnectionName) -> None:
        each = self[name]
        failing = each.failures > 0 or each.server in self._troubled
        self._lanes.join(name, expires_at=each.token.expires_at if each.token else _ALREADY, failing=failing)

    def _spent_by(self, each: Connection) -> Spent:
        return self._spent.get(each.grant_key, ()) if each.grant_key else ()

    def _client(self, each: Connection) -> Cooling:
        return self._clients.get(each.client_id, _NO_COOLING) if each.client_id else _NO_COOLING


def _facts(
    each: Connection, now: datetime, *, going: Collection[ConnectionName], spent: Mapping[str, Spent], policy: Policy
) -> ConnectionFacts:
    in_flight = each.name in going
    return ConnectionFacts(
        name=each.name,
        state=connection.state(each, now, in_flight=in_flight),
        data_center=each.token.data_center if each.token else None,
        issued_at=each.token.issued_at if each.token else None,
        expires_at=each.token.expires_at if each.token else None,
        floor=policy.floor_of(each.token.lifetime if each.token else ZOHO_LIFETIME, each.refresh_at),
        next_refresh_at=None if in_flight else schedule.next_at(each, now, policy),
        last_success_at=each.last_success_at,
        last_attempt_at=each.last_attempt_at,
        version=each.version,
        failures=each.failures,
        budget_remaining=budget.remaining(
            spent.get(each.grant_key or "", ()), now, limit=policy.issues_per_ten_minutes
        ),
        error=each.failure.error if each.failure else None,
        outcome=each.failure.outcome if each.failure else None,
    )
