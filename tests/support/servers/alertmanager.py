"""Debian's Alertmanager on loopback, with the inhibition rules that are shipped."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from deploy.monitoring.operator_objects import INHIBIT_RULES
from tests.support.processes.process import PATIENCE
from tests.support.servers.prometheus import free_port

_ROUTE: Final = "route: {receiver: on-call}\nreceivers: [{name: on-call}]\n"
_GLANCE: Final = 0.1


def alertmanager_binary(name: str) -> str:
    """The path of `prometheus-alertmanager` or `amtool`; without it the test is skipped, but in CI nothing is."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install prometheus-alertmanager)")
    return found


def configuration(folder: Path) -> Path:
    """A whole alertmanager.yml: the rules that are shipped, and one receiver."""
    file = folder / "alertmanager.yml"
    file.write_text(INHIBIT_RULES.read_text() + _ROUTE)
    return file


class Alertmanager:
    """The server, as Prometheus sends to it."""

    def __init__(self, port: int) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE)

    def send(self, *alerts: Mapping[str, str]) -> None:
        """These alerts fire, by their labels."""
        self._http.post("/api/v2/alerts", json=[{"labels": labels} for labels in alerts]).raise_for_status()

    def until_shown(self, *names: str, severity: str = "critical") -> None:
        """Wait until these alerts, and no others of this severity, are held back by nothing."""
        deadline = time.monotonic() + PATIENCE
        while (shown := self._shown(severity)) != sorted(names):
            assert time.monotonic() < deadline, f"shown: {shown}"
            time.sleep(_GLANCE)

    def is_ready(self) -> bool:
        try:
            return self._http.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._http.close()

    def _shown(self, severity: str) -> Sequence[str]:
        only = {"active": "true", "inhibited": "false", "filter": f'severity="{severity}"'}
        return sorted(alert["labels"]["alertname"] for alert in self._http.get("/api/v2/alerts", params=only).json())


@contextmanager
def an_alertmanager(folder: Path) -> Iterator[Alertmanager]:
    """An Alertmanager that knows no alert yet, until the block ends."""
    port = free_port()
    command = [
        alertmanager_binary("prometheus-alertmanager"),
        f"--config.file={configuration(folder)}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    alertmanager, log = Alertmanager(port), folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            deadline = time.monotonic() + PATIENCE
            while not alertmanager.is_ready():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(_GLANCE)
            yield alertmanager
        finally:
            alertmanager.close()
            process.terminate()
            process.wait(10)
