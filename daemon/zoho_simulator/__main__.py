"""``python -m zoho_simulator``: a Zoho on loopback until it is told to stop."""

import asyncio
import json
import re
import signal
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, TextIO

import click
from pydantic import ValidationError

from zoho_simulator.law.limits import CountedBy, Limits
from zoho_simulator.orders import Seed, complaint
from zoho_simulator.shell.control import addresses
from zoho_simulator.simulator import Simulator

_SPAN: Final = re.compile(r"(?P<count>[0-9]+)(?P<unit>[smh])")
_UNITS: Final[Mapping[str, timedelta]] = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
}


class Span(click.ParamType[timedelta]):
    """A span of time such as ``30s``, ``5m`` or ``1h``."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = _SPAN.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no span of time; 30s, 5m or 1h would be.", param, ctx)
        return int(match["count"]) * _UNITS[match["unit"]]


class Place(click.ParamType[tuple[str, int]]):
    """A data centre, with a port where it must have a certain one: ``eu`` or ``eu=9002``."""

    name = "name[=port]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        name, _, port = str(value).partition("=")
        if not re.fullmatch(r"[a-z]{2,8}", name) or not re.fullmatch(r"[0-9]{0,5}", port):
            self.fail(f"{value!r} is no data centre; eu or eu=9002 would be.", param, ctx)
        return name, int(port or 0)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-d", "--data-center", "places", type=Place(), multiple=True, default=["us"], show_default=True,
              help="A data centre, and its port if it must have a certain one. Give it once for each.")
@click.option("--control-port", type=click.IntRange(0, 65535), default=0, help="The control API's port; a free one if left out.")
@click.option("--lifetime", type=Span(), default="1h", show_default=True, help="How long an access token lives.")
@click.option("--window", type=Span(), default="10m", show_default=True, help="The window in which issues are added up.")
@click.option("--issues", type=click.IntRange(1), default=10, show_default=True, help="Issues in one window.")
@click.option("--active-tokens", type=click.IntRange(1), default=10, show_default=True,
              help="Access tokens of one refresh token; the next one kills the oldest.")
@click.option("--counted-by", type=click.Choice(CountedBy), default=CountedBy.REFRESH_TOKEN, show_default=True,
              help="Whose issues are added up.")
@click.option("--seed", type=click.File(), help='JSON: {"clients": […], "consents": […]}; "-" reads standard input.')
def main() -> None: ...
