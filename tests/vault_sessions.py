"""Vault sessions for tests: what they logged, and what they are asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.hand_clock import HandClock
from zoho_tokend.core.events import Event, LoginOutcome, VaultAnswered, VaultLoggedIn, VaultOperation
from zoho_tokend.core.model import Secret
from zoho_tokend.core.ports import Clock
from zoho_tokend.vault.auth import AuthMethod, Token
from zoho_tokend.vault.config import VaultConfig
from zoho_tokend.vault.secret_file import Given
from zoho_tokend.vault.session import Session


class Watched:
    """A session that is not opened yet, and its events."""

    def __init__(self, auth: AuthMethod, config: VaultConfig, clock: Clock) -> None:
        self.events: list[Event] = []
        self.session = Session(config, auth, clock=clock, sink=self.events.append)

    @property
    def logins(self) -> list[LoginOutcome]:
        return [event.outcome for event in self.events if isinstance(event, VaultLoggedIn)]

    def asked(self, operation: VaultOperation) -> int:
        """How many requests of this kind were sent."""
        return sum(isinstance(event, VaultAnswered) and event.operation is operation for event in self.events)


@asynccontextmanager
async def watched(
    address: str, auth: AuthMethod, *, clock: Clock | None = None, **config: Any
) -> AsyncIterator[Watched]:
    """A session that is closed in the end."""
    session = Watched(auth, VaultConfig(address=address, **config), clock or HandClock())
    try:
        yield session
    finally:
        await session.session.close()


def a_token_method(token: Secret) -> Token:
    return Token(token=Given(token, "VAULT_TOKEN"))
