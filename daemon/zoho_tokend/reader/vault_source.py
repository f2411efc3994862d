"""Where tokens come from: KV v2 in Vault or OpenBao, asked by hvac.

hvac's own read is passed by, for it keeps neither the status nor the headers of an answer, and Vault's clock is in one.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import Lock
from time import monotonic
from typing import Final, Self
from urllib.parse import quote

import hvac
import requests
from hvac.adapters import RawAdapter
from requests.adapters import HTTPAdapter

from zoho_tokend.reader.deadline import DeadlineAdapter
from zoho_tokend.reader.errors import (
    NoSuchConnection,
    NoSuchMount,
    NotAllowed,
    NotConfigured,
    ReaderError,
    UnknownSchema,
    VaultUnreachable,
)
from zoho_tokend.reader.memory import Sight
from zoho_tokend.reader.record import Token, token_of

_NAME: Final = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folders ``tokens`` and ``reports`` of a KV v2 mount; neither it nor the prefix has slashes at its ends."""

    mount: str = "secret"
    prefix: str = "zoho"

    @classmethod
    def named_by(cls, environment: Mapping[str, str]) -> Self:
        """The daemon's own variables: ``ZOHO_TOKEND_TOKENS_MOUNT``, else ``ZOHO_TOKEND_MOUNT``; and its ``PREFIX``."""
        usual = cls()
        mount = environment.get("ZOHO_TOKEND_TOKENS_MOUNT") or environment.get("ZOHO_TOKEND_MOUNT") or usual.mount
        return cls(mount=mount.strip("/"), prefix=environment.get("ZOHO_TOKEND_PREFIX", usual.prefix).strip("/"))

    def of(self, connection: str) -> str:
        """The token record, as a person types it after ``vault kv get``."""
        return f"{self.mount}/{self._path('tokens', connection)}"

    def of_report(self, connection: str) -> str:
        """The report that a token has died early, in the same way."""
        return f"{self.mount}/{self._path('reports', connection)}"

    def url_path(self, connection: str) -> str:
        """The token record over HTTP: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2.

        Raises:
            NoSuchConnection: no connection can have this name.
        """
        return self._url_path("tokens", connection)

    def report_url_path(self, connection: str) -> str:
        """The report over HTTP; raises what ``url_path`` does."""
        return self._url_path("reports", connection)

    def _url_path(self, folder: str, connection: str) -> str:
        if not _NAME.fullmatch(connection):
            raise NoSuchConnection(
                f"no connection can be named {connection!r}: a name has letters, digits, '-', '_' and '.', "
                "128 at most, and no dot at either end"
            )
        return quote(f"/v1/{self.mount}/data/{self._path(folder, connection)}")

    def _path(self, folder: str, connection: str) -> str:
        return "/".join(filter(None, (self.prefix, folder, connection)))


# A request without a token is a bad one to some versions, a forbidden one to others.
_REFUSALS: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_REDIRECTS: Final = range(300, 400)
_STATES: Final = {
    HTTPStatus.PRECONDITION_FAILED: "has not caught up with its own writes",
    HTTPStatus.TOO_MANY_REQUESTS: "limits the rate of requests",
    472: "is a standby",
    473: "is a standby",
    474: "is a standby",
    HTTPStatus.NOT_IMPLEMENTED: "is not initialised",
    HTTPStatus.SERVICE_UNAVAILABLE: "is sealed or in maintenance",
}


def refusal(
    status: int, *, connection: str, where: str, address: str, with_token: bool, unmounted: bool = False
) -> ReaderError:
    """The error for this status.

    Args:
        where: the record's path.
        with_token: whether a Vault token went with the question.
        unmounted: whether Vault gave a reason for having nothing there, which it has for a missing mount or namespace.
    """
    if unmounted:
        return NoSuchMount(f"nothing is mounted at {where}: check ZOHO_TOKEND_MOUNT and VAULT_NAMESPACE")
    if status == HTTPStatus.NOT_FOUND:
        return NoSuchConnection(
            f"there is no token record at {where}: check the name, ZOHO_TOKEND_MOUNT and ZOHO_TOKEND_PREFIX, "
            f"and see what 'zoho-tokend connections show {connection}' says of it"
        )
    if status in _REFUSALS:
        return _not_allowed(connection, where) if with_token else _nobody(where)
    if status in _REDIRECTS:
        return VaultUnreachable(
            f"{address} answers with a redirect, as a standby does that cannot forward: "
            "point VAULT_ADDR at the active node or at the load balancer before it"
        )
    return VaultUnreachable(f"Vault at {address} {_STATES.get(status, 'failed')} (status {status})")


def refusal_of_report(status: int, *, connection: str, where: str, address: str, with_token: bool) -> ReaderError:
    """The error for this status, in the answer to a report that a token has died early."""
    if status in _REFUSALS and with_token:
        return NotAllowed(
            f"Vault does not let this token write {where}: it has ended, or lacks the policy "
            f"that 'zoho-tokend policy reporter --connection {connection}' prints"
        )
    if status == HTTPStatus.NOT_FOUND:
        return VaultUnreachable(f"there is no KV v2 mount for {where}: check ZOHO_TOKEND_MOUNT")
    return refusal(status, connection=connection, where=where, address=address, with_token=with_token)


def _not_allowed(connection: str, where: str) -> NotAllowed:
    return NotAllowed(
        f"Vault does not let this token read {where}: it has ended, or lacks the policy "
        f"that 'zoho-tokend policy reader --connection {connection}' prints"
    )


def _nobody(where: str) -> NotAllowed:
    return NotAllowed(
        f"Vault shows {where} to nobody without a token: set VAULT_TOKEN, or pass an hvac client that has one"
    )


_CONNECT_SECONDS: Final = 3.05
_SHORTEST: Final = 0.001


class VaultSource:
    """Reads token records, one at a time, for a ``requests`` session is not promised to bear more."""

    def __init__(self, client: hvac.Client, place: Place) -> None:
        self._client = client
        self._place = place
        self._turn = Lock()
        self._session = _own_session(client.session)

    def renew(self) -> None:
        """Begin anew in a forked child, with a lock and connections of its own."""
        self._turn = Lock()
        if self._session is self._client.session:
            self._session.close()
        self._session = _own_session(self._client.session)

    def look(self, connection: str, within: timedelta) -> Sight:
        """What stands there now, or why nothing can be seen; no exception comes out."""
        deadline = monotonic() + within.total_seconds()
        if not self._turn.acquire(timeout=within.total_seconds()):
            return Sight(found=VaultUnreachable(f"Vault at {self._client.url} keeps earlier questions waiting"))
        try:
            return self._ask(connection, deadline)
        except ReaderError as error:
            return Sight(found=error)
        finally:
            self._turn.release()

    def report(self, connection: str, fingerprint: str, within: timedelta) -> ReaderError | None:
        """The report stands in Vault, or why it does not; no exception comes out."""
        deadline = monotonic() + within.total_seconds()
        if not self._turn.acquire(timeout=within.total_seconds()):
            return VaultUnreachable(f"Vault at {self._client.url} keeps earlier questions waiting")
        try:
            self._write_report(connection, {"fingerprint": fingerprint}, deadline)
        except ReaderError as error:
            return error
        finally:
            self._turn.release()
        return None

    def close(self) -> None:
        """The connection to Vault is given back."""
        self._session.close()
        self._client.adapter.close()

    def _adapter(self) -> RawAdapter:
        """A client's token may be replaced at any time by its owner, so the adapter is made anew for each question."""
        adapter = RawAdapter.from_adapter(self._client.adapter)
        adapter.session = self._session
        adapter.ignore_exceptions = True
        return adapter

    def _ask(self, connection: str, deadline: float) -> Sight:
        adapter = self._adapter()
        answer = _sent(adapter, "get", self._place.url_path(connection), deadline)
        if answer.status_code != HTTPStatus.OK:
            raise refusal(
                answer.status_code,
                connection=connection,
                where=self._place.of(connection),
                address=adapter.base_uri,
                with_token=bool(adapter.token),
                unmounted=_is_unmounted(answer),
            )
        return Sight(found=self._token(connection, answer, adapter.base_uri), date=_date(answer))

    def _write_report(self, connection: str, fields: Mapping[str, str], deadline: float) -> None:
        """A mount may insist on check-and-set; then a report that stands there already is as good as ours."""
        adapter, path = self._adapter(), self._place.report_url_path(connection)
        answer = _sent(adapter, "post", path, deadline, {"data": fields})
        if _names_check_and_set(answer):
            answer = _sent(adapter, "post", path, deadline, {"data": fields, "options": {"cas": 0}})
        if answer.status_code != HTTPStatus.OK and not _names_check_and_set(answer):
            raise refusal_of_report(
                answer.status_code,
                connection=connection,
                where=self._place.of_report(connection),
                address=adapter.base_uri,
                with_token=bool(adapter.token),
            )

    def _token(self, connection: str, answer: requests.Response, address: str) -> Token:
        where = self._place.of(connection)
        try:
            body = answer.json()
        except requests.exceptions.JSONDecodeError:
            raise VaultUnreachable(f"{address} does not answer as Vault does: check VAULT_ADDR") from None
        except (ValueError, RecursionError):
            raise UnknownSchema(f"{where} holds what cannot be parsed, so the daemon did not write it") from None
        try:
            fields = body["data"]["data"]
        except (KeyError, TypeError):
            fields = None
        if not isinstance(fields, dict):
            raise UnknownSchema(f"{where} does not lie in a KV v2 mount: check ZOHO_TOKEND_MOUNT")
        return token_of(fields, connection=connection, where=where)


def vault_source(
    client: hvac.Client | None, environment: Mapping[str, str], *, mount: str | None, prefix: str | None
) -> VaultSource:
    """Upon this client, or upon one by the environment; a mount or prefix that is given goes before that one's.

    Raises:
        NotConfigured: there is neither a client nor ``VAULT_ADDR``.
    """
    place = Place.named_by(environment)
    place = replace(place, mount=place.mount if mount is None else mount.strip("/"))
    place = replace(place, prefix=place.prefix if prefix is None else prefix.strip("/"))
    return VaultSource(client or _client(environment), place)


def _client(environment: Mapping[str, str]) -> hvac.Client:
    """By ``VAULT_ADDR``, ``VAULT_TOKEN``, ``VAULT_NAMESPACE`` and ``VAULT_CACERT``, and nothing else: no proxies.

    A redirect is not followed, for ``requests`` would send the Vault token along to whatever host it names.
    """
    address = environment.get("VAULT_ADDR", "").rstrip("/")
    if not address:
        raise NotConfigured("VAULT_ADDR is not set: say where Vault is, as in https://vault.example:8200")
    session = requests.Session()
    session.trust_env = False
    session.verify = environment.get("VAULT_CACERT") or True
    return hvac.Client(
        address,
        token=environment.get("VAULT_TOKEN", ""),
        namespace=environment.get("VAULT_NAMESPACE") or None,
        session=session,
        allow_redirects=False,
    )


def _own_session(session: requests.Session) -> requests.Session:
    """The same with connections of its own, whose answers keep to a deadline; an unusual session is used as it is."""
    usual = type(session) is requests.Session and all(type(each) is HTTPAdapter for each in session.adapters.values())
    if not usual:
        return session
    own = copy(session)
    own.adapters = OrderedDict()
    for prefix in session.adapters:
        own.mount(prefix, DeadlineAdapter())
    return own


def _sent(adapter: RawAdapter, method: str, path: str, deadline: float, body: object = None) -> requests.Response:
    seconds = max(deadline - monotonic(), _SHORTEST)
    connect = min(_CONNECT_SECONDS, seconds / 2)
    try:
        return adapter.request(method, path, json=body, timeout=(connect, seconds - connect))
    except OSError as error:  # every exception of requests is one, and so is a CA bundle that does not exist
        raise _unreachable(error, adapter.base_uri, seconds) from error


def _is_unmounted(answer: requests.Response) -> bool:
    """Of a missing record Vault says no more than ``{"errors": []}``, of a deleted one who deleted it and when."""
    if answer.status_code != HTTPStatus.NOT_FOUND:
        return False
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and bool(body.get("errors"))


def _names_check_and_set(answer: requests.Response) -> bool:
    """https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#cas_required."""
    return answer.status_code == HTTPStatus.BAD_REQUEST and "check-and-set" in answer.text


def _unreachable(error: OSError, address: str, seconds: float) -> VaultUnreachable:
    match error:
        case requests.exceptions.SSLError():
            why = "no TLS connection that can be trusted: check VAULT_CACERT, and http or https in VAULT_ADDR"
        case requests.exceptions.Timeout() | requests.exceptions.ConnectionError() if _is_late(error):
            why = f"no answer within {seconds:.0f} s"
        case requests.exceptions.ConnectionError():
            why = "no connection: check VAULT_ADDR, and whether it runs"
        case requests.exceptions.RequestException():
            why = "it cannot be asked: check VAULT_ADDR"
        case _:
            why = "the file of VAULT_CACERT cannot be read"
    return VaultUnreachable(f"Vault at {address}: {why}")


def _is_late(error: OSError) -> bool:
    """Whether the answer took too long; where its body did, `requests` speaks of the connection."""
    return isinstance(error, requests.exceptions.Timeout) or "Read timed out" in str(error)


def _date(answer: requests.Response) -> datetime | None:
    try:
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
