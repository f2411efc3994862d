"""What a command imports: a script that calls one every minute pays for it every time."""

import subprocess
import sys

import pytest

LIBRARIES = {
    "apscheduler",
    "cryptography",
    "httpx",
    "hvac",
    "jinja2",
    "lightkube",
    "prometheus_client",
    "pydantic",
    "starlette",
    "structlog",
    "uvicorn",
}
_RUN = """
import sys
from zoho_tokend.cli import main
main(sys.argv[1:], standalone_mode=False)
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        pytest.param(["--version"], set(), id="--version"),
        pytest.param(["--help"], set(), id="--help"),
        pytest.param(["token", "--help"], {"hvac", "pydantic"}, id="token"),
        pytest.param(
            ["connections", "--help"],
            {"cryptography", "httpx", "hvac", "pydantic"},
            id="connections",
        ),
    ],
)
def test_a_command_imports_what_it_needs(arguments: list[str], needed: set[str]) -> None:
    done = subprocess.run([sys.executable, "-c", _RUN, *arguments], capture_output=True, text=True, check=True)
    assert LIBRARIES & set(done.stderr.split()) <= needed
