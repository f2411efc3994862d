"""The ledger: what was spent of each refresh token's budget, known to the next process and to others that share it.

Issues are remembered by the token record's own history. Requests that brought nothing have a record of their own
(ADR 18): written after the first failure, and before each further try, so that a process that dies meanwhile, or a
second one beside it, cannot spend the same budget again. A success costs no request of it.
"""

import asyncio
from datetime import datetime
from typing import Final
from weakref import WeakValueDictionary

from zoho_tokend.core import budget
from zoho_tokend.core.budget import BudgetRecord
from zoho_tokend.core.errors import Conflict, NotAllowed, RefreshError, VaultUnavailable
from zoho_tokend.core.events import BudgetUnrecorded, GrantShared, Sink
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.ports import BudgetStore, Clock, TokenStore
from zoho_tokend.core.schedule import Wait

_TRIES: Final = 3


class Ledger:
    """Keeps the fleet's budgets and Vault's memory of them in step.

    Where Vault does not keep them the refreshes go on, and this process' own memory decides.
    """

    def __init__(self, *, fleet: Fleet, tokens: TokenStore, budgets: BudgetStore, clock: Clock, emit: Sink) -> None:
        self._fleet = fleet
        self._tokens = tokens
        self._budgets = budgets
        self._clock = clock
        self._emit = emit
        self._told: set[str] = set()
        self._listed: frozenset[str] | None = None
        self._term: int | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def recall(self, name: ConnectionName) -> None:
        """Recall what was spent of the connection's refresh token, by whichever connection and process it was.

        Raises:
            NotAllowed: the policy denies the history of the connection's own token record.
            VaultUnavailable.
        """
        await self._recall_issues(name)
        if self._fleet.budget_record(name) is not None:
            return
        if self._fleet.may_have_failed_before(name, self._clock.now()) and await self._is_listed(name):
            await self._read(name)

    async def reserve(self, name: ConnectionName) -> datetime | Wait | None:
        """Write down the request that is about to be sent, if requests before it brought nothing.

        Returns the moment that was written down, None where none had to be, or until when to wait where another
        process has spent the budget.
        """
        if not (self._fleet[name].failures or self._fleet.in_vain(name, self._clock.now())):
            return None
        async with self._lock(name):
            for _ in range(_TRIES):
                now = self._clock.now()
                if (wait := self._fleet.may_begin(name, now)) is not None:
                    return wait
                if await self._write(name, now):
                    return now
        return None

    async def failed(self, name: ConnectionName, reserved: datetime | None) -> None:
        """Write down a request that reached Zoho and brought nothing, unless that was done before it was sent."""
        if reserved is not None or name not in self._fleet:
            return
        async with self._lock(name):
            for _ in range(_TRIES):
                if await self._write(name, self._clock.now()):
                    return

    async def _recall_issues(self, name: ConnectionName) -> None:
        """Those that are discovered meanwhile are asked about as well."""
        refused: set[ConnectionName] = set()
        while sharers := [each for each in self._fleet.unrecalled(name) if each not in refused]:
            for sharer in sharers:
                try:
                    issues = await self._tokens.history(sharer)
                except RefreshError:
                    if sharer == name:
                        raise
                    refused.add(sharer)  # That is the other connection's trouble, and none of this one's.
                    continue
                if sharer in self._fleet.unrecalled(name):
                    self._fleet.recall(sharer, issues, self._clock.now())

    async def _is_listed(self, name: ConnectionName) -> bool:
        """Whether Vault may remember anything: asked once in a term, for most refresh tokens have no such record."""
        if self._listed is None or self._term != self._fleet.term:
            self._term = self._fleet.term
            try:
                self._listed = await self._budgets.budgets()
            except (NotAllowed, VaultUnavailable):
                self._listed = None
        return self._listed is None or self._fleet[name].grant_key in self._listed

    async def _read(self, name: ConnectionName) -> None:
        if (grant := self._fleet[name].grant_key) is None:
            return
        try:
            record = await self._budgets.budget(grant)
        except (NotAllowed, VaultUnavailable) as error:
            self._unrecorded(name, error)
            return
        self._fleet.found_budget(name, record, self._clock.now())
        others = record.connections.difference(self._fleet.sharers(name))
        if others and grant not in self._told:
            self._told.add(grant)
            self._emit(GrantShared(connection=name, others=tuple(sorted(others))))
        for other in sorted(others):
            try:
                issues = await self._tokens.history(other)
            except RefreshError:
                continue
            self._fleet.recall_of_another(name, issues, self._clock.now())

    def _lock(self, name: ConnectionName) -> asyncio.Lock:
        """One write at a time of each refresh token's record: a conflict then is another process."""
        grant = self._fleet[name].grant_key or ""
        lock = self._locks.get(grant)
        if lock is None:
            self._locks[grant] = lock = asyncio.Lock()
        return lock

    async def _write(self, name: ConnectionName, at: datetime) -> bool:
        """Write down the request of that moment, among those before it that brought nothing.

        Whether it was written, or cannot be; false where another process was first, whose record is known now.
        """
        if (grant := self._fleet[name].grant_key) is None:
            return True
        if (known := self._fleet.budget_record(name)) is None:
            await self._read(name)
            known = self._fleet.budget_record(name) or BudgetRecord()
        self._fleet.failed_at(name, at, self._clock.now())
        record = BudgetRecord(
            version=known.version,
            requests=self._fleet.in_vain(name, self._clock.now()),
            connections=self._sharers(name, known),
        )
        try:
            version = await self._budgets.remember_budget(grant, record)
        except Conflict:
            self._fleet.not_failed_at(name, at, self._clock.now())
            await self._read(name)
            return False
        except (NotAllowed, VaultUnavailable) as error:
            self._unrecorded(name, error)
            return True
        written = BudgetRecord(version=version, requests=record.requests, connections=record.connections)
        self._fleet.wrote_budget(name, written, self._clock.now())
        return True

    def _sharers(self, name: ConnectionName, known: BudgetRecord) -> frozenset[ConnectionName]:
        """Those of other processes too, for as long as what they asked for counts."""
        others = known.connections if budget.recent(known.requests, self._clock.now()) else frozenset()
        return others.union(self._fleet.sharers(name))

    def _unrecorded(self, name: ConnectionName, error: RefreshError) -> None:
        if str(error) not in self._told:
            self._told.add(str(error))
            self._emit(BudgetUnrecorded(connection=name, error=str(error)))
