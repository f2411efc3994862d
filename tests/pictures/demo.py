"""A picture of the demo: the real one at a terminal, some seconds after its curtain rose."""

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.pictures.terminal import picture
from tests.support.people.person import COLUMNS, at_terminal

_MOMENT: Final = "in 12 s"
_TOKEN: Final = re.compile(r"(?<=VAULT_TOKEN=)\S+")


def take_demo(folder: Path) -> Path:
    """``demo.svg``; the demo is over when it is taken."""
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color"}
    with (
        TemporaryDirectory() as home,
        at_terminal("demo", "--lifetime", "1m", environment=environment | {"HOME": home}, folder=Path(home)) as demo,
    ):
        demo.says(_MOMENT, within=60)
        drawn = demo.drawn
        demo.interrupt()
        demo.end()
    to = folder / "demo.svg"
    to.write_text(picture(drawn, columns=COLUMNS, title="make demo", hide=_without_token), encoding="utf-8")
    return to


def _without_token(line: str) -> str:
    """The demo's Vault token died with it; even so it stands in no file."""
    return _TOKEN.sub(lambda token: "…".ljust(len(token[0])), line)
