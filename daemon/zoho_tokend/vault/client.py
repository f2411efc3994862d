"""One client of Vault: hvac sends a request, and its outcome is translated into our own types.

The environment is ignored (proxies, ``.netrc``, CA bundles, Vault's own variables): the settings decide alone.
Redirects are not followed: ``requests`` would send the token to whatever host they name.
"""

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from ssl import SSLError
from typing import Final

import requests
from hvac.adapters import RawAdapter

from zoho_tokend.core.errors import VaultUnavailable
from zoho_tokend.core.events import VaultAnswered, VaultOutcome
from zoho_tokend.core.instants import http_date
from zoho_tokend.core.model import Secret
from zoho_tokend.vault.deadline import DeadlineAdapter
from zoho_tokend.vault.request import Request
from zoho_tokend.vault.response import VaultResponse, parse_response


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultConfig:
    """The address of Vault, how it is verified, and the namespace of the records.

    Attributes:
        address: scheme, host and port (``https://vault.example:8200``), without a final slash.
        namespace: of the login and the records; None for the root, and on a server without namespaces.
        ca_bundle: a PEM file of the CA certificates that Vault is verified with; None for those of ``certifi``.
        client_certificate: the PEM files of our own certificate and of its key; ``Cert`` logs in with it.
        concurrency: how many requests may run at once, each on its own thread.
    """

    address: str
    namespace: str | None = None
    ca_bundle: Path | None = None
    client_certificate: tuple[Path, Path] | None = None
    concurrency: int = 8


CONNECT_SECONDS: Final = 3.05
# For the whole response, and not for each read of it.
READ_SECONDS: Final = 10.0
SHORT_SECONDS: Final = 1.0
_WHOLE_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_CHUNK: Final = 16 * 1024

Emit = Callable[[VaultAnswered, datetime | None], None]
"""Takes how each request ended, and Vault's ``Date`` header where there was one."""


class VaultClient:
    """Sends one request at a time; for one thread only, as a ``requests`` session is not documented as thread-safe."""

    def __init__(self, config: VaultConfig, *, monotonic: Callable[[], float], emit: Emit) -> None:
        self._config = config
        self._monotonic = monotonic
        self._emit = emit
        self._adapter = _adapter(config)

    def ask(self, request: Request, *, token: Secret | None = None, hurry: bool = False) -> VaultResponse:
        """Send the request, and return Vault's response, which may be a refusal.

        Args:
            token: None for an unauthenticated request.
            hurry: give up after two seconds instead of thirteen.

        Raises:
            VaultUnavailable: there was no usable response.
        """
        begun = self._monotonic()
        answer, date, complaint = self._exchange(request, token, hurry=hurry)
        outcome = answer.outcome if answer else VaultOutcome.UNAVAILABLE
        took = timedelta(seconds=self._monotonic() - begun)
        self._emit(VaultAnswered(operation=request.operation, outcome=outcome, took=took), date)
        if answer is None or outcome is VaultOutcome.UNAVAILABLE:
            raise VaultUnavailable(complaint, retry_after=answer.wait if answer else None)
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._adapter.close()

    def _exchange(
        self, request: Request, token: Secret | None, *, hurry: bool
    ) -> tuple[VaultResponse | None, datetime | None, str]:
        """Return the response, Vault's clock, and the sentence for a response that is not usable."""
        self._adapter.token = token.reveal() if token else None
        self._adapter.namespace = self._config.namespace
        timeout = (SHORT_SECONDS, SHORT_SECONDS) if hurry else (CONNECT_SECONDS, READ_SECONDS)
        try:
            with self._adapter.request(
                request.method, f"/v1/{request.path}", json=request.body, timeout=timeout, stream=True
            ) as response:
                content = _content(response, request.most)
        except OSError as error:  # every exception of requests is one, and so is a CA bundle that does not exist
            return None, None, _complaint(error, self._config)
        answer = parse_response(response.status_code, content, most=request.most, retry_after=_retry_after(response))
        return answer, http_date(response.headers.get("Date", "")), answer.complaint(self._config.address)


def _adapter(config: VaultConfig) -> RawAdapter:
    """Return an adapter that raises for no status, since hvac's exceptions do not keep it.

    CA bundle and certificate are set on the session, which takes precedence in hvac
    (https://github.com/hvac/hvac/blob/main/hvac/adapters.py).
    """
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", DeadlineAdapter())
    session.mount("http://", DeadlineAdapter())
    # A compressed response can expand a thousandfold before its bytes can be counted.
    session.headers["Accept-Encoding"] = "identity"
    session.verify = str(config.ca_bundle) if config.ca_bundle else True
    session.cert = (
        (str(config.client_certificate[0]), str(config.client_certificate[1])) if config.client_certificate else None
    )
    return RawAdapter(
        base_uri=config.address,
        allow_redirects=False,
        session=session,
        ignore_exceptions=True,
    )


def _complaint(error: OSError, config: VaultConfig) -> str:
    """Return why there was no response, as a sentence that names the setting to check."""
    address = config.address
    match error:
        case requests.exceptions.SSLError() | SSLError():
            return _tls_complaint(str(error), config)
        case requests.exceptions.ConnectTimeout():
            return (
                f"no connection to Vault at {address} within {CONNECT_SECONDS:.0f} s: check VAULT_ADDR and the network"
            )
        case requests.exceptions.Timeout() | requests.exceptions.ConnectionError() if _is_late(error):
            return f"Vault at {address} did not answer within {READ_SECONDS:.0f} s"
        case requests.exceptions.ConnectionError() if f"[Errno {errno.EMFILE}]" in str(error):
            return "zoho-tokend has reached its limit of open files and cannot connect to Vault: raise it (ulimit -n)"
        case requests.exceptions.ConnectionError():
            return f"no connection to Vault at {address}: check VAULT_ADDR, and whether it runs"
        case requests.exceptions.RequestException():
            return f"Vault at {address} cannot be asked: check VAULT_ADDR"
        case _:
            return "the files of VAULT_CACERT, VAULT_CLIENT_CERT and VAULT_CLIENT_KEY cannot all be read"


def _is_late(error: OSError) -> bool:
    """Whether the response took too long; for a slow body, `requests` raises a ConnectionError."""
    return isinstance(error, requests.exceptions.Timeout) or "Read timed out" in str(error)


def _tls_complaint(text: str, config: VaultConfig) -> str:
    address = config.address
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return f"{address} does not speak TLS: check VAULT_ADDR, http or https"
    if "match" in text:
        return f"the certificate of {address} is for another name: check VAULT_ADDR"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        bundle = f"{config.ca_bundle} (VAULT_CACERT)" if config.ca_bundle else "certifi's, for VAULT_CACERT is not set"
        return f"the certificate of {address} is not vouched for by the authorities in use: {bundle}"
    return f"no TLS connection to Vault at {address}: check VAULT_CACERT, VAULT_CLIENT_CERT and VAULT_CLIENT_KEY"


def _content(response: requests.Response, most: int | None) -> bytes | None:
    """Return the body; None, with the rest unread, where it has more bytes than ``most``."""
    content = bytearray()
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if most is not None and len(content) > most:
            return None
    return bytes(content)


def _retry_after(response: requests.Response) -> timedelta | None:
    seconds = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if _WHOLE_SECONDS.fullmatch(seconds) else None
