"""One request to Zoho over httpx, with a limit to its time and its size.

Proxies of the environment (``HTTPS_PROXY``, ``NO_PROXY``) and its CA bundle (``SSL_CERT_FILE``) are used: many clusters
reach the outside only through a proxy. Over https a proxy sees a tunnel, never a form. Plain http, which is for
loopback, never goes through one.

Each call has its own connection, which the next call to the same server reuses. A pool would iterate over all of them
twice in each call (a third of a refresh's processor time, measured), and leak a slot where a call is cancelled at the
wrong moment (https://github.com/encode/httpcore/issues/1093). A connection whose call did not end well
is closed. A call is not to be cancelled by its caller all the same, for what was issued would be lost: run it through
`zoho_tokend.zoho.calls`. The deadline in here is a cancel scope of anyio, from which httpcore shields its tidying.
"""

import ssl
from collections import defaultdict
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
from zoho_tokend.zoho.response import ZohoResponse

LARGEST_BODY: Final = 64 * 1024

_BEFORE_SENDING: Final = (httpx.ProxyError, httpx.ConnectTimeout, httpx.ConnectError)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long each part of a call may take, in seconds; ``total`` ends a slow drip, which never exceeds ``read``."""

    connect: float = 5
    read: float = 20
    write: float = 10
    total: float = 30


class Transport:
    """Sends forms and GET requests; secrets travel in the body or in a header, never in the URL.

    Raises:
        BadSettings: the environment names a proxy or a CA bundle that cannot be used.
    """

    def __init__(self, clock: Clock, *, limits: TimeLimits | None = None) -> None:
        self._clock = clock
        self._limits = limits or TimeLimits()
        self._idle: defaultdict[Origin, list[httpx.AsyncClient]] = defaultdict(list)
        try:
            self._new_client = partial(_client, self._limits, httpx.create_ssl_context())
            self._new_client()  # shows whether the environment's proxies can be used
        except (ImportError, ValueError, OSError, httpx.InvalidURL):
            raise BadSettings(
                "the proxy or CA bundle of the environment cannot be used: "
                "look at HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
            ) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for clients in self._idle.values():
            while clients:
                await clients.pop().aclose()

    async def post(
        self, origin: Origin, path: str, fields: Mapping[str, str], *, authorization: Secret | None = None
    ) -> ZohoResponse:
        """Send a form, and return the answer, whatever its status. One request: no retry, no redirect, no cookie.

        Raises:
            NeverSent: Zoho was not reached.
            ZohoUnavailable: there was no answer, or it was too slow or too large.
        """
        return await self._ask(origin, "POST", path, fields=fields, authorization=authorization)

    async def get(self, origin: Origin, path: str, *, authorization: Secret | None = None) -> ZohoResponse:
        """Send a GET request, and return the answer; likewise without retry, redirect or cookie.

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
    ) -> ZohoResponse:
        headers = {} if authorization is None else {"Authorization": authorization.reveal()}
        try:
            async with self._client_for(origin) as client:
                with anyio.fail_after(self._limits.total):
                    async with client.stream(method, f"{origin}{path}", data=fields, headers=headers) as response:
                        return await self._whole(response)
        except TimeoutError:
            raise ZohoUnavailable(f"{origin} gave no whole answer within {self._limits.total:.0f} s") from None
        except UnicodeError:  # idna's verdict on an ``xn--`` label
            raise NeverSent(f"{origin} cannot be reached: it is no host's name") from None
        except httpx.HTTPError as error:
            # Neither its text nor itself: it may quote bytes of the answer.
            kind = NeverSent if isinstance(error, _BEFORE_SENDING) else ZohoUnavailable
            raise kind(f"{origin} {_what_happened(error)}") from None

    async def _whole(self, response: httpx.Response) -> ZohoResponse:
        received_at = self._clock.now()
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise ZohoUnavailable("Zoho's answer is too large to be one")
        return ZohoResponse(
            status=response.status_code, headers=dict(response.headers), body=bytes(body), received_at=received_at
        )

    @asynccontextmanager
    async def _client_for(self, origin: Origin) -> AsyncIterator[httpx.AsyncClient]:
        """Yield a client that nobody else uses, perhaps with an open connection; close it where the block fails."""
        idle = self._idle[origin]
        client = idle.pop() if idle else self._new_client()
        try:
            yield client
        except BaseException:
            await client.aclose()
            raise
        idle.append(client)


def _client(limits: TimeLimits, trust: ssl.SSLContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers={
            "User-Agent": f"zoho-tokend/{__version__}",
            "Accept": "application/json",
            # An answer has about 200 bytes, and a compressed one can expand to gigabytes.
            "Accept-Encoding": "identity",
        },
        timeout=httpx.Timeout(limits.read, connect=limits.connect, write=limits.write),
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=30),
        follow_redirects=False,
        trust_env=True,
        verify=trust,
        mounts={"http://": None},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )


def _what_happened(error: httpx.HTTPError) -> str:
    match error:
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


def trust() -> ssl.SSLContext:
    """Return the TLS trust of ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``, or else of the package ``certifi``.

    Raises:
        BadSettings: they cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError:
        raise BadSettings("the CA bundle of SSL_CERT_FILE or SSL_CERT_DIR cannot be read: correct the path") from None
