"""The daemon as an operator runs it, ``zoho-tokend run`` in a process of its own, and what that process uses."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout

_TICKS = os.sysconf("SC_CLK_TCK")
_LONGEST_START = 120.0
_GLANCE = 0.05


class DaemonProcess:
    """The process while it runs, seen from outside.

    Attributes:
        address: where it serves its pages.
    """

    def __init__(self, pid: int, address: str, log: Path) -> None:
        self.address = address
        self._folder = Path("/proc") / str(pid)
        self._log = log

    @property
    def resident_kib(self) -> int:
        """The memory that it holds now (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html)."""
        return self._memory("VmRSS")

    @property
    def most_resident_kib(self) -> int:
        """The most memory that it has held so far."""
        return self._memory("VmHWM")

    @property
    def processor_seconds(self) -> float:
        """What all its threads have used so far (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)."""
        after_name = (self._folder / "stat").read_text().rpartition(")")[2].split()
        user, system = after_name[11:13]
        return (int(user) + int(system)) / _TICKS

    async def ready(self, *, within: float = _LONGEST_START) -> None:
        """It has discovered every connection.

        Raises:
            TimeoutError: it has not within so many seconds.
        """
        async with asyncio.timeout(within), httpx.AsyncClient(trust_env=False) as http:
            while True:
                if (await http.get(f"{self.address}/readyz")).status_code == HTTPStatus.OK:
                    return
                await asyncio.sleep(_GLANCE)

    async def fresh(self) -> int:
        """How many connections it knows that have nothing to do."""
        async with httpx.AsyncClient(trust_env=False) as http:
            return int((await http.get(f"{self.address}/status", params={"limit": 1})).json()["counts"]["fresh"])

    def told(self, event: str) -> Iterator[Mapping[str, Any]]:
        """The lines of its log that tell of such an event, so far."""
        with self._log.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n") and f'"{event}"' in line and (told := json.loads(line))["event"] == event:
                    yield told

    def _memory(self, name: str) -> int:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@asynccontextmanager
async def running_daemon(
    vault: OpenBao, layout: Layout, *, accounts_server: str, discover_every: timedelta
) -> AsyncIterator[DaemonProcess]:
    """It was started; when the block ends it is told to stop, and has."""
    settings = {
        "VAULT_ADDR": vault.address,
        "VAULT_TOKEN": vault.root_token.reveal(),
        "MOUNT": layout.mount,
        "PREFIX": layout.prefix,
        "TOKENS_MOUNT": layout.tokens_mount or layout.mount,
        "ALLOWED_ACCOUNTS_SERVERS": accounts_server,
        "DISCOVERY_INTERVAL": f"{discover_every.total_seconds():.0f}s",
        "LISTEN": "127.0.0.1:0",
        "LOG_FORMAT": "json",
    }
    with tempfile.NamedTemporaryFile() as log, _start(settings, log.fileno()) as process:
        try:
            yield await _started(process, Path(log.name))
        finally:
            process.terminate()


def _start(settings: Mapping[str, str], log: int) -> "subprocess.Popen[bytes]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VAULT_", "ZOHO_TOKEND_"))}
    environment = inherited | {f"ZOHO_TOKEND_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "zoho_tokend", "run"]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log)


async def _started(process: "subprocess.Popen[bytes]", log: Path) -> DaemonProcess:
    daemon = DaemonProcess(process.pid, "", log)
    async with asyncio.timeout(_LONGEST_START):
        while (started := next(daemon.told("daemon.started"), None)) is None:
            assert process.poll() is None, "the daemon ended at its start; it says why on standard error"
            await asyncio.sleep(_GLANCE)
    daemon.address = started["listen"]
    return daemon
