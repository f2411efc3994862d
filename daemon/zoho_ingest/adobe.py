"""Adobe Experience Platform as a sink: its login, and the streaming inlet.

The token of Adobe's IMS (OAuth server-to-server, 24 hours) is asked for with a client id and secret that are read from
Vault, kept in memory for the run, and renewed once where Adobe refuses it.
https://developer.adobe.com/developer-console/docs/guides/authentication/ServerToServerAuthentication/ims,
https://experienceleague.adobe.com/en/docs/experience-platform/ingestion/streaming/overview.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import dlt
import hvac
import hvac.exceptions
import requests
from dlt.common.destination import Destination
from dlt.common.json import json
from dlt.sources.helpers.requests import Client

from zoho_ingest.errors import NeedsAPerson, TryAgain, WrongUse

Message = Mapping[str, object]

IMS: Final = "https://ims-na1.adobelogin.com"
# A request may have 1 MB; the frame around the messages and Adobe's own reckoning have the rest.
MOST_BYTES: Final = 900_000
_ROWS_AT_ONCE: Final = 500
_SECONDS: Final = (5.0, 60.0)
_MULTI_STATUS: Final = 207
# Adobe's API gateway and its Flow Service call a dead token by these, some of them at HTTP 400.
_DEAD: Final = ("401013", "2114", "2115")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The credential of a project in Adobe's Developer Console; its ``repr`` does not show the secret."""

    client_id: str
    org_id: str
    scope: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inlet:
    """Where messages go.

    Attributes:
        url: as the Platform shows it, ``https://dcs.adobedc.net/collection/<inlet>``.
        flow: the id of the dataflow, which maps raw data.
        dead_letters: the folder for what Adobe did not take.
    """

    url: str
    flow: str
    sandbox: str
    dead_letters: Path

    @property
    def batch_url(self) -> str:
        """The address that takes many messages at once."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/collection/batch/{parts.path.rstrip('/').rpartition('/')[2]}"


def login_from_vault(path: str) -> Login:
    """The credential that stands in KV v2 at this path, such as ``secret/zoho/adobe``.

    Raises:
        WrongUse: Vault's address or the path is wrong, or a field is missing.
        TryAgain: Vault gives no answer.
    """
    mount, _, rest = path.partition("/")
    if not os.environ.get("VAULT_ADDR") or not rest:
        raise WrongUse("Adobe's credential is read from Vault: set VAULT_ADDR, and a path such as secret/zoho/adobe")
    client = hvac.Client(verify=os.environ.get("VAULT_CACERT") or True)
    try:
        said = client.secrets.kv.v2.read_secret_version(path=rest, mount_point=mount, raise_on_deleted_version=True)
    except (hvac.exceptions.InvalidPath, hvac.exceptions.Forbidden) as error:
        raise WrongUse(f"Vault shows no record at {path}: check the path and the policy of VAULT_TOKEN") from error
    except (hvac.exceptions.VaultError, requests.RequestException) as error:
        raise TryAgain(f"Vault gives no answer for {path} ({type(error).__name__}); the next run goes on") from error
    fields = said["data"]["data"]
    missing = [name for name in ("client_id", "client_secret", "org_id", "scope") if not fields.get(name)]
    if missing:
        raise WrongUse(f"the record at {path} lacks {', '.join(missing)}")
    return Login(**{name: str(fields[name]) for name in ("client_id", "client_secret", "org_id", "scope")})


class Adobe:
    """One session with Adobe.

    Attributes:
        problem: the last error that ended a load, for dlt repeats in its own words what it caught.
        sent: how many messages Adobe took.
        dead: how many it did not take, which lie in the dead-letter folder.
    """

    def __init__(self, login: Login, inlet: Inlet, *, ims: str = IMS, wait: float = 1.0) -> None:
        self.problem: Exception | None = None
        self.sent = 0
        self.dead = 0
        self._login = login
        self._inlet = inlet
        self._ims = ims
        self._token = ""
        # 429 and 503 are repeated as Retry-After says; a repeated POST may bring a message twice.
        self._http = Client(
            request_timeout=_SECONDS, raise_for_status=False, request_max_attempts=6, request_backoff_factor=wait
        )

    def destination(self) -> Destination[Any, Any]:
        """The inlet as a destination of dlt's; it keeps no state."""

        def inlet(items: Any, table: Any) -> None:  # noqa: ANN401  # the types of dlt's callable
            try:
                self.send(str(table["name"]), items)
            except Exception as error:
                self.problem = error
                raise

        wrapped: Any = dlt.destination(
            inlet, batch_size=_ROWS_AT_ONCE, name="inlet", naming_convention="snake_case", max_parallel_load_jobs=1
        )
        made: Destination[Any, Any] = wrapped()
        return made

    def log_in(self) -> None:
        """Adobe's login takes the credential.

        Raises:
            TryAgain, NeedsAPerson: it does not.
        """
        self._renewed()

    def send(self, module: str, rows: Iterable[Message]) -> None:
        """Every row is taken by Adobe, or lies in the dead-letter folder with the reason.

        Raises:
            TryAgain: Adobe does not answer as it should; some rows may have been taken.
            NeedsAPerson: Adobe refuses the call.
        """
        for batch in _batches({"zoho_module": module, **row} for row in rows):
            self._send(batch)

    def resend(self) -> None:
        """Send the dead letters again; those that Adobe refuses once more lie there anew.

        A file is put aside while it is sent, and goes on being sent by the next call where this one is killed.

        Raises:
            TryAgain, NeedsAPerson: as ``send`` does; nothing is lost.
        """
        letters, aside = self._letters, self._letters.with_suffix(".sending")
        while aside.exists() or letters.exists():
            last = not aside.exists()
            if last:
                letters.rename(aside)
            with aside.open("rb") as lines:
                for batch in _batches(json.loadb(line)["message"] for line in lines):
                    self._send(batch)
            aside.unlink()
            if last:
                return

    @property
    def _letters(self) -> Path:
        return self._inlet.dead_letters / "inlet.jsonl"

    def _send(self, batch: Sequence[Message]) -> None:
        answer = self._posted(batch)
        if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            if len(batch) == 1:
                self._bury(batch[0], "larger than Adobe takes")
            else:
                half = len(batch) // 2
                self._send(batch[:half])
                self._send(batch[half:])
            return
        if answer.status_code not in {HTTPStatus.OK, _MULTI_STATUS}:
            raise _refusal(answer)
        responses = _body(answer).get("responses")
        if not isinstance(responses, list) or len(responses) != len(batch):
            raise TryAgain("Adobe's inlet did not answer for each message; the next run sends them again")
        for message, response in zip(batch, responses, strict=True):
            reason = _reason(response)
            if reason is None:
                self.sent += 1
            else:
                self._bury(message, reason)

    def _posted(self, batch: Sequence[Message]) -> requests.Response:
        body = json.dumpb({"messages": list(batch)})
        answer = self._post(body)
        if _is_dead(answer):
            self._token = ""
            answer = self._post(body)
        return answer

    def _post(self, body: bytes) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {self._token or self._renewed()}",
            "Content-Type": "application/json",
            "x-api-key": self._login.client_id,
            "x-gw-ims-org-id": self._login.org_id,
            "x-sandbox-name": self._inlet.sandbox,
            "x-adobe-flow-id": self._inlet.flow,
        }
        return self._asked(self._inlet.batch_url, data=body, headers=headers)

    def _renewed(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._login.client_id,
            "client_secret": self._login.client_secret,
            "scope": self._login.scope,
        }
        answer = self._asked(f"{self._ims}/ims/token/v3", data=form)
        token = _body(answer).get("access_token")
        if answer.status_code != HTTPStatus.OK or not isinstance(token, str):
            raise NeedsAPerson(
                f"Adobe's login refuses the client (HTTP {answer.status_code}): compare client id, secret and scope "
                "in Vault with the project in Adobe's Developer Console"
            )
        self._token = token
        return token

    def _asked(self, url: str, **how: Any) -> requests.Response:  # noqa: ANN401  # as requests takes it
        try:
            answer: requests.Response = self._http.session.post(url, allow_redirects=False, **how)
        except requests.RequestException as error:
            host = urlsplit(url).netloc
            raise TryAgain(f"{host} could not be asked ({type(error).__name__}); the next run goes on") from None
        return answer

    def _bury(self, message: Message, reason: str) -> None:
        self._inlet.dead_letters.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(self._letters, "ab", opener=_for_the_owner) as letters:
            letters.write(json.dumpb({"reason": reason, "message": message}) + b"\n")
            letters.flush()
            os.fsync(letters.fileno())
        self.dead += 1


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _batches(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """As many messages as one request may hold; one that is larger by itself goes alone."""
    batch: list[Message] = []
    size = 0
    for message in messages:
        length = len(json.dumpb(message)) + 1
        if batch and size + length > MOST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch


def _reason(response: object) -> str | None:
    """Why one message of a 207 was not taken; None where it was. Adobe's texts may repeat what the message says."""
    if not isinstance(response, Mapping):
        return "no answer"
    if "xactionId" in response and not str(response.get("status", "200")).startswith(("4", "5")):
        return None
    return f"status {response.get('status')}, {response.get('type') or response.get('title') or 'no type'}"


def _is_dead(answer: requests.Response) -> bool:
    """Whether Adobe refuses the token: 401, or at HTTP 400 one of two codes of the Flow Service."""
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return True
    return answer.status_code == HTTPStatus.BAD_REQUEST and any(code in _code(answer) for code in _DEAD)


def _refusal(answer: requests.Response) -> Exception:
    status, code = answer.status_code, _code(answer) or "no code"
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TryAgain(f"Adobe's inlet takes no messages now (HTTP {status}, {code}); the next run goes on")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} or _is_dead(answer):
        return NeedsAPerson(
            f"Adobe's inlet refuses the login (HTTP {status}, {code}): check the product profile of the project, its "
            "role, and the organisation and sandbox"
        )
    return NeedsAPerson(f"Adobe's inlet refuses the call (HTTP {status}, {code}): check the inlet and the flow")


def _code(answer: requests.Response) -> str:
    """The code in any of Adobe's three shapes of an error; one that holds more than a code is left out."""
    body = _body(answer)
    code = str(body.get("error_code") or str(body.get("type") or "").rpartition("/")[2])
    return code if code.isascii() and code.replace("-", "").isalnum() else ""


def _body(answer: requests.Response) -> dict[str, object]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
