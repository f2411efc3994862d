"""The templates and static files of the pages.

A template escapes every value that it writes (https://jinja.palletsprojects.com/en/stable/api/#autoescaping).
"""

import re
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zoho_tokend.core.instants import relative, rfc3339

STYLE: Final = "style.css"
SCRIPT: Final = "refresh.js"
ICON: Final = "icon.svg"

_TYPES: Final = {STYLE: "text/css", SCRIPT: "text/javascript", ICON: "image/svg+xml"}
# Line breaks are for readers of a template. The page's script compares elements by position, and text between them
# would break that; no value can contain a bracket.
_LINE_BETWEEN_TAGS: Final = re.compile(r"(?<=>)\s*\n\s*(?=<)")


def render(template: str, **values: object) -> str:
    """Render the template, of the folder ``templates``, with the values."""
    return _LINE_BETWEEN_TAGS.sub("", _environment().get_template(template).render(values))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"relative": relative, "rfc3339": rfc3339, "words": words}
    return environment


def words(label: str) -> str:
    """Return a label, such as a state, as plain words."""
    return label.replace("_", " ")


def asset_route(name: str) -> Route:
    """Return the route ``/<name>`` that serves the file, which is read once."""
    content = files(__package__).joinpath("static", name).read_bytes()

    async def show(_request: Request) -> Response:
        return Response(content, media_type=_TYPES[name])

    return Route(f"/{name}", show)
