"""One request to Zoho over httpx, with an end to its time and its size.

Proxies of the environment (``HTTPS_PROXY``, ``NO_PROXY``) and its CA bundle (``SSL_CERT_FILE``) are honoured: Zoho lies
outside, and many a cluster reaches the outside through a proxy alone. Over https a proxy sees a tunnel, never a form.
Plain http, which is for loopback, never goes through one.

A call is not to be cancelled by its caller, for a cancelled one may lose its pool slot for ever
(https://github.com/encode/httpcore/issues/1093): run it through `zoho_tokend.zoho.calls`. The deadline in here is a
cancel scope of anyio, which httpcore understands and shields its tidying from; one of asyncio loses slots (measured:
about one in 400 that strike). It comes later than the wait for a slot ends. Should slots be lost nevertheless, a pool
that has none left is replaced.
"""

import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self

import anyio
import httpx

from zoho_tokend import __version__
from zoho_tokend.core.errors import BadSettings, NeverSent, ZohoUnavailable
from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.ports import Clock
from zoho_tokend.zoho.answer import Answer

LARGEST_BODY: Final = 64 * 1024

_BEFORE_SENDING: Final = (httpx.PoolTimeout, httpx.ProxyError, httpx.ConnectTimeout, httpx.ConnectError)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long each part of a call may take, in seconds; ``total`` ends a drip that never lets ``read`` run out."""

    connect: float = 5
    read: float = 20
    write: float = 10
    pool: float = 5
    total: float = 30


class Transport:
    """Posts forms and gets documents; secrets travel in the body or in a header, never in the URL.

    Args:
        connections: how many calls may run at once; more would wait for a slot in vain.
        limits: of one call's time.

    Raises:
        BadSettings: the environment names a proxy or a CA bundle that cannot be used.
    """

    def __init__(self, clock: Clock, *, connections: int = 32, limits: TimeLimits | None = None) -> None:
        self._clock = clock
        self._limits = limits or TimeLimits()
        try:
            self._new_pool = partial(_pool, connections, self._limits, httpx.create_ssl_context())
            self._pool = self._new_pool()
        except (ImportError, ValueError, OSError, httpx.InvalidURL):
            raise BadSettings(
                "the proxy or CA bundle of the environment cannot be used: "
                "look at HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
            ) from None
        self._users: Counter[httpx.AsyncClient] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()

    async def post(
        self, origin: Origin, path: str, fields: Mapping[str, str], *, authorization: Secret | None = None
    ) -> Answer:
        """The answer to one form, whatever its status. One request: no retry, no redirect, no cookie.

        Raises:
            NeverSent: Zoho was not reached.
            ZohoUnavailable: there was no answer, or it was too slow or too large.
        """
        return await self._ask(origin, "POST", path, fields=fields, authorization=authorization)

    async def get(self, origin: Origin, path: str, *, authorization: Secret | None = None) -> Answer:
        """The answer to a GET, with the same manners.

        Raises:
            NeverSent, ZohoUnavailable.
        """
        return await self._ask(origin, "GET", path, fields=None, authorization=authorization)

    async def _ask(
        self,
        origin: Origin,
        method: str,
        path: str,
        *,
        fields: Mapping[str, str] | None,
        authorization: Secret | None,
    ) -> Answer:
        headers = {} if authorization is None else {"Authorization": authorization.reveal()}
        try:
            with anyio.fail_after(self._limits.total):
                async with (
                    self._borrowed() as pool,
                    pool.stream(method, f"{origin}{path}", data=fields, headers=headers) as response,
                ):
                    return await self._whole(response)
        except TimeoutError:
            raise ZohoUnavailable(f"{origin} gave no whole answer within {self._limits.total:.0f} s") from None
        except UnicodeError:  # idna's verdict on an ``xn--`` label
            raise NeverSent(f"{origin} cannot be reached: it is no host's name") from None
        except httpx.HTTPError as error:
            # Neither its text nor itself: it may quote bytes of the answer.
            kind = NeverSent if isinstance(error, _BEFORE_SENDING) else ZohoUnavailable
            raise kind(f"{origin} {_what_happened(error)}") from None

    async def _whole(self, response: httpx.Response) -> Answer:
        received_at = self._clock.now()
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise ZohoUnavailable("Zoho's answer is too large to be one")
        return Answer(
            status=response.status_code, headers=dict(response.headers), body=bytes(body), received_at=received_at
        )

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[httpx.AsyncClient]:
        """The pool of the day: replaced once it has no slot to give, closed when its last call has ended."""
        pool = self._pool
        self._users[pool] += 1
        try:
            yield pool
        except httpx.PoolTimeout:
            if pool is self._pool:
                self._pool = self._new_pool()
            raise
        finally:
            self._users[pool] -= 1
            if pool is not self._pool and not self._users[pool]:
                del self._users[pool]
                await pool.aclose()


def _pool(connections: int, limits: TimeLimits, trust: ssl.SSLContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers={
            "User-Agent": f"zoho-tokend/{__version__}",
            "Accept": "application/json",
            # An answer has some 200 bytes, and a packed one can unfold to gigabytes.
            "Accept-Encoding": "identity",
        },
        timeout=httpx.Timeout(connect=limits.connect, read=limits.read, write=limits.write, pool=limits.pool),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30),
        follow_redirects=False,
        trust_env=True,
        verify=trust,
        mounts={"http://": None},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )


def _what_happened(error: httpx.HTTPError) -> str:
    match error:
        case httpx.PoolTimeout():
            return "was not asked: every connection is taken"
        case httpx.ProxyError():
            return "cannot be reached: the proxy refuses"
        case httpx.ConnectTimeout():
            return "cannot be reached in time"
        case httpx.ConnectError():
            return f"cannot be reached: {error}"
        case httpx.TimeoutException():
            return "did not answer in time"
        case _:
            return "broke the connection off"
