"""What it means that Vault answered without a record, or did not take a report; pure.

Status codes: https://developer.hashicorp.com/vault/api-docs#http-status-codes and
https://developer.hashicorp.com/vault/api-docs/system/health.
"""

from http import HTTPStatus
from typing import Final

from zoho_tokend.reader.errors import NoSuchConnection, NoSuchMount, NotAllowed, ReaderError, VaultUnreachable

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
