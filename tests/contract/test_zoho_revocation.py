"""The end of a refresh token over real HTTP, in both contracts of Zoho."""

import pytest

from tests.support.places.consent_site import ConsentSite, consent_site, impostor, named
from zoho_simulator import Client as Application
from zoho_simulator import Endpoint
from zoho_simulator.faults import Fault, catalogue
from zoho_tokend.core.consent import (
    Revocation,
)
from zoho_tokend.core.errors import (
    ClientRejected,
    ZohoUnavailable,
)
from zoho_tokend.core.model import Secret


async def revoke(site: ConsentSite, application: Application, token: str) -> Revocation:
    return await site.endpoint.revoke(Secret(token), named(application), accounts_server=site.us)


async def test_a_refresh_token_is_revoked_by_the_newer_contract() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        token = site.zoho.consent(application)

        assert await revoke(site, application, token) is Revocation.REVOKED
        assert await revoke(site, application, token) is Revocation.ALREADY_DEAD
        assert site.outcomes(Endpoint.REVOKE_OLD) == []


@pytest.mark.parametrize(
    "fault",
    [
        catalogue.html(404),
        catalogue.html(405),
        catalogue.html(200),
        catalogue.error("never_heard_of"),
        catalogue.empty(404),
    ],
    ids=lambda fault: fault.name,
)
async def test_a_refresh_token_is_revoked_by_the_older_contract_where_the_newer_is_not_there(fault: Fault) -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        token = site.zoho.consent(application)
        for _ in range(2):
            site.zoho.fault(fault, endpoint=Endpoint.REVOKE)

        assert await revoke(site, application, token) is Revocation.REVOKED
        assert await revoke(site, application, token) is Revocation.ALREADY_DEAD
        assert len(site.outcomes(Endpoint.REVOKE_OLD)) == 2


async def test_a_revocation_that_neither_contract_answers_claims_nothing() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        for endpoint in (Endpoint.REVOKE, Endpoint.REVOKE_OLD):
            site.zoho.fault(catalogue.html_502(), endpoint=endpoint)

        with pytest.raises(ZohoUnavailable):
            await revoke(site, application, site.zoho.consent(application))


async def test_a_wrong_client_revokes_nothing() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        token = site.zoho.consent(application)

        with pytest.raises(ClientRejected, match="Connected Apps"):
            await site.endpoint.revoke(Secret(token), impostor(application), accounts_server=site.us)
        assert await revoke(site, application, token) is Revocation.REVOKED
