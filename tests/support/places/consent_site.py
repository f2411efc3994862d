"""The simulated Zoho with two data centres, people who consent there, and the endpoint under test."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.support.clocks.wall_clock import WallClock
from zoho_simulator import Client as Application
from zoho_simulator import Consent, Endpoint, Simulator, User, Zoho
from zoho_simulator import GrantCode as ZohosCode
from zoho_tokend.core.consent import (
    DeviceCode,
    GrantCode,
)
from zoho_tokend.core.model import Client, Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.zoho.calls import Calls
from zoho_tokend.zoho.consent import ConsentRequest, consent_request, grant_code
from zoho_tokend.zoho.consent_endpoint import ConsentEndpoint
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.transport import TimeLimits, Transport

ANN = User(email="ann@example.com", data_center="us")
EMIL = User(email="emil@example.com", data_center="eu")
SCOPE = "ZohoCRM.modules.READ,ZohoCRM.org.READ"


class ConsentSite:
    """The simulated Zoho, and the endpoint under test that may talk to its two data centres."""

    def __init__(self, zoho: Zoho, transport: Transport, calls: Calls) -> None:
        self.zoho = zoho
        self.servers = AccountsServers(parse_origin(center.accounts_server) for center in zoho.data_centers)
        self.endpoint = ConsentEndpoint(transport, calls, servers=self.servers)
        self._transport = transport
        self._calls = calls
        self.us = parse_origin(zoho.us.accounts_server)
        self.eu = parse_origin(zoho.eu.accounts_server)

    def allowing(self, server: Origin) -> ConsentEndpoint:
        """The same endpoint with another allow-list."""
        return ConsentEndpoint(self._transport, self._calls, servers=AccountsServers([server]))

    def begin(self, application: Application, scope: str = SCOPE) -> ConsentRequest:
        return consent_request(
            accounts_server=self.us,
            client_id=application.client_id,
            scope=scope,
            redirect_uri=application.redirect_uris[0],
            random_bytes=secrets.token_bytes,
        )

    def accepted(self, request: ConsentRequest, user: User = ANN) -> GrantCode:
        """The user says yes on the page of the request, and the browser is sent back."""
        asked = dict(parse_qsl(urlsplit(request.url).query, strict_parsing=True))
        consent = Consent(
            client_id=asked["client_id"],
            user=user,
            scope=asked["scope"],
            offline=asked["access_type"] == "offline",
            prompt=asked["prompt"] == "consent",
        )
        code = self.zoho.add_code(
            ZohosCode(
                consent=consent,
                expires_at=self.zoho.now() + self.zoho.limits.code_lifetime,
                redirect_uri=asked["redirect_uri"],
                challenge=asked["code_challenge"],
                challenge_method=asked["code_challenge_method"],
            )
        )
        home = self.zoho[user.data_center]
        brought = {
            "state": asked["state"],
            "code": code,
            "location": home.name,
            "accounts-server": home.accounts_server,
        }
        return grant_code(f"{asked['redirect_uri']}?{urlencode(brought)}", request, self.servers)

    def by_hand(self, application: Application, *, offline: bool = True, prompt: bool = True) -> GrantCode:
        """A code that came in any other way, without PKCE."""
        code = self.zoho.grant_code(application, ANN, SCOPE, offline=offline, prompt=prompt)
        redirect_uri = application.redirect_uris[0] if application.redirect_uris else None
        return GrantCode(code=Secret(code), accounts_server=self.us, redirect_uri=redirect_uri)

    async def device(self, application: Application) -> DeviceCode:
        return await self.endpoint.begin_device(application.client_id, SCOPE, accounts_server=self.us)

    def outcomes(self, endpoint: Endpoint = Endpoint.TOKEN) -> list[str]:
        return [entry.outcome for entry in self.zoho.journal.entries if entry.endpoint is endpoint]


@asynccontextmanager
async def consent_site(*, limits: TimeLimits | None = None) -> AsyncIterator[ConsentSite]:
    """Leaving it proves that no secret stood in a URL."""
    async with Simulator(data_centers=("us", "eu")) as zoho:
        async with Transport(WallClock(), limits=limits) as transport, Calls() as calls:
            yield ConsentSite(zoho, transport, calls)
        assert zoho.journal.violations == []


def named(application: Application, data_center: str = "us") -> Client:
    return Client(client_id=application.client_id, client_secret=Secret(application.secrets[data_center]))


def impostor(application: Application) -> Client:
    return Client(client_id=application.client_id, client_secret=Secret("f" * 42))
