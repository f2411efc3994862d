"""``python -m zoho_simulator``: a Zoho on loopback until it is told to stop."""

import asyncio
import json
import re
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from zoho_simulator.control_requests import Seed, complaint
from zoho_simulator.rules.limits import CountedBy, Limits
from zoho_simulator.shell.control import addresses
from zoho_simulator.simulator import Simulator

_SPAN: Final = re.compile(r"(?P<count>[0-9]+)(?P<unit>[smh])")
_UNITS: Final[Mapping[str, timedelta]] = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
}
_PLACE: Final = re.compile(r"(?P<name>[a-z]{2,8})(?:=(?P<port>[0-9]{1,5}))?")
_PLACES_HELP: Final = "a data centre, on a free port unless one is given; once for each; us alone if left out"
_SEED_HELP: Final = (
    'what there is at first: {"clients": [...], "consents": [...], "modules": [...]}, as the control API takes them'
)
_ACTIVE_HELP: Final = "access tokens that one refresh token keeps alive; the next kills the oldest (%(default)s)"
_COUNTED_HELP: Final = "whose issues are added up (%(default)s)"
_EPILOG: Final = (
    "When it is ready it prints one line of JSON: the control API's origin, those of each data centre, and what "
    "the seed brought. People find the API console at /console of each data centre. It runs until SIGINT or SIGTERM."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the simulator; 0 after a signal, 1 when it cannot start; wrong arguments exit with 2."""
    given = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(_simulator(given), given.seed))
    except OSError as wrong:
        sys.stderr.write(f"The simulator cannot listen: {wrong.strerror or wrong}; give another port, or none.\n")
        return 1
    except ValueError as wrong:
        sys.stderr.write(f"The seed cannot be carried out: {wrong}.\n")
        return 1
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m zoho_simulator",
        description="A Zoho on loopback, with the real one's limits, error shapes and bad days.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add("-d", "--data-center", dest="places", action="append", type=_place, metavar="NAME[=PORT]", help=_PLACES_HELP)
    add("--control-port", type=int, default=0, metavar="PORT", help="the control API's port; a free one if left out")
    add("--seed", type=_seed, default=Seed(), metavar="FILE", help=_SEED_HELP)
    _add_limits(parser)
    return parser


def _add_limits(parser: ArgumentParser) -> None:
    limits = parser.add_argument_group("limits")
    add = limits.add_argument
    add("--lifetime", type=_span, default="1h", metavar="SPAN", help="of an access token: 30s, 5m, 1h (%(default)s)")
    add("--window", type=_span, default="10m", metavar="SPAN", help="in which issues are added up (%(default)s)")
    add("--issues", type=int, default=10, metavar="N", help="the most in one window (%(default)s)")
    add("--active-tokens", type=int, default=10, metavar="N", help=_ACTIVE_HELP)
    add("--counted-by", type=CountedBy, choices=list(CountedBy), default="refresh_token", help=_COUNTED_HELP)


def _simulator(given: Namespace) -> Simulator:
    places = dict(given.places or [("us", 0)])
    return Simulator(
        data_centers=tuple(places),
        ports={**places, "control": given.control_port},
        limits=Limits(
            token_lifetime=given.lifetime,
            window=given.window,
            issues_per_window=given.issues,
            active_access_tokens=given.active_tokens,
            counted_by=given.counted_by,
        ),
    )


async def _run(simulator: Simulator, seed: Seed) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with simulator as zoho:
        ready = {
            "control": simulator.control,
            "data_centers": addresses(zoho.data_centers),
            "seeded": seed.carry_out(zoho),
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is no span of time; 30s, 5m or 1h would be")
    return int(match["count"]) * _UNITS[match["unit"]]


def _place(text: str) -> tuple[str, int]:
    match = _PLACE.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is no data centre; eu or eu=9002 would be")
    return match["name"], int(match["port"] or 0)


def _seed(path: str) -> Seed:
    try:
        return Seed.model_validate_json(Path(path).read_bytes())
    except OSError as wrong:
        raise ArgumentTypeError(f"{path}: {wrong.strerror}") from None
    except ValidationError as wrong:
        raise ArgumentTypeError(f"{path}: {complaint(wrong)}") from None


if __name__ == "__main__":
    sys.exit(main())
