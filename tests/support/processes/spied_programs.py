"""Programs that a shell command starts, watched: what the process list shows of each is kept."""

import shutil
import sys
from pathlib import Path

import pytest

_OURS = Path(sys.executable).parent


class SpiedPrograms:
    """A folder for PATH with each of these programs; it runs as ever, and its arguments are written down."""

    def __init__(self, folder: Path, *programs: str) -> None:
        self._folder = folder
        self._log = folder / "process-list"
        self._log.touch()
        for program in programs:
            self.stand_in(program, f'exec {_found(program)} "$@"')

    def stand_in(self, program: str, commands: str) -> None:
        """From now on the program is these commands of the shell; its arguments are written down all the same."""
        path = self._folder / program
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "{program} $*" >> {self._log}\n{commands}\n')
        path.chmod(0o755)

    @property
    def path(self) -> str:
        return f"{self._folder}:/usr/bin:/bin"

    @property
    def lines(self) -> list[str]:
        """One for each program that was started, with its arguments."""
        return self._log.read_text().splitlines()


def _found(program: str) -> str:
    """Where the program is; without it the test is skipped."""
    found = shutil.which(program, path=f"{_OURS}:/usr/bin:/bin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found
