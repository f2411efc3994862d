"""The few files that pages are made of besides HTML: all our own, none from elsewhere."""

from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STYLE: Final = "style.css"
SCRIPT: Final = "refresh.js"
ICON: Final = "icon.svg"

_TYPES: Final = {STYLE: "text/css", SCRIPT: "text/javascript", ICON: "image/svg+xml"}


def asset_route(name: str) -> Route:
    """``/<name>`` shows the file, which is read once."""
    content = files(__package__).joinpath("static", name).read_bytes()

    async def show(_request: Request) -> Response:
        return Response(content, media_type=_TYPES[name])

    return Route(f"/{name}", show)
