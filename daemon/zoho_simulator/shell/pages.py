"""How pages travel: what every one of them is sent with, and how a form is read."""

from typing import Final

from starlette.datastructures import ImmutableMultiDict, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from zoho_simulator.pages.frame import STYLE, style

# There is no form-action among these: it would forbid the redirect that follows a form to the application.
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def shown(page: str, *, status: int = 200) -> Response:
    """The page, which nobody keeps, frames or sends on in a ``Referer``."""
    return HTMLResponse(page, status_code=status, headers=_HEADERS)


def sent_to(url: str, *, status: int = 302) -> Response:
    """A redirect, with the URL left letter by letter as it is."""
    return Response(status_code=status, headers={**_HEADERS, "Location": url})


def style_route() -> Route:
    """Where the style sheet of all pages is."""
    sheet = style()

    async def send(_: Request) -> Response:
        return Response(sheet, media_type="text/css", headers=_HEADERS)

    return Route(STYLE, send)


async def form(request: Request) -> ImmutableMultiDict[str, str]:
    """The fields of a form that was sent in the body; it is written as a query is."""
    return QueryParams((await request.body()).decode(errors="replace"))
