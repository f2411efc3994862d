"""Vault's responses, classified by what they mean; pure.

Status codes: https://developer.hashicorp.com/vault/api-docs#http-status-codes and
https://developer.hashicorp.com/vault/api-docs/system/health.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from json import JSONDecodeError
from typing import Final

from zoho_tokend.core.events import VaultOutcome

# No status of their own: KV v2 refuses a stale write with a plain 400, and an unmounted path with a plain 404
# (https://github.com/hashicorp/vault-plugin-secrets-kv/blob/main/path_data.go).
_STALE_WRITE: Final = "check-and-set parameter did not match the current version"
_UNMOUNTED: Final = "no handler for route"
_SEALED: Final = "sealed"

_FORBIDDEN: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_STANDBY: Final = frozenset({472, 473, 474})
_PASSING: Final = frozenset({HTTPStatus.PRECONDITION_FAILED, HTTPStatus.TOO_MANY_REQUESTS}) | _STANDBY
_SUCCESSES: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_CLIENT_ERRORS: Final = range(400, 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultResponse:
    """One response of Vault.

    Attributes:
        body: the JSON object; empty where there was no body, None where it was something else and so not Vault's.
        unreadable: why a record's body cannot be used ("is larger than 64 kB"); empty for any other response.
        retry_after: the least time to wait, where the response named one.
    """

    status: int
    body: Mapping[str, object] | None = field(repr=False)
    retry_after: timedelta | None = None
    unreadable: str = ""

    @property
    def outcome(self) -> VaultOutcome:
        """What the response means; ``unavailable`` where it is not usable."""
        if self.body is None or self.status in _PASSING:
            return VaultOutcome.UNAVAILABLE
        if self.status in _SUCCESSES:
            return VaultOutcome.OK
        if self.status == HTTPStatus.NOT_FOUND:
            return VaultOutcome.NOT_FOUND
        if self.status in _FORBIDDEN:
            return VaultOutcome.FORBIDDEN
        if self.status not in _CLIENT_ERRORS:
            return VaultOutcome.UNAVAILABLE
        return VaultOutcome.CONFLICT if self._says(_STALE_WRITE) else VaultOutcome.REFUSED

    @property
    def wait(self) -> timedelta | None:
        """The least time to wait before the next request; None where Vault is not overloaded."""
        busy = self.status == HTTPStatus.SERVICE_UNAVAILABLE and not self._says(_SEALED)
        limited = busy or self.status == HTTPStatus.TOO_MANY_REQUESTS
        return self.retry_after or (timedelta() if limited else None)

    @property
    def unmounted(self) -> bool:
        """Whether no engine is mounted at the path asked for."""
        return self._says(_UNMOUNTED)

    def at(self, *names: str) -> object:
        """Return the value in the body under these nested names; None where there is none."""
        found: object = self.body
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def complaint(self, address: str) -> str:
        """Return why the response is not usable, as a sentence without any of the body."""
        if self.status in _REDIRECTS:
            return (
                f"{address} answers with a redirect, as a standby does that cannot forward: "
                "point VAULT_ADDR at the active node or at the load balancer before it"
            )
        if self.status in _STANDBY:
            return f"Vault at {address} is a standby (status {self.status})"
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return f"Vault at {address} limits the rate of requests (status 429)"
        if self.status == HTTPStatus.PRECONDITION_FAILED:
            return f"Vault at {address} has not caught up with its own writes (status 412)"
        if self.status == HTTPStatus.NOT_IMPLEMENTED:
            return f"Vault at {address} is not initialised"
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE and self._says(_SEALED):
            return f"Vault at {address} is sealed"
        if self.body is None:
            return f"{address} does not answer as Vault does (status {self.status}): check VAULT_ADDR, http or https"
        return f"Vault at {address} failed (status {self.status})"

    def _says(self, text: str) -> bool:
        errors = self.at("errors")
        return isinstance(errors, list) and any(text in error for error in errors if isinstance(error, str))


def parse_response(
    status: int, content: bytes | None, *, most: int | None = None, retry_after: timedelta | None
) -> VaultResponse:
    """Return the response with this body.

    Args:
        content: None where there were more bytes than ``most``, and the rest was not read.
        most: how many a response with a record may have; None for any length.
    """
    body: object = {}
    unreadable = "" if content is not None else f"is larger than {(most or 0) // 1024} kB, and no such record is"
    try:
        body = json.loads(content) if content else {}
    except (JSONDecodeError, UnicodeDecodeError):
        body = None
    except (ValueError, RecursionError):  # a number of more than 4,300 digits, or more levels than Python goes down
        body = {} if most else None
        unreadable = "holds a number of too many digits, or lists nested too deeply"
    return VaultResponse(
        status=status, body=body if isinstance(body, dict) else None, retry_after=retry_after, unreadable=unreadable
    )
