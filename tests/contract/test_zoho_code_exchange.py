"""From a consent to tokens over real HTTP: every way there, and every way in which it ends in a sentence."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.clocks.wall_clock import WallClock
from tests.support.places.consent_site import EMIL, SCOPE, consent_site, impostor, named
from tests.support.servers.loopback_server import answering, loopback_server
from zoho_simulator import ClientKind
from zoho_simulator.faults import Fault, catalogue
from zoho_tokend.core.consent import (
    Alive,
    GrantCode,
)
from zoho_tokend.core.errors import (
    ClientRejected,
    CodeMaybeSpent,
    CodeRejected,
    ConsentRefused,
    NeverSent,
    NoRefreshToken,
    OrganisationRejected,
    RedirectUriRejected,
    ScopeRejected,
    Throttled,
    TokendError,
    WrongDataCenter,
)
from zoho_tokend.core.model import Client, ClientCredentialsGrant, Secret
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.zoho.calls import Calls
from zoho_tokend.zoho.consent_endpoint import ConsentEndpoint
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.revocation import basic_authorization
from zoho_tokend.zoho.transport import TimeLimits, Transport


async def test_a_consent_in_the_browser_becomes_tokens_that_work() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.SERVER)

        granted = await site.endpoint.exchange(site.accepted(site.begin(application)), named(application))

        assert granted.api_domain == site.zoho.us.api_domain
        assert granted.lifetime == timedelta(hours=1)
        proof = await site.endpoint.prove(granted.access_token, api_domain=granted.api_domain or "")
        assert proof == Alive(organisation="Tidewater Looms", org_id="60001234567")


async def test_a_user_of_another_data_centre_gets_tokens_there_with_the_clients_secret_of_that_place() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(also_in=["eu"])
        code = site.accepted(site.begin(application), EMIL)

        granted = await site.endpoint.exchange(code, named(application, "eu"))

        assert code.accounts_server == site.eu
        assert granted.api_domain == site.zoho.eu.api_domain


async def test_the_code_of_a_self_client_is_exchanged_without_a_redirect_uri() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.SELF)

        granted = await site.endpoint.exchange(site.by_hand(application), named(application))

        assert granted.refresh_token.reveal().startswith("1000.")


async def test_a_client_may_ask_for_itself() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.SELF)
        grant = ClientCredentialsGrant(soid="ZohoCRM.60001234567", scope=SCOPE)

        issued = await site.endpoint.issue_to_client(named(application), grant, accounts_server=site.us)

        assert issued.refresh_token is None


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (ClientCredentialsGrant(soid="60001234567", scope=SCOPE), OrganisationRejected),
        (ClientCredentialsGrant(soid="ZohoCRM.60001234567", scope="everything"), ScopeRejected),
    ],
)
async def test_a_client_that_asks_wrongly_for_itself_is_told_what_is_wrong(
    grant: ClientCredentialsGrant, expected: type[TokendError]
) -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.SELF)

        with pytest.raises(expected):
            await site.endpoint.issue_to_client(named(application), grant, accounts_server=site.us)


async def test_an_expired_code_is_named() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        code = site.accepted(site.begin(application))
        site.zoho.advance(site.zoho.limits.code_lifetime)

        with pytest.raises(CodeRejected, match=r"expired.*get a new one"):
            await site.endpoint.exchange(code, named(application))


async def test_a_code_is_good_once() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        code = site.accepted(site.begin(application))
        await site.endpoint.exchange(code, named(application))

        with pytest.raises(CodeRejected, match="used before"):
            await site.endpoint.exchange(code, named(application))


async def test_a_code_is_of_no_use_without_its_verifier() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        code = replace(site.accepted(site.begin(application)), verifier=Secret("x" * 43))

        with pytest.raises(CodeRejected):
            await site.endpoint.exchange(code, named(application))


async def test_a_wrong_redirect_uri_is_named() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        code = replace(site.accepted(site.begin(application)), redirect_uri="http://127.0.0.1/elsewhere")

        with pytest.raises(RedirectUriRejected, match="letter by letter"):
            await site.endpoint.exchange(code, named(application))


async def test_a_wrong_secret_is_named_and_the_code_stays_good() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        code = site.accepted(site.begin(application))

        with pytest.raises(ClientRejected, match="id or secret is wrong"):
            await site.endpoint.exchange(code, impostor(application))
        await site.endpoint.exchange(code, named(application))


async def test_the_homes_secret_in_another_data_centre_is_named_with_the_field_that_is_missing() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(also_in=["eu"])
        code = site.accepted(site.begin(application), EMIL)

        with pytest.raises(WrongDataCenter, match=r"'eu'.*client_secret_eu"):
            await site.endpoint.exchange(code, named(application, "us"))


async def test_a_code_that_is_taken_to_the_wrong_data_centre_blames_the_client_or_the_place() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client(kind=ClientKind.SELF)
        code = replace(site.by_hand(application), accounts_server=site.eu)

        with pytest.raises(ClientRejected, match="another data centre"):
            await site.endpoint.exchange(code, named(application))


async def test_an_online_consent_brings_no_refresh_token_and_says_so() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()

        with pytest.raises(NoRefreshToken, match="online"):
            await site.endpoint.exchange(site.by_hand(application, offline=False), named(application))


async def test_a_consent_repeated_without_the_page_brings_no_refresh_token_and_says_so() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        await site.endpoint.exchange(site.by_hand(application), named(application))

        with pytest.raises(NoRefreshToken, match="repeated without the consent page"):
            await site.endpoint.exchange(site.by_hand(application, prompt=False), named(application))


async def test_a_consent_repeated_on_the_page_brings_another_refresh_token() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()

        both = [
            await site.endpoint.exchange(site.accepted(site.begin(application)), named(application)) for _ in range(2)
        ]

        assert len({granted.refresh_token.fingerprint() for granted in both}) == 2


@pytest.mark.parametrize(
    ("fault", "expected", "sentence"),
    [
        (catalogue.error("invalid_scope"), ScopeRejected, "correct the scope"),
        (catalogue.error("invalid_client_secret"), ClientRejected, "secret is wrong"),
        (catalogue.error("access_denied"), ConsentRefused, "accept there"),
        (catalogue.throttled(), Throttled, "wait ten minutes"),
        (catalogue.general_error(), CodeMaybeSpent, "consent again"),
        (catalogue.html_502(), CodeMaybeSpent, "consent again"),
        (catalogue.redirect(), CodeMaybeSpent, "consent again"),
        (catalogue.drop(), CodeMaybeSpent, "consent again"),
        (catalogue.truncated_json(), CodeMaybeSpent, "consent again"),
        (catalogue.huge_body(), CodeMaybeSpent, "too large"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_what_else_zoho_may_say_to_a_code(fault: Fault, expected: type[TokendError], sentence: str) -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        code = site.accepted(site.begin(application))
        site.zoho.fault(fault)

        with pytest.raises(expected, match=sentence) as failure:
            await site.endpoint.exchange(code, named(application))
        assert code.code.reveal() not in str(failure.value)


@pytest.mark.parametrize("fault", [catalogue.lost_answer(), catalogue.cut_off(), catalogue.drip(0.3)])
async def test_a_lost_answer_says_that_the_code_may_be_spent_and_it_is(fault: Fault) -> None:
    async with consent_site(limits=TimeLimits(total=1)) as site:
        application = site.zoho.add_client()
        code = site.accepted(site.begin(application))
        site.zoho.fault(fault)

        with pytest.raises(CodeMaybeSpent, match="may be spent"):
            await site.endpoint.exchange(code, named(application))
        with pytest.raises(CodeRejected):
            await site.endpoint.exchange(code, named(application))


async def test_a_code_that_was_never_sent_is_still_good() -> None:
    async with consent_site() as site:
        application = site.zoho.add_client()
        code = site.accepted(site.begin(application))
        async with loopback_server(answering()) as gone:
            nowhere = parse_origin(gone.origin)
        with pytest.raises(NeverSent, match="cannot be reached"):
            await site.allowing(nowhere).exchange(replace(code, accounts_server=nowhere), named(application))

        await site.endpoint.exchange(code, named(application))


async def test_an_exchange_under_way_is_not_cancelled_with_its_caller() -> None:
    released = asyncio.Event()

    async def held_up(writer: asyncio.StreamWriter) -> None:
        await released.wait()
        await answering(body=b'{"access_token":"1000.fresh","refresh_token":"1000.lasting"}')(writer)

    async with loopback_server(held_up) as server, Transport(WallClock()) as transport, Calls() as calls:
        origin = parse_origin(server.origin)
        endpoint = ConsentEndpoint(transport, calls, servers=AccountsServers([origin]))
        code = GrantCode(code=Secret("1000.invented"), accounts_server=origin)
        client = Client(client_id="1000.INVENTEDCLIENT", client_secret=Secret("invented-secret"))
        caller = asyncio.ensure_future(endpoint.exchange(code, client))
        await server.has_received(1)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        released.set()
        await asyncio.wait(calls._under_way)

        await endpoint.exchange(code, client)
        assert server.connections == 1  # a call that is cancelled takes its connection with it


async def test_no_secret_of_a_whole_life_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with consent_site() as site:
        application = site.zoho.add_client()
        request = site.begin(application)
        code, client = site.accepted(request), named(application)
        granted = await site.endpoint.exchange(code, client)
        await site.endpoint.prove(granted.access_token, api_domain=str(site.us))
        await site.endpoint.revoke(granted.refresh_token, client, accounts_server=site.us)

    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "/oauth/v2/token" in logged
    for secret in (
        code.code,
        request.verifier,
        client.client_secret,
        granted.access_token,
        granted.refresh_token,
        basic_authorization(client),
    ):
        assert secret.reveal() not in logged
