"""docs/systemd-and-compose.md and the files that it has people use."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from configparser import ConfigParser
from pathlib import Path
from typing import Final

from tests.support.documents.hardening import UNIT
from tests.support.documents.operations_page import commands

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = ROOT / "docs" / "systemd-and-compose.md"
COMPOSE: Final = ROOT / "deploy" / "compose.yaml"


def section(heading: str) -> str:
    """The text below this heading, up to the next one."""
    (text,) = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    found: str = text
    return found


def steps(*headings: str) -> Sequence[str]:
    """Every command of these sections, in order."""
    return [command for heading in headings for command in commands(section(heading))]


def composed() -> Mapping[str, Mapping[str, object]]:
    """The services, as `docker-compose` itself understands the file; it must find nothing wrong with it."""
    command = [
        str(Path(sys.executable).parent / "docker-compose"),
        "--file",
        str(COMPOSE),
        "config",
        "--format",
        "json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    services: Mapping[str, Mapping[str, object]] = json.loads(done.stdout)["services"]
    return services


def unit() -> ConfigParser:
    """The unit; of a name that is given twice, the last."""
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the library's own way to keep case
    parser.read(UNIT)
    return parser


def unit_environment() -> Mapping[str, str]:
    """Every variable that the unit sets."""
    return dict(re.findall(r"^Environment=(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE))
