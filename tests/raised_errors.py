"""Every error of our own that is raised anywhere in the process, as people would see it, caught or not."""

import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import zoho_tokend
from zoho_tokend.core.errors import TokendError

if TYPE_CHECKING:
    from _typeshed import TraceFunction

_OURS = str(Path(zoho_tokend.__file__).parent)


class RaisedErrors(list[str]):
    """For each error its text, its repr, and its traceback with all that led to it."""

    def trace(self, frame: FrameType, event: str, arg: object) -> "TraceFunction | None":
        if not frame.f_code.co_filename.startswith(_OURS):
            return None
        if event == "exception" and isinstance(arg, tuple) and isinstance(error := arg[1], TokendError):
            self += [str(error), repr(error), *traceback.format_exception(error)]
        return self.trace


@contextmanager
def raised_errors() -> Iterator[RaisedErrors]:
    """What is raised in this thread, and in those that are begun, until the block ends."""
    errors, before = RaisedErrors(), sys.gettrace()
    threading.settrace(errors.trace)
    sys.settrace(errors.trace)
    try:
        yield errors
    finally:
        sys.settrace(before)
        threading.settrace(before)
