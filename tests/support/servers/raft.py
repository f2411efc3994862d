"""Real OpenBao servers that keep what they hold through a crash: one Raft node, or a cluster of several.

Unlike dev mode they write to a disk, start sealed and have to be unsealed, as in production
(https://openbao.org/docs/configuration/storage/raft/).
"""

import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx

from zoho_tokend.core.model import Secret
from zoho_tokend.demo.openbao import free_port, server_binary

_PATIENCE: Final = 120.0
_GLANCE: Final = 0.1
_STANDBY: Final = HTTPStatus.TOO_MANY_REQUESTS


@dataclass(frozen=True, kw_only=True)
class Tls:
    """The files of a listener, and who vouches for it."""

    certificate: Path
    key: Path
    authority: Path


class RaftNode:
    """One server, from ``start`` to ``close``, with any number of crashes in between.

    Attributes:
        root_token: once it is initialised.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "node",
        tls: Tls | None = None,
        audit: Path | None = None,
        data: Path | None = None,
    ) -> None:
        """Prepare it.

        Args:
            folder: of its own, for its settings and its log.
            audit: where it writes its audit log.
            data: where it keeps what it holds, if not in the folder.
        """
        self.name = name
        self.root_token = Secret("")
        self.unseal_key = Secret("")
        self._folder = folder
        self._tls = tls
        self._port, self._cluster_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.json").write_text(json.dumps(self._configuration(data or folder / "data")))
        if audit:
            (folder / "audit.hcl").write_text(f'audit "file" "audit" {{ options {{ file_path = "{audit}" }} }}')

    @property
    def address(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def ca_bundle(self) -> Path | None:
        return self._tls.authority if self._tls else None

    @property
    def _settings(self) -> list[Path]:
        return [*self._folder.glob("*.json"), *self._folder.glob("*.hcl")]

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def found(self) -> None:
        """It runs as the first of its cluster: initialised, unsealed and active."""
        self._run()
        made = self.ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        self.root_token, self.unseal_key = Secret(made["root_token"]), Secret(made["keys_base64"][0])
        self.unseal()
        self._until(self.leads, "it leads")

    def join(self, founder: "RaftNode") -> None:
        """It runs as one more of the founder's cluster, and gets a vote some seconds later."""
        self.root_token, self.unseal_key = founder.root_token, founder.unseal_key
        self._run()
        # A newcomer gets its vote after this span: https://openbao.org/api-docs/system/storage/raftautopilot/.
        founder.ask("POST", "sys/storage/raft/autopilot/configuration", {"server_stabilization_time": "1s"})
        self.ask("PUT", "sys/storage/raft/join", {"leader_api_addr": founder.address})
        self.unseal()

    def knows_as_voter(self, other: "RaftNode") -> bool:
        config = self.ask("GET", "sys/storage/raft/configuration")["data"]["config"]
        return any(server["node_id"] == other.name and server["voter"] for server in config["servers"])

    def start(self) -> None:
        """It runs again, and is unsealed."""
        self._run()
        self.unseal()

    def unseal(self) -> None:
        self.ask("PUT", "sys/unseal", {"key": self.unseal_key.reveal()})
        self._until(lambda: self._status() in {HTTPStatus.OK, _STANDBY}, "it takes part")

    def seal(self) -> None:
        self.ask("PUT", "sys/seal", {})

    def leads(self) -> bool:
        return self._status() == HTTPStatus.OK

    def send(self, number: signal.Signals) -> None:
        """To make it read its certificate anew, or to end it."""
        assert self._process
        self._process.send_signal(number)
        if number in {signal.SIGKILL, signal.SIGTERM}:
            self._process.wait(_PATIENCE)

    def close(self) -> None:
        if self._process and self._process.poll() is None:
            self.send(signal.SIGKILL)

    def _configuration(self, data: Path) -> dict[str, object]:
        data.mkdir(exist_ok=True)
        tls: dict[str, object] = {"tls_disable": True}
        if self._tls:
            tls = {"tls_cert_file": str(self._tls.certificate), "tls_key_file": str(self._tls.key)}
        listener = {"address": f"127.0.0.1:{self._port}", "cluster_address": f"127.0.0.1:{self._cluster_port}", **tls}
        # The multiplier is the one for production: a dead leader is noticed after a second and not after five.
        raft = {"path": str(data), "node_id": self.name, "performance_multiplier": 1}
        return {
            "listener": [{"tcp": listener}],
            "storage": {"raft": raft},
            "api_addr": self.address,
            "cluster_addr": f"https://127.0.0.1:{self._cluster_port}",
        }

    def _run(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BAO_", "VAULT_"))}
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [server_binary(), "server", *(f"-config={file}" for file in self._settings)],
                env=inherited,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._until(lambda: self._status() != 0, "it answers")

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The answer to root; it must be a success."""
        with self._client() as client:
            answer = client.request(method, f"{self.address}/v1/{path}", json=body)
            assert answer.is_success, (path, answer.text)
            found: dict[str, Any] = answer.json() if answer.content else {}
            return found

    def _status(self) -> int:
        """Of its health: https://openbao.org/api-docs/system/health/; 0 where it does not answer."""
        try:
            with self._client() as client:
                return client.get(f"{self.address}/v1/sys/health").status_code
        except httpx.TransportError:
            return 0

    def _client(self) -> httpx.Client:
        trust = ssl.create_default_context(cafile=str(self.ca_bundle)) if self.ca_bundle else True
        headers = {"X-Vault-Token": self.root_token.reveal()} if self.root_token.reveal() else {}
        return httpx.Client(verify=trust, headers=headers, trust_env=False, timeout=60)

    def _until(self, question: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not question():
            assert self._process
            assert self._process.poll() is None, f"OpenBao ended before {what}\n{self.log[-3000:]}"
            assert time.monotonic() < deadline, f"not in time: {what}\n{self.log[-3000:]}"
            time.sleep(_GLANCE)
