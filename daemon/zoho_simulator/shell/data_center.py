"""One data centre's accounts server and API as a Starlette application."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from zoho_simulator.rules import messages
from zoho_simulator.shell.consent import consent_routes
from zoho_simulator.shell.console import console_routes
from zoho_simulator.shell.delivery import AnswerResponse
from zoho_simulator.shell.device import device_routes
from zoho_simulator.shell.pages import style_route
from zoho_simulator.zoho import Zoho

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_FORM: Final = "application/x-www-form-urlencoded"


def data_center_app(zoho: Zoho, name: str) -> Starlette:
    """Everything that people and machines ask of the data centre; the pages for people go first."""

    async def ask(request: Request) -> AnswerResponse:
        return AnswerResponse(zoho.answer(name, await _lawful(request)))

    pages = (*consent_routes(zoho, name), *device_routes(zoho, name), *console_routes(zoho, name), style_route())
    return Starlette(routes=[*pages, Route("/{path:path}", ask, methods=_METHODS)])


async def _lawful(request: Request) -> messages.Request:
    body = await request.body()
    is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
    return messages.Request(
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        form=dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True)) if is_form else {},
        headers=dict(request.headers),
        body=body,
    )
