"""Our side of the throughput: the real run loop and all that it drives, on a clock that leaps from one due time to the
next. It logs at info to nowhere, and counts its metrics.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from tests.wall_clock import WallClock
from zoho_tokend.clockwork import Command
from zoho_tokend.core.events import Event, Refreshed, VaultAnswered
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.core.policy import ZOHO_LIFETIME, Policy
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.discovery import Discovery
from zoho_tokend.refresher import Refresher
from zoho_tokend.runner import Inbox, Runner
from zoho_tokend.telemetry.log import EventLog, LogFormat, LogLevel, configure_logging
from zoho_tokend.telemetry.metrics import Metrics
from zoho_tokend.vault.auth import Token
from zoho_tokend.vault.config import VaultConfig
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.secret_file import Given
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.zoho.datacenters import DATA_CENTERS, AccountsServers
from zoho_tokend.zoho.endpoint import zoho_endpoint


class LeapingClock(WallClock):
    """Real time, from which hours can be skipped."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def leap(self, span: timedelta) -> None:
        """It is so much later."""
        self._ahead += span


class Tally:
    """A sink that counts refreshes and requests to Vault."""

    def __init__(self) -> None:
        self.vault_requests = 0
        self.refreshed = 0
        self._wanted = 0
        self._reached = asyncio.Event()

    def __call__(self, event: Event) -> None:
        match event:
            case VaultAnswered():
                self.vault_requests += 1
            case Refreshed():
                self.refreshed += 1
                if self.refreshed == self._wanted:
                    self._reached.set()

    async def until(self, refreshed: int) -> None:
        """So many refreshes have ended well since the beginning."""
        self._wanted = refreshed
        self._reached.clear()
        if self.refreshed < refreshed:
            await self._reached.wait()
