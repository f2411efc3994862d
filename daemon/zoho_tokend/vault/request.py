"""The requests to Vault, as values; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from zoho_tokend.core.events import VaultOperation

_CAPABILITY: Final = {"GET": "read", "LIST": "list", "POST": "create and update", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        path: without the leading ``/v1/``, as a policy names it.
        body: sent as JSON; None for none.
        most: how many bytes of the response are read; None for any length, as of a list of names.
    """

    operation: VaultOperation
    method: str
    path: str
    body: Mapping[str, object] | None = field(default=None, repr=False)
    most: int | None = None

    @property
    def capability(self) -> str:
        """The capability that a policy must grant on the path."""
        return _CAPABILITY[self.method]


def server_health() -> Request:
    """Ask for the server's health, which needs no login: each state has status 200, and the body distinguishes them.

    https://developer.hashicorp.com/vault/api-docs/system/health
    """
    states = "standbyok=true&perfstandbyok=true&sealedcode=200&uninitcode=200&drsecondarycode=200"
    return Request(operation=VaultOperation.METADATA, method="GET", path=f"sys/health?{states}")


def login(mount: str, body: Mapping[str, object]) -> Request:
    """Log in with the auth method mounted there (https://developer.hashicorp.com/vault/api-docs/auth)."""
    return Request(operation=VaultOperation.LOGIN, method="POST", path=f"auth/{mount}/login", body=body)


def lookup_self() -> Request:
    """Look up the token that asks (https://developer.hashicorp.com/vault/api-docs/auth/token)."""
    return Request(operation=VaultOperation.LOOKUP_SELF, method="GET", path="auth/token/lookup-self")


def renew_self() -> Request:
    """Renew the token that asks."""
    return Request(operation=VaultOperation.RENEW_SELF, method="POST", path="auth/token/renew-self", body={})


def revoke_self() -> Request:
    """Revoke the token that asks."""
    return Request(operation=VaultOperation.REVOKE_SELF, method="POST", path="auth/token/revoke-self", body={})


def lookup_wrapping(wrapping_token: str) -> Request:
    """Look up where a wrapping token was created (https://developer.hashicorp.com/vault/api-docs/system/wrapping-lookup)."""
    body = {"token": wrapping_token}
    return Request(operation=VaultOperation.UNWRAP, method="POST", path="sys/wrapping/lookup", body=body)


def unwrap() -> Request:
    """Unwrap the wrapping token that asks, which works once."""
    return Request(operation=VaultOperation.UNWRAP, method="POST", path="sys/wrapping/unwrap", body={})


def describe_mount(mount: str) -> Request:
    """Describe the engine mounted there; any token may ask that can reach something below it."""
    return Request(operation=VaultOperation.METADATA, method="GET", path=f"sys/internal/ui/mounts/{mount}")


def visible_mounts() -> Request:
    """List the mounts that the token can reach; any live token may ask, whatever its policies, and no other."""
    return Request(operation=VaultOperation.METADATA, method="GET", path="sys/internal/ui/mounts")


def capabilities(paths: Sequence[str]) -> Request:
    """Ask for the token's capabilities on each path."""
    body = {"paths": list(paths)}
    return Request(operation=VaultOperation.CAPABILITIES, method="POST", path="sys/capabilities-self", body=body)
