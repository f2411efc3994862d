"""What a process that handles secrets knows stays its own: no core file, no look from outside, no log of TLS keys.

Root may still look, and so may whoever can load code into the process.
"""

import ctypes
import os
import resource
import sys
from typing import Final

# https://man7.org/linux/man-pages/man2/prctl.2.html
_PR_SET_DUMPABLE: Final = 4


def forbid_dumps() -> None:
    """The process leaves no core file; on Linux, no other process of its user can attach to it or read its memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def forbid_key_log() -> None:
    """No TLS library writes the keys of connections into a file, as Python's ``ssl`` and urllib3 would for a variable.

    https://docs.python.org/3/library/ssl.html#ssl.create_default_context
    """
    os.environ.pop("SSLKEYLOGFILE", None)
