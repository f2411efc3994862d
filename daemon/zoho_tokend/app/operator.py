"""Compose what a command works with: Vault, Zoho and the operations, as in the daemon."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from zoho_tokend.app.adapters import layout_of, policy_of, vault
from zoho_tokend.clock import SystemClock
from zoho_tokend.core.events import Event
from zoho_tokend.core.policy import Policy
from zoho_tokend.engine.one_shot import OneShotRefresh
from zoho_tokend.settings import Settings
from zoho_tokend.vault.registry import Registry
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.vault.targets import VaultTargets
from zoho_tokend.zoho.consent_endpoint import ConsentEndpoint
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.endpoints import endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What a command works with, logged in at Vault.

    Attributes:
        registry: applications and credentials.
        store: the same ports as the daemon's.
        targets: the second records of tokens, where the settings have any.
        zoho: consent, revocation and proofs.
        one_shot: single refreshes.
        servers: where credentials may be sent.
        policy: the numbers that the settings decide, as the daemon follows them.
    """

    settings: Settings
    session: Session
    registry: Registry
    store: VaultStore
    targets: VaultTargets
    zoho: ConsentEndpoint
    one_shot: OneShotRefresh
    servers: AccountsServers
    policy: Policy
    clock: SystemClock


@asynccontextmanager
async def operator(settings: Settings) -> AsyncIterator[Operator]:
    """Log in at Vault until the block ends; a token from this login is revoked then.

    Raises:
        VaultLoginRefused, VaultUnavailable: the login failed.
        BadSettings: the environment names a proxy that cannot be used.
    """
    clock, servers = SystemClock(), AccountsServers(settings.allowed_accounts_servers)
    session, store = vault(settings, clock=clock, emit=_nobody, role="operator")
    layout = layout_of(settings)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(session.close)
        await session.open()
        zoho = await stack.enter_async_context(endpoints(servers, clock=clock, emit=_nobody))
        policy = policy_of(settings)
        yield Operator(
            settings=settings,
            session=session,
            registry=Registry(session, layout),
            store=store,
            targets=VaultTargets(session, layout, settings.publish_targets),
            zoho=zoho.consent,
            one_shot=OneShotRefresh(records=store, endpoint=zoho.tokens, policy=policy, clock=clock),
            servers=servers,
            policy=policy,
            clock=clock,
        )


def _nobody(_event: Event) -> None:
    """Drop the event: a command reports by itself."""
