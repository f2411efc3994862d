"""The memory of a process that handles secrets stays its own: no core file, and no look from outside by the same user.

Root may still look, and so may whoever can load code into the process.
"""

import ctypes
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
