"""The person at this terminal. Nothing typed as a secret is shown, and nothing secret is printed."""

import asyncio
import shutil
import signal
import sys
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from getpass import getpass
from pathlib import Path
from textwrap import wrap
from typing import Final, TypeVar

import click

from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.model import Secret
from zoho_tokend.operations.person import Interrupted, NobodyThere

_TICK: Final = 1.0
_SHORTEST_PASSPHRASE: Final = 8


class NotTyped(TokendError):
    """Nothing was typed."""


class Terminal:
    """Says sentences on standard error and remembers them, so that standard output stays for what scripts read."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.interruption = Interruption()
        self._waiting_for = ""

    def say(self, sentence: str) -> None:
        """The sentence is said."""
        self.said.append(sentence)
        click.echo(sentence, err=True)

    async def wait(self, span: timedelta, sentence: str) -> None:
        """So much time passes; at a terminal, the seconds left are counted down in place; a log hears of it once."""
        left = span.total_seconds()
        shown = sys.stderr.isatty()
        if not shown and sentence != self._waiting_for:
            click.echo(f"{sentence} in {left:.0f} s", err=True)
        self._waiting_for = sentence
        while left > 0:
            if shown:
                click.echo(f"\r\033[K{sentence} in {left:.0f} s", err=True, nl=False)
            await self.interruption.unless(asyncio.sleep(min(left, _TICK)))
            left -= _TICK
        if shown:
            click.echo("\r\033[K", err=True, nl=False)

    async def choose_passphrase(self, why: str) -> Secret:
        """A passphrase, typed twice at a terminal.

        Raises:
            NobodyThere: standard input has ended.
            Interrupted: the person pressed Ctrl-C.
        """
        self.say(why + ".")
        while True:
            passphrase = _typed("Passphrase")
            if len(passphrase) < _SHORTEST_PASSPHRASE:
                self.say(f"A passphrase has {_SHORTEST_PASSPHRASE} characters at least.")
            elif not sys.stdin.isatty() or passphrase == _typed("The same once more"):
                return Secret(passphrase)
            else:
                self.say("The two are not the same; once more.")

    async def choose_folder(self, why: str) -> Path:
        """A folder, typed in one line.

        Raises:
            NobodyThere: standard input has ended.
            Interrupted: the person pressed Ctrl-C.
        """
        self.say(why + ".")
        click.echo("Folder: ", err=True, nl=False)
        with ending_a_prompt():
            line = sys.stdin.readline()
        if not line:
            raise NobodyThere
        return await asyncio.to_thread(Path(line.strip()).expanduser)


def ask_secret(what: str) -> Secret:
    """A secret from the keyboard, without echo; or a line of standard input, where that is no terminal.

    Raises:
        NotTyped: there was none.
        Interrupted: the person pressed Ctrl-C.
    """
    try:
        text = _typed(what).strip()
    except NobodyThere:
        text = ""
    if not text:
        raise NotTyped(f"{what} was expected, at the keyboard or as a line of standard input")
    return Secret(text)


def secret_of(what: str, file: Path | None) -> Secret:
    """A secret from a file (``-`` is standard input), or asked for where no file is named.

    Raises:
        NotTyped: there is none.
    """
    if file is None or str(file) == "-":
        return ask_secret(what)
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotTyped(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    if not text:
        raise NotTyped(f"{file} is empty")
    return Secret(text)


def _typed(what: str) -> str:
    with ending_a_prompt():
        if sys.stdin.isatty():
            return getpass(f"{what}: ", stream=sys.stderr)
        line = sys.stdin.readline()
    if not line:
        raise NobodyThere
    return line.removesuffix("\n")


T = TypeVar("T")


class Interruption:
    """Whether the person has pressed Ctrl-C; waits that are made through it end then."""

    def __init__(self) -> None:
        self._pressed = asyncio.Event()

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Ctrl-C is noted and no more until the block ends; needs a running loop in the main thread."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._pressed.set)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    async def unless(self, awaited: Awaitable[T]) -> T:
        """What is awaited.

        Raises:
            Interrupted: the person pressed Ctrl-C first.
        """
        waiting = asyncio.ensure_future(awaited)
        pressed = asyncio.ensure_future(self._pressed.wait())
        try:
            await asyncio.wait({waiting, pressed}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            self._pressed.clear()
            raise Interrupted
        finally:
            waiting.cancel()
            pressed.cancel()


@contextmanager
def ending_a_prompt() -> Iterator[None]:
    """Ctrl-C within the block, which blocks on the keyboard, is an Interrupted."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted from None
    finally:
        signal.signal(signal.SIGINT, before)


def terminal_width() -> int | None:
    """The columns of the terminal; None where standard output is a file or another program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fitting(text: str, width: int | None, *, indent: str = "", later: str | None = None) -> str:
    """The text in as many lines as it takes, the first one indented, the others as ``later`` says; one without a width.

    A word that is longer than a line stays whole, so that it can be copied.
    """
    if width is None:
        return indent + text
    return "\n".join(
        wrap(
            text,
            width,
            initial_indent=indent,
            subsequent_indent=indent if later is None else later,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def has_desktop(environ: Mapping[str, str], platform: str) -> bool:
    """Whether there is a desktop in front of the person.

    Args:
        platform: as ``sys.platform`` says it.
    """
    if platform == "darwin":
        return "SSH_CONNECTION" not in environ
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
