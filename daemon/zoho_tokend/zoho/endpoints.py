"""Zoho's endpoints on one transport, opened and closed together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from zoho_tokend.core.events import Sink
from zoho_tokend.core.ports import Clock
from zoho_tokend.zoho.calls import Calls
from zoho_tokend.zoho.consent_endpoint import ConsentEndpoint
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.endpoint import ZohoEndpoint
from zoho_tokend.zoho.transport import TimeLimits, Transport


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoint that issues tokens, and the one for everything else."""

    tokens: ZohoEndpoint
    consent: ConsentEndpoint

    def obey(self, servers: AccountsServers) -> None:
        """Send nothing to any other accounts server from now on."""
        self.tokens.servers = self.consent.servers = servers


@asynccontextmanager
async def endpoints(
    servers: AccountsServers, *, clock: Clock, emit: Sink, limits: TimeLimits | None = None
) -> AsyncIterator[Endpoints]:
    """Open both; leaving waits for the calls in flight, 30 s at most, and then closes every connection.

    Raises:
        BadSettings: the environment names a proxy or a CA bundle that cannot be used.
    """
    async with Transport(clock, limits=limits) as transport, Calls() as calls:
        yield Endpoints(
            tokens=ZohoEndpoint(transport, calls, servers=servers, clock=clock, emit=emit),
            consent=ConsentEndpoint(transport, calls, servers=servers),
        )
