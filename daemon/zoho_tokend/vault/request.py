"""What Vault can be asked for, as values; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from zoho_tokend.core.events import VaultOperation

_CAPABILITY: Final = {"GET": "read", "LIST": "list", "POST": "create and update", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        path: without the leading ``/v1/``, just as a policy names it.
        body: sent as JSON; None for none.
        most: as many bytes as the answer is read for; None where it may have any length, as a list of names may.
    """

    operation: VaultOperation
    method: str
    path: str
    body: Mapping[str, object] | None = field(default=None, repr=False)
    most: int | None = None

    @property
    def capability(self) -> str:
        """What a policy must allow on the path, in the words of a policy."""
        return _CAPABILITY[self.method]


def server_health() -> Request:
    """What the server says of itself to anybody: each state has status 200, and the body tells them apart.

    https://developer.hashicorp.com/vault/api-docs/system/health
    """
    states = "standbyok=true&perfstandbyok=true&sealedcode=200&uninitcode=200&drsecondarycode=200"
    return Request(operation=VaultOperation.METADATA, method="GET", path=f"sys/health?{states}")


def login(mount: str, body: Mapping[str, object]) -> Request:
    """A login at the auth method mounted there (https://developer.hashicorp.com/vault/api-docs/auth)."""
    return Request(operation=VaultOperation.LOGIN, method="POST", path=f"auth/{mount}/login", body=body)


def lookup_self() -> Request:
    """What the token that asks is (https://developer.hashicorp.com/vault/api-docs/auth/token)."""
    return Request(operation=VaultOperation.LOOKUP_SELF, method="GET", path="auth/token/lookup-self")


def renew_self() -> Request:
    """A longer life for the token that asks."""
    return Request(operation=VaultOperation.RENEW_SELF, method="POST", path="auth/token/renew-self", body={})


def revoke_self() -> Request:
    """The end of the token that asks."""
    return Request(operation=VaultOperation.REVOKE_SELF, method="POST", path="auth/token/revoke-self", body={})


def lookup_wrapping(wrapping_token: str) -> Request:
    """Where a wrapping token comes from (https://developer.hashicorp.com/vault/api-docs/system/wrapping-lookup)."""
    body = {"token": wrapping_token}
    return Request(operation=VaultOperation.UNWRAP, method="POST", path="sys/wrapping/lookup", body=body)


def unwrap() -> Request:
    """What the wrapping token that asks has wrapped; it can be had once."""
    return Request(operation=VaultOperation.UNWRAP, method="POST", path="sys/wrapping/unwrap", body={})


def describe_mount(mount: str) -> Request:
    """What engine is mounted there; any token may ask that can reach something below it."""
    return Request(operation=VaultOperation.METADATA, method="GET", path=f"sys/internal/ui/mounts/{mount}")


def visible_mounts() -> Request:
    """What the token that asks can reach; any live token may ask, whatever its policies, and no other."""
    return Request(operation=VaultOperation.METADATA, method="GET", path="sys/internal/ui/mounts")


def capabilities(paths: Sequence[str]) -> Request:
    """What the token that asks may do on each path."""
    body = {"paths": list(paths)}
    return Request(operation=VaultOperation.CAPABILITIES, method="POST", path="sys/capabilities-self", body=body)
