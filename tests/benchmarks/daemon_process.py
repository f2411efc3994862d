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

import httpx

from zoho_tokend.demo.openbao import OpenBao

_TICKS = os.sysconf("SC_CLK_TCK")
_LONGEST_START = 120.0
_GLANCE = 0.05


class DaemonProcess:
    """The process while it runs, seen from outside.

    Attributes:
        address: where it serves its pages.
    """

    def __init__(self, pid: int, address: str) -> None:
        self.address = address
        self._folder = Path("/proc") / str(pid)

    @property
    def resident_kib(self) -> int:
        """The memory that it holds now (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html)."""
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

    @property
    def processor_seconds(self) -> float:
        """What all its threads have used so far (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)."""
        after_name = (self._folder / "stat").read_text().rpartition(")")[2].split()
        user, system = after_name[11:13]
        return (int(user) + int(system)) / _TICKS

    async def ready(self) -> None:
        """It has discovered every connection.

        Raises:
            TimeoutError: it has not within two minutes.
        """
        async with asyncio.timeout(_LONGEST_START), httpx.AsyncClient(trust_env=False) as http:
            while True:
                if (await http.get(f"{self.address}/readyz")).status_code == HTTPStatus.OK:
                    return
                await asyncio.sleep(_GLANCE)

    async def fresh(self) -> int:
        """How many connections it knows that have nothing to do."""
        async with httpx.AsyncClient(trust_env=False) as http:
            return int((await http.get(f"{self.address}/status", params={"limit": 1})).json()["counts"]["fresh"])


@asynccontextmanager
async def running_daemon(vault: OpenBao, *, prefix: str, discover_every: timedelta) -> AsyncIterator[DaemonProcess]:
    """It was started; when the block ends it is told to stop, and has."""
    settings = {
        "VAULT_ADDR": vault.address,
        "VAULT_TOKEN": vault.root_token.reveal(),
        "PREFIX": prefix,
        "DISCOVERY_INTERVAL": f"{discover_every.total_seconds():.0f}s",
        "LISTEN": "127.0.0.1:0",
        "LOG_FORMAT": "json",
    }
    with tempfile.NamedTemporaryFile() as log, _start(settings, log.fileno()) as process:
        try:
            yield DaemonProcess(process.pid, await _address(process, Path(log.name)))
        finally:
            process.terminate()


def _start(settings: Mapping[str, str], log: int) -> "subprocess.Popen[bytes]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VAULT_", "ZOHO_TOKEND_"))}
    environment = inherited | {f"ZOHO_TOKEND_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "zoho_tokend", "run"]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log)


async def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    async with asyncio.timeout(_LONGEST_START):
        while (address := next(_addresses(log), None)) is None:
            assert process.poll() is None, "the daemon ended at its start; it says why on standard error"
            await asyncio.sleep(_GLANCE)
    return address


def _addresses(log: Path) -> Iterator[str]:
    for line in log.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n") and (told := json.loads(line))["event"] == "daemon.started":
            yield told["listen"]
