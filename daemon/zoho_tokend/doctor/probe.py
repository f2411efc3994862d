"""The way to a server, step by step: name, connection, proxy, TLS, and the answer to what anybody may ask.

Each step ends within five seconds. No credential goes out, not even a proxy's own.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar

from zoho_tokend.abreast import abreast
from zoho_tokend.core.instants import http_date
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.ports import Clock
from zoho_tokend.doctor.reach import Obstacle, Proxy, Reach, Step, proxy_for

T = TypeVar("T")

STEP_SECONDS: Final = 5.0
_AT_ONCE: Final = 16
_LONGEST_HEAD: Final = 64 * 1024


class _Stopped(Exception):
    def __init__(self, step: Step, why: str) -> None:
        super().__init__(why)
        self.obstacle = Obstacle(step, why)


@dataclass(slots=True)
class _Wire:
    """An open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Probe:
    """Walks to servers.

    Args:
        trust: the authorities that vouch for them.
        proxies: as `urllib.request.getproxies` makes them.
    """

    def __init__(self, *, trust: ssl.SSLContext, proxies: Mapping[str, str], clock: Clock) -> None:
        self._trust = trust
        self._proxies = proxies
        self._clock = clock

    async def all(self, requests: Iterable[tuple[Origin, str]]) -> Sequence[Reach]:
        """How far we get to each server, when it is asked for the path beside it; in their order."""
        # Not the loop's own pool: it is small, and a name that cannot be looked up holds a thread for long.
        names = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="names")

        async def one(request: tuple[Origin, str]) -> Reach:
            return await self._walk(names, *request)

        try:
            return await abreast(one, requests, at_once=_AT_ONCE)
        finally:
            names.shutdown(wait=False)

    async def _walk(self, names: ThreadPoolExecutor, origin: Origin, path: str) -> Reach:
        reach = Reach(origin=origin)
        wire: _Wire | None = None
        try:
            reach = replace(reach, proxy=_proxy(origin, self._proxies))
            host, port = (reach.proxy.host, reach.proxy.port) if reach.proxy else (origin.host.strip("[]"), origin.port)
            addresses = await _step(Step.NAME, _addresses(names, host, port))
            if reach.proxy is None:
                reach = replace(reach, addresses=addresses)
            wire = await _step(Step.CONNECTION, _connect(host, port))
            if reach.proxy:
                await _step(Step.PROXY, _tunnel(wire, reach.proxy, origin))
            if origin.scheme == "https":
                reach = replace(reach, tls=await _step(Step.TLS, _shake_hands(wire, origin, self._trust)))
            status, date = await _step(Step.ANSWER, _ask(wire, origin, path))
            skew = date - self._clock.now().replace(microsecond=0) if date else None
            return replace(reach, status=status, skew=skew)
        except _Stopped as stopped:
            return replace(reach, obstacle=stopped.obstacle)
        finally:
            if wire:
                wire.writer.transport.abort()
                await asyncio.sleep(0)  # for the socket to close


def _proxy(origin: Origin, proxies: Mapping[str, str]) -> Proxy | None:
    try:
        proxy = proxy_for(origin, proxies)
    except ValueError as error:
        raise _Stopped(Step.PROXY, f"HTTPS_PROXY or ALL_PROXY cannot be used: {error}") from None
    if proxy and proxy.scheme != "http":
        raise _Stopped(Step.PROXY, f"the proxy {proxy} is of a kind behind which is not looked here")
    return proxy


async def _step(step: Step, walk: Awaitable[T]) -> T:
    """What the step brings; whatever stops it is told in words of ours."""
    try:
        async with asyncio.timeout(STEP_SECONDS):
            return await walk
    except TimeoutError:
        raise _Stopped(step, f"nothing came of it within {STEP_SECONDS:.0f} s") from None
    except ssl.SSLCertVerificationError as error:
        raise _Stopped(step, f"its certificate is not accepted: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise _Stopped(
            step, f"no handshake: {(error.reason or 'it speaks no TLS').replace('_', ' ').lower()}"
        ) from None
    except OSError as error:
        raise _Stopped(step, error.strerror or "the connection broke off") from None
    except (EOFError, ValueError, asyncio.LimitOverrunError):
        raise _Stopped(step, "what answers there speaks no HTTP") from None


async def _addresses(names: ThreadPoolExecutor, host: str, port: int) -> tuple[str, ...]:
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(names, look_up)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


async def _connect(host: str, port: int) -> _Wire:
    return _Wire(*await asyncio.open_connection(host, port, happy_eyeballs_delay=0.25, limit=_LONGEST_HEAD))


async def _tunnel(wire: _Wire, proxy: Proxy, origin: Origin) -> None:
    """The proxy has opened a way to the server (https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)."""
    there = f"{origin.host}:{origin.port}"
    status, _ = await _exchange(wire, f"CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n\r\n")
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and proxy.logs_in:
        raise _Stopped(Step.PROXY, f"the proxy {proxy} asks for its login, which is not given out here")
    if status != HTTPStatus.OK:
        raise _Stopped(Step.PROXY, f"the proxy {proxy} refuses {there} (status {status})")


async def _shake_hands(wire: _Wire, origin: Origin, trust: ssl.SSLContext) -> str:
    await wire.writer.start_tls(trust, server_hostname=origin.host.strip("[]"))
    session = wire.writer.get_extra_info("ssl_object")
    return str(session.version()) if isinstance(session, ssl.SSLObject) else "TLS"


async def _ask(wire: _Wire, origin: Origin, path: str) -> tuple[int, datetime | None]:
    host = str(origin).partition("://")[2]
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: zoho-tokend\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    return await _exchange(wire, head)


async def _exchange(wire: _Wire, head: str) -> tuple[int, datetime | None]:
    """The status of the answer, and its date."""
    wire.writer.write(head.encode("ascii"))
    await wire.writer.drain()
    first, *lines = (await wire.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    protocol, _, rest = first.partition(" ")
    if not protocol.startswith("HTTP/"):
        raise ValueError
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(rest[:3]), http_date(fields.get("date", ""))
