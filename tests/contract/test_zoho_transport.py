"""One POST over real HTTP: what is sent, what is not, and how it ends when the other side misbehaves."""

import asyncio
import gzip
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.clocks.wall_clock import WallClock
from tests.support.samples.zoho_samples import sample_bytes
from tests.support.servers.loopback_server import (
    Behaviour,
    LoopbackServer,
    answering,
    closing_after,
    dripping,
    loopback_server,
    silent,
    writing,
)
from zoho_tokend import __version__
from zoho_tokend.core.errors import BadSettings, NeverSent, ZohoUnavailable
from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.zoho.response import ZohoResponse
from zoho_tokend.zoho.transport import TimeLimits, Transport

SECRET = "1000.invented-refresh"
SHORT = TimeLimits(read=0.4, total=0.8)


@asynccontextmanager
async def a_transport(*, limits: TimeLimits | None = None) -> AsyncIterator[Transport]:
    async with Transport(WallClock(), limits=limits) as transport:
        yield transport


async def post(transport: Transport, server: LoopbackServer) -> ZohoResponse:
    return await transport.post(parse_origin(server.origin), "/oauth/v2/token", {"refresh_token": SECRET})


async def test_a_form_goes_into_the_body_and_never_into_the_url() -> None:
    async with loopback_server(answering()) as server, a_transport() as transport:
        await post(transport, server)

    (request,) = server.received
    assert (request.method, request.target) == ("POST", "/oauth/v2/token")
    assert request.form == {"refresh_token": SECRET}
    assert SECRET not in str(request.headers)


async def test_the_request_says_who_asks_and_what_is_understood() -> None:
    async with loopback_server(answering()) as server, a_transport() as transport:
        await post(transport, server)

    (request,) = server.received
    assert request.headers["user-agent"] == f"zoho-tokend/{__version__}"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert "authorization" not in request.headers


async def test_an_answer_comes_back_whole_whatever_its_status() -> None:
    async with loopback_server(closing_after(sample_bytes("throttle-at-429"))) as server, a_transport() as transport:
        answer = await post(transport, server)

    assert answer.status == 429
    assert answer.headers["retry-after"] == "120"
    assert answer.body.startswith(b'{"error_description"')


async def test_a_connection_is_used_again() -> None:
    async with loopback_server(answering(body=b"{}")) as server, a_transport() as transport:
        await post(transport, server)
        await post(transport, server)

    assert (len(server.received), server.connections) == (2, 1)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
async def test_a_redirect_is_an_answer_and_the_form_goes_nowhere_else(status: str) -> None:
    async with loopback_server(answering(body=b"{}")) as elsewhere:
        redirect = answering(status, headers={"Location": f"{elsewhere.origin}/oauth/v2/token"})
        async with loopback_server(redirect) as server, a_transport() as transport:
            answer = await post(transport, server)

    assert answer.status == int(status[:3])
    assert elsewhere.connections == 0


async def test_a_cookie_is_never_sent_back() -> None:
    async with (
        loopback_server(answering(headers={"Set-Cookie": "zalb=1; Path=/"})) as server,
        a_transport() as transport,
    ):
        await post(transport, server)
        await post(transport, server)

    assert all("cookie" not in request.headers for request in server.received)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(silent(), "did not answer in time", id="silence"),
        pytest.param(dripping(HEAD + b"\r\n"), "no whole answer within", id="a drip of the body"),
        pytest.param(dripping(HEAD + b"X-Drip: "), "no whole answer within", id="a drip of the head"),
        pytest.param(closing_after(b""), "broke the connection off", id="a drop before the answer"),
        pytest.param(
            closing_after(HEAD + b'\r\n{"access_token":"1000.'), "broke the connection off", id="a drop within"
        ),
        pytest.param(closing_after(HEAD), "broke the connection off", id="a drop within the head"),
        pytest.param(writing(b"Zoho? " + SECRET.encode() + b"\r\n\r\n"), "broke the connection off", id="no HTTP"),
        pytest.param(answering(body=b" " * 70_000), "too large", id="a body beyond the cap"),
    ],
)
async def test_a_call_ends_in_time_and_its_slot_is_free_again(behaviour: Behaviour, reason: str) -> None:
    async with loopback_server(behaviour) as server, a_transport(limits=SHORT) as transport:
        for _ in range(2):
            started = time.monotonic()
            with pytest.raises(ZohoUnavailable, match=reason) as failure:
                await post(transport, server)
            assert time.monotonic() - started < SHORT.total + 20
            assert SECRET not in repr(failure.value)
            assert failure.value.__cause__ is None

        server.behaviour = answering(body=b"{}")
        assert (await post(transport, server)).body == b"{}"


async def test_a_packed_answer_is_never_unfolded() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    async with (
        loopback_server(answering(body=bomb, headers={"Content-Encoding": "gzip"})) as server,
        a_transport() as transport,
    ):
        answer = await post(transport, server)

    assert answer.body == bomb


async def test_nobody_listening_is_an_answer_missing() -> None:
    async with loopback_server(answering()) as server:
        pass
    async with a_transport() as transport:
        with pytest.raises(ZohoUnavailable, match="cannot be reached"):
            await post(transport, server)


async def test_a_name_that_is_no_hosts_is_an_answer_missing() -> None:
    async with a_transport() as transport:
        with pytest.raises(ZohoUnavailable, match="no host's name"):
            await transport.post(Origin("https", "xn--zzzzzzzz99999.example", 443), "/oauth/v2/token", {})


async def test_many_drips_at_once_leave_every_slot_free() -> None:
    async with loopback_server(dripping(HEAD)) as server, a_transport(limits=SHORT) as transport:
        for _ in range(2):
            outcomes = await asyncio.gather(*(post(transport, server) for _ in range(8)), return_exceptions=True)
            assert all("no whole answer" in str(outcome) for outcome in outcomes)

        server.behaviour = answering(body=b"{}")
        answers = await asyncio.gather(*(post(transport, server) for _ in range(8)))
    assert [answer.body for answer in answers] == [b"{}"] * 8


async def test_deadlines_that_strike_at_any_moment_leave_every_slot_free() -> None:
    hasty = TimeLimits(total=0.012)
    reasons = Counter[str]()
    async with (
        loopback_server(dripping(HEAD + b"\r\n", every=0.003)) as server,
        a_transport(limits=hasty) as transport,
    ):
        for _ in range(60):
            outcomes = await asyncio.gather(*(post(transport, server) for _ in range(8)), return_exceptions=True)
            reasons.update("a slot was lost" if "taken" in str(outcome) else "too slow" for outcome in outcomes)

    assert reasons == {"too slow": 480}


async def test_a_call_that_is_held_up_keeps_no_other_waiting_and_runs_to_its_end() -> None:
    patient = TimeLimits(read=5, total=5)
    released = asyncio.Event()

    async def held_up(writer: asyncio.StreamWriter) -> None:
        await released.wait()
        await answering(body=b"{}")(writer)

    async with loopback_server(held_up) as server, a_transport(limits=patient) as transport:
        async with asyncio.TaskGroup() as calls:
            slow = [calls.create_task(post(transport, server)) for _ in range(50)]
            await server.has_received(50)
            server.behaviour = answering(body=b"{}")
            assert (await post(transport, server)).body == b"{}"
            assert not any(call.done() for call in slow)
            released.set()
        assert [call.result().body for call in slow] == [b"{}"] * 50


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


async def test_https_goes_through_the_environments_proxy_which_sees_a_tunnel_and_no_form(
    no_proxies: pytest.MonkeyPatch,
) -> None:
    async with loopback_server(answering("502 Bad Gateway")) as proxy:
        no_proxies.setenv("HTTPS_PROXY", proxy.origin)
        async with a_transport() as transport:
            with pytest.raises(ZohoUnavailable, match="the proxy refuses"):
                await transport.post(parse_origin("https://accounts.zoho.eu"), "/oauth/v2/token", {"code": SECRET})

    (request,) = proxy.received
    assert (request.method, request.target) == ("CONNECT", "accounts.zoho.eu:443")
    assert SECRET not in repr(request)


async def test_no_proxy_of_the_environment_is_heeded(no_proxies: pytest.MonkeyPatch) -> None:
    async with loopback_server(answering()) as proxy, loopback_server(answering()) as server:
        no_proxies.setenv("HTTPS_PROXY", proxy.origin)
        no_proxies.setenv("NO_PROXY", "127.0.0.1")
        async with a_transport(limits=TimeLimits(connect=0.5)) as transport:
            with pytest.raises(ZohoUnavailable):
                await transport.post(parse_origin(f"https://127.0.0.1:{server.port}"), "/oauth/v2/token", {})

        assert (proxy.connections, server.connections) == (0, 1)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
async def test_plain_http_never_leaves_this_machine_through_a_proxy(no_proxies: pytest.MonkeyPatch, name: str) -> None:
    async with loopback_server(answering()) as proxy, loopback_server(answering(body=b"{}")) as server:
        no_proxies.setenv(name.lower(), proxy.origin)
        async with a_transport() as transport:
            assert (await post(transport, server)).body == b"{}"

    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "ftp://127.0.0.1:1"),
        ("ALL_PROXY", "socks5://127.0.0.1:1"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem"),
    ],
)
def test_an_unusable_proxy_or_ca_bundle_is_a_bad_setting(no_proxies: pytest.MonkeyPatch, name: str, value: str) -> None:
    no_proxies.setenv(name, value)

    with pytest.raises(BadSettings, match=name):
        Transport(WallClock())


async def test_a_get_sends_no_form() -> None:
    async with loopback_server(answering(body=b"{}")) as server, a_transport() as transport:
        answer = await transport.get(parse_origin(server.origin), "/oauth/serverinfo")

    (request,) = server.received
    assert (request.method, request.target, request.body) == ("GET", "/oauth/serverinfo", b"")
    assert "authorization" not in request.headers
    assert answer.body == b"{}"


async def test_an_authorization_is_a_header_of_its_one_request() -> None:
    async with loopback_server(answering(body=b"{}")) as server, a_transport() as transport:
        origin = parse_origin(server.origin)
        await transport.get(origin, "/crm/v8/org", authorization=Secret(f"Zoho-oauthtoken {SECRET}"))
        await transport.post(origin, "/oauth/v2/revoke/token", {"token": "t"}, authorization=Secret("Basic invented"))
        await post(transport, server)

    assert [request.headers.get("authorization") for request in server.received] == [
        f"Zoho-oauthtoken {SECRET}",
        "Basic invented",
        None,
    ]
    assert [request.headers["user-agent"] for request in server.received] == [f"zoho-tokend/{__version__}"] * 3
    assert SECRET not in server.received[0].target


async def test_a_redirect_takes_no_authorization_elsewhere() -> None:
    async with loopback_server(answering(body=b"{}")) as elsewhere:
        redirect = answering("302 Found", headers={"Location": f"{elsewhere.origin}/crm/v8/org"})
        async with loopback_server(redirect) as server, a_transport() as transport:
            answer = await transport.get(parse_origin(server.origin), "/crm/v8/org", authorization=Secret(SECRET))

        assert (answer.status, elsewhere.connections) == (302, 0)


async def test_what_never_left_is_told_from_what_was_lost_on_the_way() -> None:
    async with loopback_server(closing_after(b"")) as server, a_transport() as transport:
        with pytest.raises(ZohoUnavailable) as lost:
            await post(transport, server)
    async with a_transport() as transport:
        with pytest.raises(NeverSent):
            await post(transport, server)

    assert not isinstance(lost.value, NeverSent)
