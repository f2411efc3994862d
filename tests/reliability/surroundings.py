"""What a scenario breaks beyond the servers themselves: a network, a clock, room on a disk, memory.

All of it belongs to the scenario: namespaces die with the thread that made them, and everything else is undone.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.support.processes.process import FROM_SOURCE, Launcher

_CLONE_NEWNET: Final = 0x40000000
_CLONE_NEWNS: Final = 0x00020000
_FAKETIME: Final = "usr/lib/*/faketime/libfaketime.so.1"
_CGROUPS: Final = Path("/sys/fs/cgroup")


class NotHere(Exception):
    """This machine, or its owner, does not allow such a thing to be broken; the text says which."""


class Network:
    """A network that only this thread knows, with what it starts from now on: loopback, and nothing else.

    https://man7.org/linux/man-pages/man7/network_namespaces.7.html
    """

    def __init__(self) -> None:
        _unshare(_CLONE_NEWNET)
        _run("ip", "link", "set", "lo", "up")

    def cut(self, *addresses: str) -> None:
        """Whatever goes to or comes from these addresses vanishes; no connection is closed."""
        ports = ", ".join(str(urlsplit(address).port) for address in addresses)
        rules = "\n".join(f"{way} {end} {{ {ports} }} drop" for way in ("tcp", "udp") for end in ("dport", "sport"))
        _run(
            *("nft", "-f", "-"),
            typed=f"table inet cut {{\nchain everything {{\ntype filter hook output priority 0\n{rules}\n}}\n}}\n",
        )

    def mend(self) -> None:
        _run("nft", "delete", "table", "inet", "cut")


def names_asked_at(address: str, folder: Path) -> None:
    """Names are asked for at this address alone, by this thread and what it starts from now on: no file knows any."""
    _unshare(_CLONE_NEWNS)
    _run("mount", "--make-rprivate", "/")
    for file, content in (("/etc/resolv.conf", f"nameserver {address}\n"), ("/etc/hosts", "")):
        ours = folder / Path(file).name
        ours.write_text(content)
        _run("mount", "--bind", str(ours), file)


class WallClock:
    """The wall clock of one process, to be stepped; its monotonic time goes on.

    https://github.com/wolfcw/libfaketime
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "offset"
        self.step(0)

    @property
    def launcher(self) -> Launcher:
        """Starts our commands by this clock."""
        library = next(Path("/").glob(_FAKETIME), None)
        if library is None:
            raise NotHere("Debian's faketime is not installed")
        variables = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        return replace(FROM_SOURCE, environment={**FROM_SOURCE.environment, **variables})

    def step(self, seconds: int) -> None:
        """It is so far ahead of the machine's from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}")
        new.rename(self._file)


@contextmanager
def small_disk(folder: Path, *, mebibytes: int) -> Iterator[Path]:
    """A file system of this size, until the block ends."""
    disk = folder / "disk"
    disk.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "zoho-tokend-test", str(disk))
    try:
        yield disk
    finally:
        _run("umount", "--lazy", str(disk))


class MemoryLimit:
    """A control group in which processes have so much memory and no more: version 1 or 2, whichever is there."""

    def __init__(self, name: str, *, mebibytes: int) -> None:
        first = _CGROUPS / "memory"
        root, limit, peak = (
            (first, "memory.limit_in_bytes", "memory.max_usage_in_bytes")
            if first.is_dir()
            else (_CGROUPS, "memory.max", "memory.peak")
        )
        self._group = root / f"zoho-tokend-{name}-{os.getpid()}"
        try:
            self._group.mkdir()
        except OSError as refusal:
            raise NotHere(f"no control group can be made at {root}: {refusal.strerror}") from None
        (self._group / limit).write_text(str(mebibytes << 20))
        self._peak = self._group / peak

    @property
    def launcher(self) -> Launcher:
        """Starts our commands within it."""
        enter = ("/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self._group / "cgroup.procs"))
        return replace(FROM_SOURCE, words=(*enter, *FROM_SOURCE.words))

    @property
    def peak(self) -> int:
        """The most that they ever had, in bytes."""
        return int(self._peak.read_text())

    def lift(self) -> None:
        """The group is gone; what was in it has ended."""
        self._group.rmdir()


def _unshare(what: int) -> None:
    """https://man7.org/linux/man-pages/man2/unshare.2.html; of this thread alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(what) != 0:
        raise NotHere(f"no namespace of one's own can be made: {os.strerror(ctypes.get_errno())}")


def _run(*command: str, typed: str = "") -> None:
    try:
        done = subprocess.run(command, input=typed, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NotHere(f"{command[0]} is not installed") from None
    if done.returncode != 0:
        raise NotHere(f"{' '.join(command)} is refused: {done.stderr.strip()}")
