"""A person at the keyboard: commands begun in a folder of their own, answered through a pipe or at a real terminal."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import pyte

import zoho_tokend
from tests.support.processes.process import Finished

PATIENCE: Final = 120.0
_GLANCE: Final = 0.02
_COMMAND: Final = (sys.executable, "-W", "error", "-m", "zoho_tokend")
_EVERYWHERE: Final = {"PYTHONPATH": str(Path(zoho_tokend.__file__).parent.parent)}
COLUMNS, LINES = 100, 40


class Command:
    """A command that runs.

    Attributes:
        typed: what the person has typed so far, line by line.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", keyboard: int, heard: Callable[[], str]) -> None:
        self._process = process
        self._keyboard = os.fdopen(keyboard, "wb", buffering=0)
        self._heard = heard
        self.typed: list[str] = []
        self._answered = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def heard(self) -> str:
        """All that it has printed so far."""
        return self._heard()

    def says(self, text: str, *, within: float = PATIENCE) -> str:
        """All that it has printed, once this text is among what it says to the last line that was typed."""
        deadline = time.monotonic() + within
        while text not in self.heard[self._answered :]:
            assert self._process.poll() is None, f"it ended without saying {text!r}:\n{self.heard}"
            assert time.monotonic() < deadline, f"it does not say {text!r}:\n{self.heard}"
            time.sleep(_GLANCE)
        return self.heard

    def type(self, line: str, *, secret: bool = True) -> None:
        """The person types a line, and the return key; what is no secret may be shown."""
        if secret:
            self.typed.append(line)
        self._answered = len(self.heard)
        self._keyboard.write(f"{line}\n".encode())

    def interrupt(self) -> None:
        """The person presses Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def end(self, *, within: float = PATIENCE) -> int:
        """Its exit code, once it has ended."""
        try:
            return self._process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs:\n{self.heard}") from None

    def hang_up(self) -> None:
        """There is nothing more to read for the command; to be said as often as one likes."""
        self._keyboard.close()

    def close(self) -> None:
        self.hang_up()
        self._process.kill()
        self._process.wait()


class Piped(Command):
    """A command of a script: its input is a pipe, its outputs are apart."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], folder: Path, logs: Path) -> None:
        self._out, self._err = logs / "stdout", logs / "stderr"
        reading, writing = os.pipe()
        with self._out.open("wb") as out, self._err.open("wb") as err:
            process = subprocess.Popen(
                [*_COMMAND, *arguments],
                env=_EVERYWHERE | dict(environment),
                cwd=folder,
                stdin=reading,
                stdout=out,
                stderr=err,
            )
        os.close(reading)
        super().__init__(process, writing, lambda: self._out.read_text() + self._err.read_text())

    def finish(self, *lines: str) -> Finished:
        """It ends, after these lines were all that was typed."""
        with suppress(BrokenPipeError):
            for line in lines:
                self.type(line)
        self.hang_up()
        code = self.end()
        return Finished(code, self._out.read_text(), self._err.read_text())


class AtTerminal(Command):
    """A command at a terminal that controls it, as a shell starts one."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], folder: Path, columns: int) -> None:
        self._columns = columns
        self._screen_side, terminal_side = pty.openpty()
        fcntl.ioctl(terminal_side, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        process = subprocess.Popen(
            ["/usr/bin/setsid", "--ctty", *_COMMAND, *arguments],
            env=_EVERYWHERE | {"TERM": "xterm"} | dict(environment),
            cwd=folder,
            stdin=terminal_side,
            stdout=terminal_side,
            stderr=terminal_side,
        )
        os.close(terminal_side)
        self._bytes = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        super().__init__(process, self._screen_side, lambda: bytes(self._bytes).decode(errors="replace"))

    @property
    def drawn(self) -> bytes:
        """All that it has sent to the terminal so far, with how it is to be drawn."""
        return bytes(self._bytes)

    @property
    def screen(self) -> str:
        """What the person sees now."""
        screen = pyte.Screen(self._columns, LINES)
        pyte.ByteStream(screen).feed(self.drawn)
        return "\n".join(line.rstrip() for line in screen.display).rstrip()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(PATIENCE)
        self.hang_up()

    def _read(self) -> None:
        with suppress(OSError):  # the program has ended, and nobody holds the other side
            while read := os.read(self._screen_side, 65536):
                self._bytes += read


@contextmanager
def at_terminal(
    *arguments: str, environment: Mapping[str, str], folder: Path, columns: int = COLUMNS
) -> Iterator[AtTerminal]:
    """The command at a terminal, until the block ends at the latest."""
    with closing(AtTerminal(*arguments, environment=environment, folder=folder, columns=columns)) as command:
        yield command
