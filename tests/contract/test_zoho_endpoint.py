"""The token endpoint's port, carried out over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.support.clocks.wall_clock import WallClock
from tests.support.samples.zoho_credentials import a_credential
from tests.support.samples.zoho_samples import sample_bytes
from tests.support.servers.loopback_server import (
    Behaviour,
    LoopbackServer,
    answering,
    closing_after,
    dripping,
    loopback_server,
    silent,
)
from zoho_tokend.core.errors import (
    ClientRejected,
    GrantRejected,
    RefreshError,
    ServerNotAllowed,
    Throttled,
    ZohoUnavailable,
)
from zoho_tokend.core.events import ClockCompared, Event, ZohoAnswered, ZohoOutcome
from zoho_tokend.core.model import ClientCredentialsGrant, Secret
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.core.ports import TokenEndpoint
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.endpoint import ZohoEndpoint
from zoho_tokend.zoho.endpoints import endpoints
from zoho_tokend.zoho.transport import TimeLimits

SHORT = TimeLimits(read=0.3, total=0.5)


class Zoho:
    """The endpoint under test, the server behind it and the events that it told."""

    def __init__(self, endpoint: ZohoEndpoint, server: LoopbackServer, events: list[Event]) -> None:
        self.endpoint = endpoint
        self.server = server
        self.events = events
        self.credential = a_credential(accounts_server=server.origin)

    def told(self) -> list[ZohoAnswered]:
        return [event for event in self.events if isinstance(event, ZohoAnswered)]

    def clocks_compared(self) -> list[ClockCompared]:
        return [event for event in self.events if isinstance(event, ClockCompared)]


@asynccontextmanager
async def zoho_that(behaviour: Behaviour, *, limits: TimeLimits | None = None) -> AsyncIterator[Zoho]:
    events: list[Event] = []
    async with loopback_server(behaviour) as server:
        servers = AccountsServers([parse_origin(server.origin)])
        async with endpoints(servers, clock=WallClock(), emit=events.append, limits=limits) as zoho:
            yield Zoho(zoho.tokens, server, events)


ISSUES = answering(
    body=b'{"access_token":"1000.fresh","expires_in":3600}', headers={"Date": "Mon, 06 Jul 2026 10:00:00 GMT"}
)


async def test_it_carries_out_the_port() -> None:
    async with zoho_that(ISSUES) as zoho:
        port: TokenEndpoint = zoho.endpoint

        assert port.data_center(a_credential(accounts_server="https://accounts.zohocloud.ca")) == "ca"
        assert port.data_center(zoho.credential) == "other"


async def test_one_request_brings_one_token() -> None:
    async with zoho_that(ISSUES) as zoho:
        token = await zoho.endpoint.issue(zoho.credential)

    assert token.access_token == Secret("1000.fresh")
    assert token.lifetime == timedelta(hours=1)
    (request,) = zoho.server.received
    assert (request.method, request.target) == ("POST", "/oauth/v2/token")
    assert request.form == {
        "grant_type": "refresh_token",
        "client_id": "1000.INVENTEDCLIENT",
        "client_secret": "invented-secret",
        "refresh_token": "1000.invented-refresh",
    }


async def test_client_credentials_ask_with_their_scope_and_organisation() -> None:
    grant = ClientCredentialsGrant(soid="ZohoCRM.1234", scope="ZohoCRM.modules.READ ZohoCRM.users.READ")
    async with zoho_that(ISSUES) as zoho:
        await zoho.endpoint.issue(a_credential(accounts_server=zoho.server.origin, grant=grant))

    (request,) = zoho.server.received
    assert request.form == {
        "grant_type": "client_credentials",
        "client_id": "1000.INVENTEDCLIENT",
        "client_secret": "invented-secret",
        "scope": "ZohoCRM.modules.READ,ZohoCRM.users.READ",
        "soid": "ZohoCRM.1234",
    }


@pytest.mark.parametrize(
    ("sample", "error", "outcome"),
    [
        ("throttle-at-400", Throttled, ZohoOutcome.THROTTLED),
        ("invalid-code", GrantRejected, ZohoOutcome.GRANT_REJECTED),
        ("invalid-client", ClientRejected, ZohoOutcome.CLIENT_REJECTED),
        ("html-502", ZohoUnavailable, ZohoOutcome.UNAVAILABLE),
        ("truncated", ZohoUnavailable, ZohoOutcome.UNAVAILABLE),
    ],
)
async def test_a_recorded_refusal_over_the_wire_becomes_an_error_and_an_event(
    sample: str, error: type[RefreshError], outcome: ZohoOutcome
) -> None:
    async with zoho_that(closing_after(sample_bytes(sample))) as zoho:
        with pytest.raises(error):
            await zoho.endpoint.issue(zoho.credential)

    (event,) = zoho.told()
    assert (event.data_center, event.outcome) == ("other", outcome)
    assert event.took > timedelta()


async def test_silence_is_an_event_too() -> None:
    async with zoho_that(silent(), limits=SHORT) as zoho:
        with pytest.raises(ZohoUnavailable):
            await zoho.endpoint.issue(zoho.credential)

    (event,) = zoho.told()
    assert event.outcome is ZohoOutcome.UNAVAILABLE
    assert event.took >= timedelta(seconds=SHORT.read) * 0.9


async def test_nothing_is_sent_to_a_server_that_is_not_allowed() -> None:
    async with zoho_that(ISSUES) as zoho, loopback_server(ISSUES) as stranger:
        with pytest.raises(ServerNotAllowed, match="ALLOWED_ACCOUNTS_SERVERS"):
            await zoho.endpoint.issue(a_credential(accounts_server=stranger.origin))

        assert stranger.connections == 0
    assert zoho.events == []


async def test_a_server_is_allowed_from_the_moment_the_list_says_so() -> None:
    async with zoho_that(ISSUES) as zoho, loopback_server(ISSUES) as newcomer:
        zoho.endpoint.servers = AccountsServers([parse_origin(newcomer.origin)])

        await zoho.endpoint.issue(a_credential(accounts_server=newcomer.origin))
        with pytest.raises(ServerNotAllowed):
            await zoho.endpoint.issue(zoho.credential)


async def test_clocks_are_compared_once_a_minute_at_most() -> None:
    async with zoho_that(ISSUES) as zoho:
        for _ in range(3):
            await zoho.endpoint.issue(zoho.credential)

    (compared,) = zoho.clocks_compared()
    assert abs(compared.skew) > timedelta(days=1)


async def test_a_token_under_way_is_issued_although_its_caller_is_cancelled() -> None:
    released = asyncio.Event()

    async def held_up(writer: asyncio.StreamWriter) -> None:
        await released.wait()
        await ISSUES(writer)

    async with zoho_that(held_up) as zoho:
        caller = asyncio.ensure_future(zoho.endpoint.issue(zoho.credential))
        await zoho.server.has_received(1)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert zoho.told() == []
        released.set()

    assert [event.outcome for event in zoho.told()] == [ZohoOutcome.ISSUED]


async def test_leaving_waits_for_a_call_whose_caller_has_gone_even_when_it_fails() -> None:
    async with zoho_that(dripping(b"HTTP/1.1 200 OK\r\nX-Drip: "), limits=SHORT) as zoho:
        caller = asyncio.ensure_future(zoho.endpoint.issue(zoho.credential))
        await zoho.server.has_received(1)
        caller.cancel()

    assert [event.outcome for event in zoho.told()] == [ZohoOutcome.UNAVAILABLE]


async def test_callers_that_are_cancelled_at_any_moment_leave_every_slot_free() -> None:
    async with zoho_that(ISSUES) as zoho:
        for moment in range(200):
            callers = [asyncio.ensure_future(zoho.endpoint.issue(zoho.credential)) for _ in range(2)]
            for _ in range(1 + moment % 40):
                await asyncio.sleep(0)
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)

        tokens = await asyncio.gather(*(zoho.endpoint.issue(zoho.credential) for _ in range(2)))

    assert [token.access_token for token in tokens] == [Secret("1000.fresh")] * 2
    assert {event.outcome for event in zoho.told()} == {ZohoOutcome.ISSUED}
    assert len(zoho.told()) == 402
