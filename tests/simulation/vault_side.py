"""Vault as the daemons and the jobs meet it: KV v2 with CAS and versions, logins that end, policies that deny."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Final

from tests.simulation.era import instant
from tests.simulation.virtual_loop import Process
from zoho_tokend.vault.request import Request
from zoho_tokend.vault.response import VaultResponse

LEASE_SECONDS: Final = 3600
_MAX_VERSIONS: Final = 10
_DATA: Final = "secret/data/zoho/"
_METADATA: Final = "secret/metadata/zoho/"
_STALE: Final = "check-and-set parameter did not match the current version"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record; ``fields`` is None once it was deleted."""

    number: int
    fields: Mapping[str, object] | None
    at: float


Written = Callable[[str, Version | None, Version, Process | None], None]
"""Called at each write: the path, the version before, the new one, and the process that wrote it (None: by hand)."""

Snapshot = Mapping[str, tuple[Version, ...]]
"""Every record with its versions, as a backup of Vault's storage has them."""


class VaultSide:
    """One server.

    Attributes:
        denied: pairs of ``read`` or ``write`` and a path, which the policy of the daemons does not allow.
        refuses_logins: no login is accepted.
        written: called at each write.
    """

    def __init__(self, now: Callable[[], float], written: Written) -> None:
        self._now = now
        self._records: dict[str, list[Version]] = {}
        self._logins: dict[str, float] = {}
        self._numbers = count(1)
        self.denied: set[tuple[str, str]] = set()
        self.refuses_logins = False
        self.written = written

    # --- what people do ----------------------------------------------------------------------------------------

    def put(self, path: str, fields: Mapping[str, object]) -> None:
        """As ``vault kv put``."""
        self._append(path, fields, None)

    def delete(self, path: str) -> None:
        """As ``vault kv delete``: its number stays the current one."""
        if versions := self._records.get(path):
            versions[-1] = Version(versions[-1].number, None, versions[-1].at)

    def erase(self, path: str) -> None:
        """As ``vault kv metadata delete``: its next version is number 1."""
        self._records.pop(path, None)

    def snapshot(self) -> Snapshot:
        """As ``vault operator raft snapshot save``."""
        return {path: tuple(versions) for path, versions in self._records.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """As ``vault operator raft snapshot restore``: whatever was written since is gone."""
        self._records = {path: list(versions) for path, versions in snapshot.items()}

    def fields(self, path: str) -> Mapping[str, object] | None:
        """What stands there."""
        versions = self._records.get(path)
        return versions[-1].fields if versions else None

    def versions(self, path: str) -> list[Version]:
        """All that are remembered, oldest first."""
        return self._records.get(path, [])

    def end_all_logins(self) -> None:
        """Every token that a login gave is dead."""
        self._logins.clear()

    # --- what daemons ask --------------------------------------------------------------------------------------

    def answer(self, request: Request, token: str | None, process: Process) -> VaultResponse:
        """What Vault says to one request, and does."""
        if request.path == "auth/approle/login":
            return self._log_in()
        if token is None or self._logins.get(token, -inf) < self._now():
            return _answer(403, errors=["permission denied"])
        kind, path = _split(request)
        match request.method, kind:
            case "GET", "data":
                return self._denied("read", path) or self._read(path)
            case "POST", "data":
                return self._denied("write", path) or self._write(path, request.body or {}, process)
            case "DELETE", "data":
                self.delete(path)
                return _answer(204)
            case "DELETE", "metadata":
                self.erase(path)
                return _answer(204)
            case "LIST", "metadata":
                return self._list(path)
            case "GET", "metadata":
                return self._denied("read", path) or self._versions(path)
            case _:
                return self._about_the_caller(request, token)

    def _about_the_caller(self, request: Request, token: str) -> VaultResponse:
        match request.path:
            case "auth/token/lookup-self":
                return _answer(200, data={"ttl": int(self._logins[token] - self._now())})
            case "auth/token/renew-self":
                self._logins[token] = self._now() + LEASE_SECONDS
                return _answer(200, auth={"lease_duration": LEASE_SECONDS, "renewable": True})
            case "auth/token/revoke-self":
                del self._logins[token]
                return _answer(204)
            case "sys/capabilities-self":
                paths = (request.body or {}).get("paths")
                assert isinstance(paths, list)
                return _answer(200, data={path: self._may(path) for path in paths})
            case _:
                return _answer(200, data={"options": {"version": "2"}})

    def _log_in(self) -> VaultResponse:
        if self.refuses_logins:
            return _answer(400, errors=["invalid role or secret ID"])
        token = f"hvs.{next(self._numbers)}"
        self._logins[token] = self._now() + LEASE_SECONDS
        auth = {"client_token": token, "lease_duration": LEASE_SECONDS, "renewable": True, "token_type": "service"}
        return _answer(200, auth=auth)

    def _may(self, path: str) -> list[str]:
        return ["read"] if ("write", path.removeprefix(_DATA)) in self.denied else ["create", "read", "update"]

    def _denied(self, verb: str, path: str) -> VaultResponse | None:
        return _answer(403, errors=["permission denied"]) if (verb, path) in self.denied else None

    def _read(self, path: str) -> VaultResponse:
        versions = self._records.get(path)
        if not versions:
            return _answer(404, errors=[])
        latest = versions[-1]
        status = 404 if latest.fields is None else 200
        metadata = {"version": latest.number, "created_time": instant(latest.at).isoformat()}
        return _answer(status, data={"data": latest.fields, "metadata": metadata})

    def _write(self, path: str, body: Mapping[str, object], process: Process) -> VaultResponse:
        fields, options = body["data"], body.get("options")
        assert isinstance(fields, Mapping)
        versions = self._records.get(path)
        current = versions[-1].number if versions else 0
        if isinstance(options, Mapping) and options.get("cas", current) != current:
            return _answer(400, errors=[_STALE])
        return _answer(200, data={"version": self._append(path, dict(fields), process)})

    def _list(self, path: str) -> VaultResponse:
        found = [name.removeprefix(f"{path}/") for name in self._records if name.startswith(f"{path}/")]
        return _answer(200, data={"keys": found}) if found else _answer(404, errors=[])

    def _versions(self, path: str) -> VaultResponse:
        known = {
            str(version.number): {"created_time": instant(version.at).isoformat(), "deletion_time": ""}
            for version in self._records.get(path, ())
        }
        return _answer(200, data={"versions": known}) if known else _answer(404, errors=[])

    def _append(self, path: str, fields: Mapping[str, object], process: Process | None) -> int:
        versions = self._records.setdefault(path, [])
        before = versions[-1] if versions else None
        new = Version(before.number + 1 if before else 1, fields, self._now())
        versions.append(new)
        if len(versions) > _MAX_VERSIONS:
            del versions[0]
        self.written(path, before, new, process)
        return new.number


def _split(request: Request) -> tuple[str, str]:
    if request.path.startswith(_DATA):
        return "data", request.path.removeprefix(_DATA)
    if request.path.startswith(_METADATA):
        return "metadata", request.path.removeprefix(_METADATA)
    return "", request.path


def _answer(status: int, **body: object) -> VaultResponse:
    return VaultResponse(status=status, body=body)
