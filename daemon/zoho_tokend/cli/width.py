"""How wide standard output is, and texts that fit it: a terminal by itself breaks lines in the middle of a word."""

import shutil
import sys
from textwrap import wrap


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
