"""Probe the way to a server, step by step: name, connection, proxy, TLS, and an answer to an anonymous request.

Each step ends within five seconds. No credential is sent, not even a proxy's own.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import httpx

from zoho_tokend.concurrency import map_concurrently
from zoho_tokend.core.instants import http_date
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.ports import Clock

_DEFAULT_PORT = {"http": 80, "https": 443}


class Step(StrEnum):
    """The steps of the way, in order."""

    NAME = "name"
    CONNECTION = "connection"
    PROXY = "proxy"
    TLS = "tls"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy of the environment.

    Attributes:
        logs_in: whether its address holds a user; neither it nor the password is kept.
    """

    scheme: str
    host: str
    port: int
    logs_in: bool

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Where the way ended, and why, as the end of a sentence."""

    step: Step
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a request got.

    Attributes:
        proxy: the proxy on the way; None where there is none.
        addresses: of the server; none behind a proxy, which looks the name up itself.
        tls: the version agreed on (``TLSv1.3``); None for plain http, or where the request did not get that far.
        status: of the server's answer.
        skew: the server's clock minus ours, good to a second; None where it did not say.
        obstacle: None where the server answered.
    """

    origin: Origin
    proxy: Proxy | None = None
    addresses: tuple[str, ...] = ()
    tls: str | None = None
    status: int | None = None
    skew: timedelta | None = None
    obstacle: Obstacle | None = None


def proxy_for(origin: Origin, proxies: Mapping[str, str]) -> Proxy | None:
    """The proxy that requests there go through; plain http, which is for loopback, never goes through one.

    Args:
        proxies: as `urllib.request.getproxies` makes them of ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

    Raises:
        ValueError: the variable names none that can be used. The text does not repeat it.
    """
    address = proxies.get("https") or proxies.get("all")
    if origin.scheme != "https" or not address:
        return None
    if proxy_bypass(f"{origin.host}:{origin.port}", dict(proxies)):
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if not parts.hostname:
        raise ValueError("it names no host")
    return Proxy(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port or _DEFAULT_PORT.get(parts.scheme, 1080),
        logs_in=parts.username is not None,
    )


STEP_SECONDS: Final = 5.0
_AT_ONCE: Final = 16
_HEADERS: Final = {"User-Agent": "zoho-tokend", "Accept-Encoding": "identity", "Connection": "close"}


class _Stopped(Exception):
    def __init__(self, step: Step, why: str) -> None:
        super().__init__(why)
        self.obstacle = Obstacle(step, why)


@dataclass(slots=True)
class _Progress:
    """The step that a request has reached, from httpx's own trace (https://www.python-httpx.org/advanced/extensions/)."""

    step: Step = Step.CONNECTION

    async def trace(self, event: str, info: Mapping[str, object]) -> None:
        """Note the step that the event begins."""
        match event.rsplit(".", 2)[-2:]:
            case ["connect_tcp", "started"]:
                self.step = Step.CONNECTION
            case ["start_tls", "started"]:
                self.step = Step.TLS
            case ["send_request_headers", "started"]:
                connects = getattr(info.get("request"), "method", b"") == b"CONNECT"
                self.step = Step.PROXY if connects else Step.ANSWER
            case _:
                pass


class Probe:
    """Sends one request to each server, and reports how far it got.

    Args:
        trust: the authorities that vouch for the servers.
        proxies: as `urllib.request.getproxies` makes them.
    """

    def __init__(self, *, trust: ssl.SSLContext, proxies: Mapping[str, str], clock: Clock) -> None:
        self._trust = trust
        self._proxies = proxies
        self._clock = clock

    async def all(self, requests: Iterable[tuple[Origin, str]]) -> Sequence[Reach]:
        """Ask each server for the path beside it; return how far each request got, in their order."""
        # Not the loop's own pool: it is small, and a name that cannot be looked up holds a thread for long.
        names = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="names")

        async def one(request: tuple[Origin, str]) -> Reach:
            return await self._walk(names, *request)

        try:
            return await map_concurrently(one, requests, at_once=_AT_ONCE)
        finally:
            names.shutdown(wait=False)

    async def _walk(self, names: ThreadPoolExecutor, origin: Origin, path: str) -> Reach:
        reach = Reach(origin=origin)
        try:
            proxy = _proxy(origin, self._proxies)
            reach = replace(reach, proxy=proxy)
            host, port = (proxy.host, proxy.port) if proxy else (origin.host.strip("[]"), origin.port)
            addresses = await _addresses(names, host, port)
            if proxy is None:
                reach = replace(reach, addresses=addresses)
            return await self._ask(reach, path)
        except _Stopped as stopped:
            return replace(reach, obstacle=stopped.obstacle)

    async def _ask(self, reach: Reach, path: str) -> Reach:
        progress = _Progress()
        client = httpx.AsyncClient(
            headers=_HEADERS,
            verify=self._trust,
            # Without its login: a proxy that asks for one is reported, and is not given it.
            proxy=str(reach.proxy) if reach.proxy else None,
            trust_env=False,
            timeout=STEP_SECONDS,
        )
        async with client:
            try:
                async with client.stream(
                    "GET", f"{reach.origin}{path}", extensions={"trace": progress.trace}
                ) as response:
                    date = http_date(response.headers.get("Date", ""))
                    skew = date - self._clock.now().replace(microsecond=0) if date else None
                    session = response.extensions["network_stream"].get_extra_info("ssl_object")
                    tls = session.version() if isinstance(session, ssl.SSLObject) else None
                    return replace(reach, status=response.status_code, skew=skew, tls=tls)
            except httpx.ProxyError as error:
                raise _refused(reach, error) from None
            except httpx.HTTPError as error:
                raise _Stopped(progress.step, _why(error)) from None


def _proxy(origin: Origin, proxies: Mapping[str, str]) -> Proxy | None:
    try:
        proxy = proxy_for(origin, proxies)
    except ValueError as error:
        raise _Stopped(Step.PROXY, f"HTTPS_PROXY or ALL_PROXY cannot be used: {error}") from None
    if proxy and proxy.scheme != "http":
        raise _Stopped(Step.PROXY, f"the proxy is {proxy}, and doctor can only probe through http:// proxies")
    return proxy


async def _addresses(names: ThreadPoolExecutor, host: str, port: int) -> tuple[str, ...]:
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(STEP_SECONDS):
            found = await asyncio.get_running_loop().run_in_executor(names, look_up)
    except TimeoutError:
        raise _Stopped(Step.NAME, _TOO_SLOW.format(STEP_SECONDS)) from None
    except OSError as error:
        raise _Stopped(Step.NAME, error.strerror or "the look-up failed") from None
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


_TOO_SLOW: Final = "nothing came of it within {:.0f} s"


def _refused(reach: Reach, error: httpx.ProxyError) -> _Stopped:
    """What a proxy's refusal of CONNECT means (https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)."""
    status, proxy = str(error)[:3], reach.proxy
    if proxy and proxy.logs_in and status == str(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED.value):
        return _Stopped(Step.PROXY, f"the proxy {proxy} asks for its login, which is not given out here")
    there = f"{reach.origin.host}:{reach.origin.port}"
    return _Stopped(Step.PROXY, f"the proxy {proxy} refuses {there} (status {status})")


def _why(error: httpx.HTTPError) -> str:
    """What went wrong, as the end of a sentence; the cause that httpx wraps says it best."""
    match _root(error):
        case _ if isinstance(error, httpx.TimeoutException):
            return _TOO_SLOW.format(STEP_SECONDS)
        case ssl.SSLCertVerificationError() as cause:
            return f"its certificate is not accepted: {cause.verify_message}"
        case ssl.SSLError() as cause:
            return f"no handshake: {(cause.reason or 'it speaks no TLS').replace('_', ' ').lower()}"
        case OSError() as cause:
            return cause.strerror or "the connection broke off"
        case _ if isinstance(error, httpx.ProtocolError):
            return "what answers there speaks no HTTP"
        case _:
            return "the connection broke off"


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
