"""Zoho's limits: what each refresh token has spent, the connections that share it, and the limit of each client."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from zoho_tokend.core import budget, client_limit
from zoho_tokend.core.budget import BudgetRecord, Spent
from zoho_tokend.core.client_limit import ClientLimit
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES

_NO_LIMIT: Final = ClientLimit()


class Limits:
    """The budgets of refresh tokens, by their fingerprints, and the limits of clients, by their ids.

    What no longer counts is forgotten, so that memory holds no more than the requests of the last ten minutes.
    """

    __slots__ = ("_clients", "_in_vain", "_records", "_sharers", "_spent")

    def __init__(self) -> None:
        # In the order of their last change, so that what no longer counts is at the front.
        self._spent: dict[str, Spent] = {}
        self._in_vain: dict[str, Spent] = {}
        self._clients: dict[str, ClientLimit] = {}
        self._sharers: dict[str, tuple[ConnectionName, ...]] = {}
        self._records: dict[str, tuple[BudgetRecord, datetime]] = {}

    def share(self, grant: str, name: ConnectionName) -> None:
        """Count the connection among those that share the refresh token."""
        self._sharers[grant] = tuple({*self._sharers.get(grant, ()), name})

    def unshare(self, grant: str, name: ConnectionName) -> None:
        """Remove the connection from those that share the refresh token."""
        if rest := tuple(sharer for sharer in self._sharers.get(grant, ()) if sharer != name):
            self._sharers[grant] = rest
        else:
            self._sharers.pop(grant, None)
            self._records.pop(grant, None)

    def sharers(self, grant: str | None) -> tuple[ConnectionName, ...]:
        """Return the connections that share the refresh token."""
        return self._sharers.get(grant, ()) if grant else ()

    def spent(self, grant: str | None) -> Spent:
        """Return what is known to have been spent of the refresh token's budget."""
        return self._spent.get(grant, ()) if grant else ()

    def all_spent(self) -> dict[str, Spent]:
        """Return what is known to have been spent, by refresh token."""
        return dict(self._spent)

    def client(self, client_id: str | None) -> ClientLimit:
        """Return what is known of the client."""
        return self._clients.get(client_id, _NO_LIMIT) if client_id else _NO_LIMIT

    def all_clients(self) -> dict[str, ClientLimit]:
        """Return what is known of each client, by its id."""
        return dict(self._clients)

    # --- one request -------------------------------------------------------------------------------------------

    def begin(self, grant: str | None, client_id: str | None, now: datetime) -> None:
        """Count a request that begins now."""
        if grant:
            _put(self._spent, grant, (*self.spent(grant), now), now)
        if client_id:
            self._put_client(client_id, client_limit.after_begin(self.client(client_id), now), now)

    def end(self, grant: str | None, begun: datetime, now: datetime, *, sent: bool) -> None:
        """End the request that was begun then: count it from now on, when it has reached Zoho, or not at all."""
        if grant is None:
            return
        spent = list(self.spent(grant))
        if begun in spent:
            spent.remove(begun)
        _put(self._spent, grant, (*spent, now) if sent else spent, now)

    def issued(self, client_id: str | None, name: ConnectionName, begun: datetime, now: datetime) -> None:
        """Note that the request that was begun then got a token."""
        if client_id:
            self._put_client(client_id, client_limit.after_issue(self.client(client_id), name, begun), now)

    def throttled(self, client_id: str, name: ConnectionName, begun: datetime, now: datetime) -> None:
        """Note that the request that was begun then was throttled."""
        self._put_client(client_id, client_limit.after_throttle(self.client(client_id), name, begun), now)

    # --- what Vault remembers ----------------------------------------------------------------------------------

    def in_vain(self, grant: str | None) -> Spent:
        """Return the failed requests, as they are recorded in Vault."""
        return self._in_vain.get(grant, ()) if grant else ()

    def failed(self, grant: str | None, at: datetime, now: datetime) -> None:
        """Count the request of that moment among the failed ones."""
        if grant:
            _put(self._in_vain, grant, (*self.in_vain(grant), at), now)

    def not_failed(self, grant: str | None, at: datetime, now: datetime) -> None:
        """Take the request of that moment out of the failed ones: it got a token, or was never sent."""
        if grant:
            _put(self._in_vain, grant, (Counter(self.in_vain(grant)) - Counter([at])).elements(), now)

    def recall(self, grant: str | None, issues: Iterable[datetime], now: datetime) -> None:
        """Count issues that Vault remembers.

        Two connections that share a refresh token may each have got a token at the same instant: that counts twice.
        """
        if grant:
            _put(self._spent, grant, (*self.spent(grant), *issues), now)

    def record(self, grant: str | None) -> BudgetRecord | None:
        """Return the record in Vault as it was last known; None while it is unknown."""
        return self._records[grant][0] if grant in self._records else None

    def found(self, grant: str | None, record: BudgetRecord, now: datetime) -> None:
        """Count the requests of a record that was read from Vault, except those that are counted already."""
        if grant is None:
            return
        new = list((Counter(record.requests) - Counter(self.in_vain(grant))).elements())
        _put(self._in_vain, grant, (*self.in_vain(grant), *new), now)
        self.recall(grant, (min(at, now) for at in new), now)
        self.written(grant, record, now)

    def written(self, grant: str | None, record: BudgetRecord, now: datetime) -> None:
        """Remember the record that is in Vault now, for as long as its requests count."""
        if grant:
            self._records.pop(grant, None)
            self._records[grant] = record, now
            while now - self._records[oldest := next(iter(self._records))][1] >= TEN_MINUTES:
                del self._records[oldest]

    # --- within ------------------------------------------------------------------------------------------------

    def _put_client(self, client_id: str, client: ClientLimit, now: datetime) -> None:
        self._clients.pop(client_id, None)
        self._clients[client_id] = client
        while (oldest := next(iter(self._clients))) and client_limit.is_idle(self._clients[oldest], now):
            del self._clients[oldest]
            if not self._clients:
                return


def _put(book: dict[str, Spent], grant: str, instants: Iterable[datetime], now: datetime) -> None:
    """Put what counts at the end of the dict, and drop at its front what no longer counts."""
    book.pop(grant, None)
    if counting := budget.recent(instants, now):
        book[grant] = counting
    while (oldest := next(iter(book), None)) and now - book[oldest][-1] >= TEN_MINUTES:
        del book[oldest]


# How far apart rejections may begin and still have one cause, in seconds.
_TOGETHER: Final = 600.0
_MANY: Final = 3


class Refusals:
    """Since when each connection is rejected, in seconds of the monotonic clock, by accounts server and by client."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: dict[str, dict[ConnectionName, float]] = {}

    def add(self, name: ConnectionName, places: Iterable[str], uptime: float) -> int:
        """Note a rejection; return how many began within the same minutes, 1 where they are not many."""
        together = 1
        for place in places:
            members = self._at.setdefault(place, {})
            since = members.setdefault(name, uptime)
            together = max(together, sum(abs(other - since) <= _TOGETHER for other in members.values()))
        return together if together >= _MANY else 1

    def discard(self, name: ConnectionName, places: Iterable[str]) -> None:
        """Forget the connection's rejections."""
        for place in places:
            if (members := self._at.get(place)) is not None:
                members.pop(name, None)
                if not members:
                    del self._at[place]

    def recover(self, name: ConnectionName, places: Iterable[str]) -> list[ConnectionName]:
        """Forget all rejections there, for the connection has recovered; return the other connections."""
        others: set[ConnectionName] = set()
        for place in places:
            others.update(self._at.pop(place, {}))
        return sorted(others - {name})
