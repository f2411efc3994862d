"""The loopback listener for a consent's redirect, and the page that the browser ends on.

The page waits for the result of the consent, and then says what was stored, or what to do next.
https://www.rfc-editor.org/rfc/rfc8252#section-7.3
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.web.assets import STYLE, asset_route, render
from zoho_tokend.web.security import SecurityHeaders
from zoho_tokend.web.server import Server

_LOCALHOST: Final = {"localhost": "127.0.0.1"}


class NoListener(TokendError):
    """This machine cannot listen at the redirect URI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the browser shows at the end; it contains no secret."""

    heading: str
    sentences: Sequence[str]
    ok: bool


_STOPPED: Final = Ending(
    heading="The command was stopped", sentences=["What it had done by then stands in its terminal."], ok=False
)

_FOREIGN: Final = Ending(
    heading="This is no answer to the consent",
    sentences=[
        "The address has not the state of the consent that was begun, so nothing was done with it.",
        "The command still waits: consent on the page that it shows, or end it with Ctrl-C.",
    ],
    ok=False,
)


class RedirectListener:
    """Waits for the redirect of the consent, and answers it once ``end`` is called.

    Any page in the browser, and any program on the machine, may call the address too: that does not end the wait.
    """

    def __init__(self, answers: Callable[[str], bool]) -> None:
        self._answers = answers
        loop = asyncio.get_running_loop()
        self._arrived: asyncio.Future[str] = loop.create_future()
        self._ending: asyncio.Future[Ending] = loop.create_future()
        self._shown = asyncio.Event()

    async def redirect(self) -> str:
        """Wait for the redirect, and return its path and query."""
        return await self._arrived

    async def end(self, ending: Ending) -> None:
        """Show this in the browser, if it has arrived."""
        if not self._ending.done():
            self._ending.set_result(ending)
        if self._arrived.done():
            await self._shown.wait()

    async def handle(self, request: Request) -> Response:
        """Answer the redirect; a repeated one gets the same ending."""
        redirect = f"{request.url.path}?{request.url.query}"
        if not self._answers(redirect):
            return HTMLResponse(render("ending.html.j2", ending=_FOREIGN), HTTPStatus.BAD_REQUEST)
        if not self._arrived.done():
            self._arrived.set_result(redirect)
        ending = await asyncio.shield(self._ending)
        asyncio.get_running_loop().call_later(0.1, self._shown.set)
        return HTMLResponse(render("ending.html.j2", ending=ending))


@asynccontextmanager
async def redirect_listener(redirect_uri: str, *, answers: Callable[[str], bool]) -> AsyncIterator[RedirectListener]:
    """Listen at the redirect URI until the block ends.

    Args:
        answers: whether a redirect, as path and query, is the awaited one.

    Raises:
        NoListener: it is not plain http on this machine, with a port of its own; or the port is taken.
    """
    host, port, path = _address(redirect_uri)
    listener = RedirectListener(answers)
    app = Starlette(routes=[Route(path, listener.handle), asset_route(STYLE)])
    server = Server(SecurityHeaders(app), host=host, port=port, called="--redirect-uri")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve())
            try:
                yield listener
            finally:
                await listener.end(_STOPPED)
                server.stop()
    except ExceptionGroup as wrapped:  # by the task group; whoever wrote the block knows its own error alone
        raise wrapped.exceptions[0] from None


def _address(redirect_uri: str) -> tuple[str, int, str]:
    parts = urlsplit(redirect_uri)
    try:
        origin = parse_origin(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        origin = None
    if origin is None or origin.scheme != "http" or parts.query or parts.fragment:
        raise NoListener(
            f"{redirect_uri} is no address of this machine (such as http://localhost:8970/callback), so its redirect "
            "cannot be received here: pass --paste, and paste the address that the browser ends on"
        )
    host = origin.host.strip("[]")
    return _LOCALHOST.get(host, host), origin.port, parts.path or "/"
