"""Whether a token works, over real HTTP, and where it is never sent."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.support.places.consent_site import ANN, SCOPE, consent_site, named
from zoho_simulator import Endpoint, User
from zoho_simulator.faults import Fault, catalogue
from zoho_tokend.core.consent import (
    AliveWithoutScope,
    Dead,
    GrantCode,
    NoApiAccess,
    Unproven,
)
from zoho_tokend.core.errors import (
    ServerNotAllowed,
)
from zoho_tokend.core.model import Client, ClientCredentialsGrant, Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.zoho.consent_endpoint import ConsentEndpoint

TOKEN = Secret("1000.invented")
CLIENT = Client(client_id="1000.INVENTEDCLIENT", client_secret=Secret("invented-secret"))


@pytest.mark.parametrize(
    ("user", "scope", "expected"),
    [
        (ANN, "ZohoCRM.modules.READ", AliveWithoutScope()),
        (replace(ANN, api_access=False), SCOPE, NoApiAccess()),
    ],
)
async def test_a_token_is_proved_without_a_scope_of_its_own(user: User, scope: str, expected: object) -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        granted = await site.endpoint.exchange(site.accepted(site.begin(application, scope), user), named(application))

        assert await site.endpoint.prove(granted.access_token, api_domain=str(site.us)) == expected


async def test_a_revoked_token_is_dead() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        granted = await site.endpoint.exchange(site.accepted(site.begin(application)), named(application))
        site.zoho.revoke(granted.refresh_token.reveal())

        assert await site.endpoint.prove(granted.access_token, api_domain=str(site.us)) == Dead()


@pytest.mark.parametrize("fault", [catalogue.html_502(), catalogue.drop(), catalogue.throttled()], ids=lambda f: f.name)
async def test_trouble_on_the_way_proves_nothing(fault: Fault) -> None:
    async with consent_site() as site:
        site.zoho.fault(fault, endpoint=Endpoint.API)

        assert isinstance(await site.endpoint.prove(Secret("1000.fresh"), api_domain=str(site.us)), Unproven)


@pytest.mark.parametrize("api_domain", ["https://www.zohoapis.eu.evil.example", "http://www.zohoapis.eu", "nonsense"])
async def test_a_token_is_kept_from_an_api_that_is_not_zohos(api_domain: str) -> None:
    async with consent_site() as site:
        with pytest.raises(ServerNotAllowed):
            await site.endpoint.prove(Secret("1000.fresh"), api_domain=api_domain)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda to, at: to.exchange(GrantCode(code=TOKEN, accounts_server=at), CLIENT), id="exchange"),
        pytest.param(
            lambda to, at: to.issue_to_client(CLIENT, ClientCredentialsGrant(soid="s", scope="s"), accounts_server=at),
            id="issue_to_client",
        ),
        pytest.param(lambda to, at: to.begin_device("c", SCOPE, accounts_server=at), id="begin_device"),
        pytest.param(lambda to, at: to.poll_device(TOKEN, CLIENT, accounts_server=at), id="poll_device"),
        pytest.param(lambda to, at: to.revoke(TOKEN, CLIENT, accounts_server=at), id="revoke"),
        pytest.param(lambda to, at: to.data_centers(at), id="data_centers"),
        pytest.param(lambda to, at: to.prove(TOKEN, api_domain=str(at)), id="prove"),
    ],
)
async def test_nothing_is_sent_to_a_server_that_is_not_allowed(
    call: Callable[[ConsentEndpoint, Origin], Awaitable[object]],
) -> None:
    async with consent_site() as site:
        # Loopback has many addresses, and a token may go to an added server's host at any port.
        outsider = site.allowing(parse_origin("http://127.0.0.2:9000"))

        with pytest.raises(ServerNotAllowed):
            await call(outsider, site.us)
        assert site.zoho.journal.entries == []
