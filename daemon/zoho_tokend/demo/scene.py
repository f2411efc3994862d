"""The scene of the demo: Vault with three connections in it, a Zoho in two data centres, and the daemon's settings."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from zoho_simulator import Simulator, Zoho
from zoho_tokend.clock import SystemClock
from zoho_tokend.core.errors import Fatal
from zoho_tokend.core.events import VaultOperation
from zoho_tokend.core.model import ConnectionName, Secret
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.settings import Settings, load_settings
from zoho_tokend.vault.auth import Token
from zoho_tokend.vault.client import VaultConfig
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.policy import daemon_policy, reader_policy
from zoho_tokend.vault.request import Request
from zoho_tokend.vault.secret_file import Given
from zoho_tokend.vault.session import Session

CONNECTIONS: Final = {
    ConnectionName("crm-prod"): "eu",
    ConnectionName("crm-sandbox"): "eu",
    ConnectionName("sales-us"): "us",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the demo started.

    Attributes:
        environment: the variables of a daemon that keeps these connections; they hold its Vault token.
        reader_token: a Vault token that may read the token records, and nothing else.
    """

    environment: Mapping[str, str] = field(repr=False)
    vault_address: str
    reader_token: Secret
    zoho: Zoho
    lifetime: timedelta

    @property
    def settings(self) -> Settings:
        """The settings of that environment."""
        return load_settings(self.environment)


@asynccontextmanager
async def scene(lifetime: timedelta) -> AsyncIterator[Scene]:
    """Run a real OpenBao server and a simulated Zoho with tokens of this lifetime; both stop when the block ends.

    Raises:
        NoServer: OpenBao is not installed here.
    """
    server = OpenBao()
    await asyncio.to_thread(server.start)
    try:
        async with Simulator(data_centers=("us", "eu"), lifetime=lifetime) as zoho:
            daemon_token, reader_token = await _furnish(server, zoho)
            environment = {
                "ZOHO_TOKEND_VAULT_ADDR": server.address,
                "ZOHO_TOKEND_VAULT_TOKEN": daemon_token.reveal(),
                "ZOHO_TOKEND_DISCOVERY_INTERVAL": "2s",
                "ZOHO_TOKEND_LISTEN": "127.0.0.1:0",
                "ZOHO_TOKEND_ALLOWED_ACCOUNTS_SERVERS": ",".join(
                    center.accounts_server for center in zoho.data_centers
                ),
            }
            yield Scene(
                environment=environment,
                vault_address=server.address,
                reader_token=reader_token,
                zoho=zoho,
                lifetime=lifetime,
            )
    finally:
        await asyncio.to_thread(server.stop)


async def _furnish(server: OpenBao, zoho: Zoho) -> tuple[Secret, Secret]:
    """Register clients, give consents, store their credentials; return a token for the daemon and one for readers."""
    layout = Layout()
    root = Token(token=Given(server.root_token, "the demo's root token"))
    session = Session(VaultConfig(address=server.address), root, clock=SystemClock(), emit=lambda _event: None)
    try:
        await session.open()
        for connection, data_center in CONNECTIONS.items():
            client = zoho.add_client(f"demo {connection}", home=data_center)
            fields: dict[str, object] = {
                "client_id": client.client_id,
                "client_secret": client.secrets[data_center],
                "refresh_token": zoho.consent(client),
                "accounts_server": zoho[data_center].accounts_server,
                "scope": "ZohoCRM.modules.ALL",
            }
            await session.ask(layout.credential(connection).write(fields, after_version=0))
        daemon_token = await _token(session, "zoho-tokend", daemon_policy(layout))
        return daemon_token, await _token(session, "zoho-reader", reader_policy(layout))
    finally:
        await session.close()


async def _token(session: Session, name: str, policy: str) -> Secret:
    """Make a Vault token with this policy."""
    path = f"sys/policies/acl/{name}"
    await session.ask(Request(operation=VaultOperation.WRITE, method="POST", path=path, body={"policy": policy}))
    answer = await session.ask(
        Request(operation=VaultOperation.WRITE, method="POST", path="auth/token/create", body={"policies": [name]})
    )
    token = answer.at("auth", "client_token")
    if not isinstance(token, str):
        raise Fatal("OpenBao returned no token for the demo")
    return Secret(token)
