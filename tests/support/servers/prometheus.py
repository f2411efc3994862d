"""A real Prometheus on loopback, that scrapes daemons of the tests once a second."""

import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from tests.support.processes.process import PATIENCE
from tests.support.servers.promtool import prometheus_binary

T = TypeVar("T")

_GLANCE: Final = 0.2
_CONFIGURATION: Final = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: zoho-tokend
    file_sd_configs: [{{files: [{targets}], refresh_interval: 1s}}]
"""
_FOR: Final = re.compile(r"^( *(?:keep_firing_)?for:) \w+$", re.MULTILINE)
_WINDOW: Final = re.compile(r"\[(?:5|10|15)m\]")


def hurried(rules: str) -> str:
    """The rules with every ``for`` a second long, and every window of minutes ten: nothing else is changed."""
    return _WINDOW.sub("[10s]", _FOR.sub(r"\1 1s", rules))


@dataclass(frozen=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    value: float


class Prometheus:
    """The server, as somebody asks it who may only read; targets are added by name of their job, from any thread."""

    def __init__(self, folder: Path, port: int) -> None:
        self._targets = folder / "targets.json"
        self._jobs: dict[str, list[str]] = {}
        self._targets_lock = threading.Lock()
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)
        self.log = folder / "log"

    @property
    def address(self) -> str:
        return str(self._http.base_url)

    def scrape(self, job: str, *addresses: str) -> None:
        """From now on these daemons, and no others, are the job's."""
        with self._targets_lock:
            self._jobs[job] = [address.removeprefix("http://") for address in addresses]
            groups = [{"targets": targets, "labels": {"job": job}} for job, targets in self._jobs.items()]
            fresh = self._targets.with_suffix(".new")
            fresh.write_text(json.dumps(groups))
            fresh.rename(self._targets)  # whole, or not at all

    def ask(self, query: str) -> Sequence[Sample]:
        """The answer to an instant query; one that is refused is a failure that says why."""
        result = self._get("query", query=query)["result"]
        return [Sample(sample["metric"], float(sample["value"][1])) for sample in result]

    def rules(self) -> Sequence[Mapping[str, Any]]:
        """Every rule that is loaded, with its health."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def firing(self, job: str) -> set[str]:
        """The alerts that fire about this job."""
        return {sample.labels["alertname"] for sample in self.ask(f'ALERTS{{alertstate="firing",job="{job}"}}')}

    def until(self, question: Callable[[], T | None], wish: str, *, within: float = PATIENCE) -> T:
        """The first answer that is true."""
        deadline = time.monotonic() + within
        while not (answer := question()):
            assert time.monotonic() < deadline, f"not within {within:.0f} s: {wish}"
            time.sleep(_GLANCE)
        return answer

    def is_ready(self) -> bool:
        try:
            return self._http.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._http.close()

    def _get(self, path: str, **parameters: str) -> Any:
        answer = self._http.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]


@contextmanager
def a_prometheus(folder: Path, rules: str) -> Iterator[Prometheus]:
    """A Prometheus with these rules, until the block ends."""
    port = _free_port()
    files = {name: folder / name for name in ("rules.yaml", "targets.json", "prometheus.yaml")}
    files["rules.yaml"].write_text(rules)
    files["targets.json"].write_text("[]")
    files["prometheus.yaml"].write_text(
        _CONFIGURATION.format(rules=files["rules.yaml"], targets=files["targets.json"]),
    )
    command = [
        prometheus_binary("prometheus"),
        f"--config.file={files['prometheus.yaml']}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with closing(Prometheus(folder, port)) as prometheus, prometheus.log.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            prometheus.until(lambda: process.poll() is not None or prometheus.is_ready(), "it is ready")
            assert process.poll() is None, prometheus.log.read_text()
            yield prometheus
        finally:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
