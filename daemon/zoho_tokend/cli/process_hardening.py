"""Harden the process, which handles secrets: no core file, no access from other processes, no log of TLS keys.

Root still has access, and so has whoever can load code into the process.
"""

import ctypes
import os
import resource
import sys
from typing import Final

# https://man7.org/linux/man-pages/man2/prctl.2.html
_PR_SET_DUMPABLE: Final = 4


def forbid_dumps() -> None:
    """Forbid core files; on Linux, also forbid other processes of this user to attach or to read the memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def forbid_key_log() -> None:
    """Forbid the TLS key log, which ``ssl`` and urllib3 write where ``SSLKEYLOGFILE`` names a file.

    https://docs.python.org/3/library/ssl.html#ssl.create_default_context
    """
    os.environ.pop("SSLKEYLOGFILE", None)
