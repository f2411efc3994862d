"""The limits of Zoho: what each refresh token has spent of its budget, who shares it, and what each client may do."""

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

    What no longer counts is forgotten, so that it takes no more memory than the requests of the last ten minutes.
    """

    __slots__ = ("_clients", "_in_vain", "_records", "_sharers", "_spent")

    def __init__(self) -> None:
        # Both in the order of their last change, so that what no longer counts is found at the front.
        self._spent: dict[str, Spent] = {}
        self._in_vain: dict[str, Spent] = {}
        self._clients: dict[str, ClientLimit] = {}
        self._sharers: dict[str, tuple[ConnectionName, ...]] = {}
        self._records: dict[str, tuple[BudgetRecord, datetime]] = {}

    def share(self, grant: str, name: ConnectionName) -> None:
        """Count the connection among those that share the refresh token."""
        self._sharers[grant] = tuple({*self._sharers.get(grant, ()), name})

    def unshare(self, grant: str, name: ConnectionName) -> None:
        """Count the connection no longer among those that share the refresh token."""
        if rest := tuple(sharer for sharer in self._sharers.get(grant, ()) if sharer != name):
            self._sharers[grant] = rest
        else:
            self._sharers.pop(grant, None)
            self._records.pop(grant, None)

    def sharers(self, grant: str | None) -> tuple[ConnectionName, ...]:
        """The connections that share the refresh token."""
        return self._sharers.get(grant, ()) if grant else ()

    def spent(self, grant: str | None) -> Spent:
        """What is known to have been spent of the refresh token's budget."""
        return self._spent.get(grant, ()) if grant else ()

    def all_spent(self) -> dict[str, Spent]:
        """What is known to have been spent, by refresh token."""
        return dict(self._spent)

    def client(self, client_id: str | None) -> ClientLimit:
        """What is known of the client."""
        return self._clients.get(client_id, _NO_LIMIT) if client_id else _NO_LIMIT

    def all_clients(self) -> dict[str, ClientLimit]:
        """What is known of each client, by its id."""
        return dict(self._clients)

    # --- one request -------------------------------------------------------------------------------------------

    def begin(self, grant: str | None, client_id: str | None, now: datetime) -> None:
        """Count a request that begins now."""
        if grant:
            _put(self._spent, grant, (*self.spent(grant), now), now)
        if client_id:
            self._put_client(client_id, client_limit.after_begin(self.client(client_id), now), now)

    def end(self, grant: str | None, begun: datetime, now: datetime, *, sent: bool) -> None:
        """Count the request that was begun then from now on, when Zoho has met it at the latest, or not at all."""
        if grant is None:
            return
        spent = list(self.spent(grant))
        if begun in spent:
            spent.remove(begun)
        _put(self._spent, grant, (*spent, now) if sent else spent, now)

    def issued(self, client_id: str | None, name: ConnectionName, now: datetime) -> None:
        """Note that the request brought a token."""
        if client_id:
            self._put_client(client_id, client_limit.after_issue(self.client(client_id), name, now), now)

    def throttled(self, client_id: str, name: ConnectionName, now: datetime, *, least: int) -> None:
        """Note that the request was throttled; ``least`` is what a client is always allowed in ten minutes."""
        limited = client_limit.after_throttle(self.client(client_id), name, now, least=least)
        self._put_client(client_id, limited, now)

    # --- what Vault remembers ----------------------------------------------------------------------------------

    def in_vain(self, grant: str | None) -> Spent:
        """The requests that brought nothing, as Vault is told of them."""
        return self._in_vain.get(grant, ()) if grant else ()

    def failed(self, grant: str | None, at: datetime, now: datetime) -> None:
        """Count the request of that moment among those that brought nothing."""
        if grant:
            _put(self._in_vain, grant, (*self.in_vain(grant), at), now)

    def not_failed(self, grant: str | None, at: datetime, now: datetime) -> None:
        """Take the request of that moment out of those that brought nothing: it brought a token, or never left."""
        if grant:
            _put(self._in_vain, grant, (Counter(self.in_vain(grant)) - Counter([at])).elements(), now)

    def recall(self, grant: str | None, issues: Iterable[datetime], now: datetime) -> None:
        """Count issues that are remembered.

        Two that share a refresh token may each have been issued a token at the same instant: that is two.
        """
        if grant:
            _put(self._spent, grant, (*self.spent(grant), *issues), now)

    def record(self, grant: str | None) -> BudgetRecord | None:
        """The record in Vault as it was last known; None while it is not."""
        return self._records[grant][0] if grant in self._records else None

    def found(self, grant: str | None, record: BudgetRecord, now: datetime) -> None:
        """Count the requests of a record that was read from Vault, but for those that are counted already."""
        if grant is None:
            return
        new = list((Counter(record.requests) - Counter(self.in_vain(grant))).elements())
        _put(self._in_vain, grant, (*self.in_vain(grant), *new), now)
        self.recall(grant, (min(at, now) for at in new), now)
        self.written(grant, record, now)

    def written(self, grant: str | None, record: BudgetRecord, now: datetime) -> None:
        """Remember what stands in Vault now, for as long as its requests count."""
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
    """Enter what counts at the book's end, and forget at its front what counts no longer."""
    book.pop(grant, None)
    if counting := budget.recent(instants, now):
        book[grant] = counting
    while (oldest := next(iter(book), None)) and now - book[oldest][-1] >= TEN_MINUTES:
        del book[oldest]


# How far apart refusals may begin to be of one trouble, in seconds.
_TOGETHER: Final = 600.0
_MANY: Final = 3


class Refusals:
    """Since when each connection is refused, in seconds of the monotonic clock, by accounts server and by client."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: dict[str, dict[ConnectionName, float]] = {}

    def add(self, name: ConnectionName, places: Iterable[str], uptime: float) -> int:
        """Note a refusal; returns of how many it began within the same minutes, 1 where they are not many."""
        together = 1
        for place in places:
            members = self._at.setdefault(place, {})
            since = members.setdefault(name, uptime)
            together = max(together, sum(abs(other - since) <= _TOGETHER for other in members.values()))
        return together if together >= _MANY else 1

    def discard(self, name: ConnectionName, places: Iterable[str]) -> None:
        """Forget the connection's refusals."""
        for place in places:
            if (members := self._at.get(place)) is not None:
                members.pop(name, None)
                if not members:
                    del self._at[place]

    def recover(self, name: ConnectionName, places: Iterable[str]) -> list[ConnectionName]:
        """Forget all refusals there, for the connection has recovered by itself; returns the others."""
        others: set[ConnectionName] = set()
        for place in places:
            others.update(self._at.pop(place, {}))
        return sorted(others - {name})
