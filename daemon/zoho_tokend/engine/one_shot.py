"""One refresh in a process of its own: the same code, the same budget, the same CAS as the daemon's.

Beside a running daemon it costs no more than an issue: whoever writes second adopts the token that lives longer.
"""

import asyncio
from datetime import timedelta
from typing import Final

from zoho_tokend.core import backoff
from zoho_tokend.core.connection import Reason
from zoho_tokend.core.errors import NoCredential
from zoho_tokend.core.events import Event, RefreshCrashed, RefreshDeferred, Refreshed, RefreshFailed, Vanished
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.ports import BudgetStore, Clock, CredentialStore, TokenEndpoint, TokenStore
from zoho_tokend.engine.refresher import Refresher

PATIENCE: Final = timedelta(minutes=1)

Ended = Refreshed | RefreshFailed | RefreshDeferred


class OneShotRefresh:
    """Refreshes single connections on request."""

    def __init__(
        self,
        *,
        credentials: CredentialStore,
        tokens: TokenStore,
        budgets: BudgetStore,
        endpoint: TokenEndpoint,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._tokens = tokens
        self._budgets = budgets
        self._endpoint = endpoint
        self._policy = policy
        self._clock = clock

    async def refresh(self, name: ConnectionName) -> Ended:
        """How the refresh ended. A token that Vault does not take at once is offered again for a minute.

        Raises:
            NoCredential: there is no such connection.
            NotAllowed, VaultUnavailable: the token record could not be read, so nothing was asked of Zoho.
        """
        events: list[Event] = []
        fleet = Fleet(self._policy, places=1)
        fleet.add(name, await self._tokens.published(name), self._clock.now())
        refresher = Refresher(
            fleet=fleet,
            credentials=self._credentials,
            tokens=self._tokens,
            budgets=self._budgets,
            endpoint=self._endpoint,
            clock=self._clock,
            emit=events.append,
        )
        await refresher.refresh(name, Reason.ON_REQUEST)
        await self._save(fleet, refresher, name)
        return _ended(events, name)

    async def _save(self, fleet: Fleet, refresher: Refresher, name: ConnectionName) -> None:
        end = self._clock.monotonic() + PATIENCE.total_seconds()
        while fleet.held and self._clock.monotonic() < end:
            await asyncio.sleep(backoff.FLOOR.total_seconds())
            await refresher.save(name)


def _ended(events: list[Event], name: ConnectionName) -> Ended:
    for event in events:
        if isinstance(event, RefreshCrashed):
            raise RuntimeError(event.traceback)  # noqa: TRY004 - it is no matter of types
        if isinstance(event, Vanished):
            raise NoCredential(f"there is no connection {name} in Vault")
    return next(event for event in reversed(events) if isinstance(event, Refreshed | RefreshFailed | RefreshDeferred))
