"""Vault sessions for tests: what they logged, and what they are asked."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.clocks.hand_clock import HandClock
from tests.support.servers.openbao import Corner
from zoho_tokend.core.events import Event, LoginOutcome, VaultAnswered, VaultLoggedIn, VaultOperation
from zoho_tokend.core.model import Secret
from zoho_tokend.core.ports import Clock
from zoho_tokend.vault.auth import AppRole, AuthMethod, Token
from zoho_tokend.vault.client import VaultConfig
from zoho_tokend.vault.request import Request
from zoho_tokend.vault.secret_file import Given
from zoho_tokend.vault.session import Session


class Watched:
    """A session that is not opened yet, and its events."""

    def __init__(self, auth: AuthMethod, config: VaultConfig, clock: Clock) -> None:
        self.events: list[Event] = []
        self.session = Session(config, auth, clock=clock, emit=self.events.append)

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


class Role:
    """An AppRole of the test's own at the server."""

    def __init__(self, corner: Corner, **wishes: object) -> None:
        self.corner = corner
        self.mount = f"approle-{secrets.token_hex(4)}"
        self._path = f"auth/{self.mount}/role/tokend"
        corner.admin.ask("POST", f"sys/auth/{self.mount}", {"type": "approle"})
        corner.admin.ask("POST", self._path, {"token_policies": [corner.policy], "token_ttl": "1h", **wishes})
        self._role_id = corner.admin.text("GET", f"{self._path}/role-id", "data", "role_id")
        self._secret_id = corner.admin.text("POST", f"{self._path}/secret-id", "data", "secret_id")

    @property
    def read(self) -> Request:
        return self.corner.layout.client("any").read()

    def method(self) -> AppRole:
        return AppRole(
            role_id=Given(Secret(self._role_id), "VAULT_ROLE_ID"),
            secret_id=Given(Secret(self._secret_id), "VAULT_SECRET_ID"),
            mount=self.mount,
        )

    def revoke_all_tokens(self) -> None:
        self.corner.admin.ask("POST", f"sys/leases/revoke-prefix/auth/{self.mount}/login", {"sync": True})

    def refuse_logins(self) -> None:
        self.corner.admin.ask("DELETE", self._path)

    @asynccontextmanager
    async def session(
        self, clock: Clock | None = None, *, address: str | None = None, concurrency: int = 8
    ) -> AsyncIterator[Watched]:
        address = address or self.corner.address
        async with watched(address, self.method(), clock=clock, concurrency=concurrency) as vault:
            await vault.session.open()
            yield vault
