"""A one-shot refresh in a process of its own, with the code, the budget and the check-and-set of the daemon.

Beside a running daemon it costs one issue at most: whichever writes second adopts the token that lives longer.
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
from zoho_tokend.core.ports import Clock, TokenEndpoint
from zoho_tokend.engine.refresher import Records, Refresher, RefreshPorts

_SAVE_TIMEOUT: Final = timedelta(minutes=1)

Ended = Refreshed | RefreshFailed | RefreshDeferred


class OneShotRefresh:
    """Refreshes single connections when a person asks for it."""

    def __init__(self, *, records: Records, endpoint: TokenEndpoint, policy: Policy, clock: Clock) -> None:
        self._records = records
        self._endpoint = endpoint
        self._policy = policy
        self._clock = clock

    async def refresh(self, name: ConnectionName) -> Ended:
        """Refresh the connection, and return how it ended. An unsaved token is written again for a minute.

        Raises:
            NoCredential: there is no such connection.
            NotAllowed, VaultUnavailable: the token record could not be read, so Zoho got no request.
        """
        events: list[Event] = []
        fleet = Fleet(self._policy, slots=1)
        fleet.add(name, await self._records.published(name), self._clock.now())
        ports = RefreshPorts(records=self._records, endpoint=self._endpoint, clock=self._clock, emit=events.append)
        refresher = Refresher(fleet, ports)
        await refresher.refresh(name, Reason.ON_REQUEST)
        await self._save(fleet, refresher, name)
        return _ended(events, name)

    async def _save(self, fleet: Fleet, refresher: Refresher, name: ConnectionName) -> None:
        end = self._clock.monotonic() + _SAVE_TIMEOUT.total_seconds()
        while fleet.held and self._clock.monotonic() < end:
            await asyncio.sleep(backoff.FLOOR.total_seconds())
            await refresher.save(name)


def _ended(events: list[Event], name: ConnectionName) -> Ended:
    for event in events:
        if isinstance(event, RefreshCrashed):
            raise RuntimeError(event.traceback)  # noqa: TRY004 - not a type error
        if isinstance(event, Vanished):
            raise NoCredential(f"there is no connection {name} in Vault")
    return next(event for event in reversed(events) if isinstance(event, Refreshed | RefreshFailed | RefreshDeferred))
