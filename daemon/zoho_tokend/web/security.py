"""Browser security: headers on every response, and a check of the ``Host`` of requests for pages."""

import re
from collections.abc import Awaitable, Callable, Collection
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STYLE_ALONE: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The status page fetches itself for fresh facts, and sends its search form to itself. Its script creates no HTML from
# text, and so needs no trusted types: https://www.w3.org/TR/trusted-types/
OWN_SCRIPT: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HOST: Final = re.compile(r"(?P<name>\[[^\]]*\]|[^:]*)(?::[0-9]*)?")

Endpoint = Callable[[Request], Awaitable[Response]]

# Every response carries these, errors too: nothing is cached, framed, sniffed, or loaded from elsewhere.
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SecurityHeaders:
    """The application with these headers, and this Content-Security-Policy, on every response."""

    def __init__(self, app: ASGIApp, *, policy: str = STYLE_ALONE) -> None:
        self._app = app
        self._headers = _HEADERS | {"Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def for_hosts(names: Collection[str], endpoint: Endpoint) -> Endpoint:
    """Return the endpoint for requests whose ``Host`` is an IP address, ``localhost`` or one of these names.

    A site whose own name is made to resolve to this server reads nothing in its visitor's browser, because the browser
    sends that name. Any other ``Host`` gets 421 (https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20).
    """
    known = {"localhost", *map(_host_name, names)}

    async def answer(request: Request) -> Response:
        host = request.headers.get("host")
        if host is not None and not _is_known(host, known):
            raise HTTPException(421, _MISDIRECTED)
        return await endpoint(request)

    return answer


_MISDIRECTED: Final = (
    "This page is not served under that host name. Use an IP address or localhost, or add the name to "
    "ZOHO_TOKEND_STATUS_HOSTS."
)


def _is_known(host: str, known: Collection[str]) -> bool:
    match = _HOST.fullmatch(host)
    return match is not None and (_host_name(match["name"]) in known or _is_ip_address(match["name"]))


def _host_name(text: str) -> str:
    return text.lower().removesuffix(".")


def _is_ip_address(text: str) -> bool:
    try:
        ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
