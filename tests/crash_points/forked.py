"""Our commands as processes that are forked from one that has imported them: hundreds of starts, at no price."""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from tests.crash_points.mortal_work import Fate, MortalLoops
from zoho_tokend.cli import main

T = TypeVar("T")

_PATIENCE: Final = 120.0
_GLANCE: Final = 0.02

# The server that forks is a process of its own without threads: it imports once, and knows nothing of the test.
_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["zoho_tokend.cli.run", "zoho_tokend.cli.authorize", "tests.crash_points.forked"])
# An exit code can be read once. Whoever starts a process looks after all the others, and would read theirs as well.
_ASKING: Final = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Death:
    """Of a command: in which of its works, and at the how manieth of its moments; 0 to outlive them all."""

    work: str
    moment: int


class Forked:
    """`zoho-tokend` with these arguments; what it prints and what becomes of it lie in a new folder.

    Args:
        typed: what stands in its standard input.
    """

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        folder: Path,
        typed: str = "",
        death: Death | None = None,
    ) -> None:
        folder.mkdir()
        (folder / "stdin").write_text(typed)
        self._printed, self._diary = folder / "printed", folder / "diary"
        self._process = _FORKS.Process(target=_become, args=(arguments, dict(environment), folder, death))
        with _ASKING:
            self._process.start()

    @property
    def told(self) -> str:
        """All that it has printed so far."""
        return self._printed.read_text() if self._printed.exists() else ""

    @property
    def moments(self) -> Sequence[str]:
        """Every moment of its work so far, in order."""
        return self._diary.read_text().splitlines() if self._diary.exists() else []

    @property
    def last_moment(self) -> str:
        """The latest of them; after its death the one at which it died."""
        return self.moments[-1] if self.moments else "before its work began"

    @property
    def killed(self) -> bool:
        """Whether its moment of death has come."""
        return self._exit_code == -signal.SIGKILL

    def until(self, question: Callable[[], T | None]) -> T:
        """The first answer that is true."""
        deadline = time.monotonic() + _PATIENCE
        while not (answer := question()):
            assert time.monotonic() < deadline, f"it takes too long\n{self.told}"
            time.sleep(_GLANCE)
        return answer

    def end(self) -> int:
        """Its exit code, once it has ended."""
        self.until(lambda: self._exit_code is not None)
        return self._exit_code or 0

    def close(self) -> None:
        """It does not run any more."""
        if self._exit_code is None:
            self._process.kill()
            self.until(lambda: self._exit_code is not None)

    @property
    def _exit_code(self) -> int | None:
        with _ASKING:
            return self._process.exitcode


def _become(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, death: Death | None) -> None:
    """Turn the forked process into the command."""
    os.environ.clear()
    os.environ.update(environment)
    warnings.simplefilter("error")
    _take_over_streams(folder)
    if death is not None:
        fate = Fate(folder / "diary", dies_at=death.moment)
        asyncio.set_event_loop_policy(MortalLoops(death.work, fate))
    main(list(arguments))


def _take_over_streams(folder: Path) -> None:
    typed = os.open(folder / "stdin", os.O_RDONLY)
    printed = os.open(folder / "printed", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for ours, standard in ((typed, 0), (printed, 1), (printed, 2)):
        os.dup2(ours, standard)
    # They stay open until the process ends.
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
