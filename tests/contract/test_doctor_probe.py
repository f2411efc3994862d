"""The doctor's way to a server, over real sockets: how far it gets, and what it says where it ends."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import timedelta

import pytest
import trustme

from tests.support.clocks.wall_clock import WallClock
from tests.support.servers.loopback_server import Behaviour, answering, closing_after, loopback_server, silent, writing
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.doctor import probe as probing
from zoho_tokend.doctor.probe import Obstacle, Probe, Proxy, Reach, Step, proxy_for

ZOHO = parse_origin("https://accounts.zoho.eu")
LONG_AGO = "Thu, 01 Jan 2026 12:00:00 GMT"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def certified(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def reach(
    origin: Origin, *, trust: ssl.SSLContext | None = None, proxies: Mapping[str, str] | None = None
) -> Reach:
    context = trust or ssl.create_default_context()
    probe = Probe(trust=context, proxies=proxies or {}, clock=WallClock())
    (found,) = await probe.all([(origin, "/oauth/serverinfo")])
    return found


async def obstacle(origin: Origin, **wishes: Mapping[str, str]) -> Obstacle:
    found = (await reach(origin, **wishes)).obstacle  # type: ignore[arg-type]  # proxies alone
    assert found
    return found


async def test_a_server_that_answers_is_reached_over_tls(trust: ssl.SSLContext, certified: ssl.SSLContext) -> None:
    async with loopback_server(answering(headers={"Date": LONG_AGO}), tls=certified) as server:
        found = await reach(parse_origin(server.origin), trust=trust)

    assert (found.obstacle, found.addresses, found.status) == (None, ("127.0.0.1",), 200)
    assert found.tls
    assert found.tls.startswith("TLSv1")
    assert found.skew is not None
    assert found.skew < -timedelta(days=1)
    (request,) = server.received
    assert (request.method, request.target, request.body) == ("GET", "/oauth/serverinfo", b"")
    assert request.headers.keys() == {"host", "user-agent", "accept", "accept-encoding", "connection"}


async def test_a_certificate_of_an_unknown_authority_ends_the_way(certified: ssl.SSLContext) -> None:
    async with loopback_server(answering(), tls=certified) as server:
        found = await obstacle(parse_origin(server.origin))

    assert found.step is Step.TLS
    assert "its certificate is not accepted" in found.why
    assert server.received == []


async def test_a_server_without_tls_ends_the_way_of_https() -> None:
    async with loopback_server(writing(b"SSH-2.0-x\r\n\r\n")) as server:
        assert (await obstacle(parse_origin(f"https://127.0.0.1:{server.port}"))).step is Step.TLS


async def test_a_port_where_nobody_listens_refuses_the_connection() -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        found = await obstacle(parse_origin(f"http://127.0.0.1:{nobody.getsockname()[1]}"))

    assert found.step is Step.CONNECTION


async def test_a_name_that_does_not_exist_is_not_found() -> None:
    assert (await obstacle(parse_origin("https://accounts.invalid"))).step is Step.NAME


@pytest.mark.parametrize(
    "behaviour", [writing(b"hello\r\n\r\n"), closing_after(b"HTTP/1.1 2"), writing(b"HTTP/1.1 soon\r\n\r\n")]
)
async def test_what_speaks_no_http_gives_no_answer(behaviour: Behaviour) -> None:
    async with loopback_server(behaviour) as server:
        found = await obstacle(parse_origin(server.origin))

    assert found == Obstacle(Step.ANSWER, "what answers there speaks no HTTP")


async def test_a_silent_server_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "STEP_SECONDS", 0.2)
    async with loopback_server(silent()) as server:
        found = await obstacle(parse_origin(server.origin))

    assert found.step is Step.ANSWER


async def test_a_proxy_opens_the_way_and_sees_no_login_of_its_own(
    trust: ssl.SSLContext, certified: ssl.SSLContext
) -> None:
    async with loopback_server(answering(), tls=certified) as server, tunnelling(server.port) as (proxy, heads):
        found = await reach(
            parse_origin(server.origin), trust=trust, proxies={"https": f"http://ann:secret@127.0.0.1:{proxy}"}
        )

    assert (found.obstacle, found.status, found.addresses) == (None, 200, ())
    assert str(found.proxy) == f"http://127.0.0.1:{proxy}"
    (head,) = heads
    assert head.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n")
    assert "authorization" not in head.lower()


async def test_a_proxy_that_refuses_is_named_with_what_it_refuses() -> None:
    async with loopback_server(answering("403 Forbidden")) as proxy:
        found = await obstacle(ZOHO, proxies={"https": proxy.origin})

    assert found == Obstacle(Step.PROXY, f"the proxy {proxy.origin} refuses accounts.zoho.eu:443 (status 403)")


async def test_a_proxy_that_asks_for_the_login_that_it_has_is_not_given_it() -> None:
    async with loopback_server(answering("407 Proxy Authentication Required")) as proxy:
        found = await obstacle(ZOHO, proxies={"https": f"http://ann:secret@127.0.0.1:{proxy.port}"})

    assert "asks for its login, which is not given out here" in found.why
    assert "secret" not in found.why


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1", "https://127.0.0.1:1"])
async def test_behind_a_proxy_of_another_kind_nothing_is_looked_at(address: str) -> None:
    assert (await obstacle(ZOHO, proxies={"https": address})).step is Step.PROXY


@pytest.mark.parametrize(
    ("origin", "proxies", "expected"),
    [
        pytest.param(ZOHO, {}, None, id="none is set"),
        pytest.param(ZOHO, {"https": "http://p:3128"}, "http://p:3128", id="HTTPS_PROXY"),
        pytest.param(ZOHO, {"all": "p:3128"}, "http://p:3128", id="ALL_PROXY without a scheme"),
        pytest.param(ZOHO, {"http": "http://p:3128"}, None, id="HTTP_PROXY is for http"),
        pytest.param(ZOHO, {"https": "http://p:3128", "no": "zoho.eu"}, None, id="NO_PROXY"),
        pytest.param(parse_origin("http://127.0.0.1"), {"all": "http://p:3128"}, None, id="loopback"),
    ],
)
def test_the_proxy_of_an_origin(origin: Origin, proxies: Mapping[str, str], expected: str | None) -> None:
    found = proxy_for(origin, proxies)
    assert (str(found) if found else None) == expected


def test_a_proxys_user_and_password_are_not_kept() -> None:
    proxy = proxy_for(ZOHO, {"https": "http://ann:secret@p:3128"})
    assert proxy == Proxy(scheme="http", host="p", port=3128, logs_in=True)


@asynccontextmanager
async def tunnelling(port: int) -> AsyncIterator[tuple[int, list[str]]]:
    """A proxy that lets everybody through to this port, and the heads that it read."""
    heads: list[str] = []
    conversations: list[asyncio.Task[None]] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        above, up = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(pump(reader, up), pump(above, writer))
        finally:
            up.transport.abort()
            writer.transport.abort()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.get_running_loop().create_task(converse(reader, writer)))

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)
        await asyncio.sleep(0)  # for the sockets to close
