"""Errors are named by what happens next.

    TokendError
    ├── Retryable                 back off and try again
    │     ├── ZohoUnavailable     network, time-out, 5xx, HTML, unreadable, ``general_error``, an unknown code
    │     ├── Throttled           Zoho's limit, known by its text at any status
    │     └── VaultUnavailable    network, 5xx, sealed, standby, 412, 429
    ├── Conflict                  another writer was first: re-read, decide again
    ├── NoCredential              the credential is gone: forget the connection
    ├── NoClient                  the client that a person names is not recorded
    ├── NeedsPerson               park, and say who must do what
    │     ├── GrantRejected       ``invalid_code``, ``invalid_grant``
    │     ├── ClientRejected      ``invalid_client``, ``invalid_client_secret``, wrong data centre
    │     ├── RecordUnreadable    a Vault record is not what it must be
    │     └── NotAllowed
    │           ├── VaultForbidden     Vault's policy denies it
    │           └── ServerNotAllowed   an accounts server outside the allow-list
    └── Fatal                     the process cannot do its job: exit, non-zero
          ├── BadSettings
          └── VaultLoginRefused

A message is one sentence for a person. It never holds a secret, nor a byte of a foreign response body.
"""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar


class Outcome(StrEnum):
    """How a refresh ended: the label values of ``zoho_tokend_refreshes_total{outcome}``."""

    SUCCESS = "success"
    ADOPTED = "adopted"
    THROTTLED = "throttled"
    GRANT_REJECTED = "grant_rejected"
    CLIENT_REJECTED = "client_rejected"
    ZOHO_UNAVAILABLE = "zoho_unavailable"
    VAULT_UNAVAILABLE = "vault_unavailable"
    VAULT_FORBIDDEN = "vault_forbidden"
    RECORD_UNREADABLE = "record_unreadable"


class TokendError(Exception):
    """The root of every error of our own; its text is one sentence for a person."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").partition("\n")[0])


class RefreshError(TokendError):
    """A refresh did not bring a new token."""

    outcome: ClassVar[Outcome]


class Retryable(RefreshError):
    """Trying again later may help, without anybody doing anything.

    Attributes:
        retry_after: the least time to wait, where the other side named one.
    """

    def __init__(self, message: str | None = None, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ZohoUnavailable(Retryable):
    """Zoho gave no usable answer."""

    outcome = Outcome.ZOHO_UNAVAILABLE


class Throttled(Retryable):
    """Zoho says that too many tokens were asked for."""

    outcome = Outcome.THROTTLED


class VaultUnavailable(Retryable):
    """Vault gave no usable answer."""

    outcome = Outcome.VAULT_UNAVAILABLE


class Conflict(TokendError):
    """Another writer stored a version first."""


class NoCredential(TokendError):
    """There is no credential of this name, or its latest version is deleted."""


class NoClient(TokendError):
    """There is no client of this name."""


class NeedsPerson(RefreshError):
    """Only a person, or a changed record, can help."""


class GrantRejected(NeedsPerson):
    """Zoho does not accept the refresh token."""

    outcome = Outcome.GRANT_REJECTED


class ClientRejected(NeedsPerson):
    """Zoho does not accept the client."""

    outcome = Outcome.CLIENT_REJECTED


class RecordUnreadable(NeedsPerson):
    """A record in Vault is not what it must be.

    Attributes:
        stamp: which versions of the records were read, so that a changed one is noticed; None when unknown.
    """

    outcome = Outcome.RECORD_UNREADABLE

    def __init__(self, message: str | None = None, *, stamp: str | None = None) -> None:
        super().__init__(message)
        self.stamp = stamp


class NotAllowed(NeedsPerson):
    """Something forbids this."""


class VaultForbidden(NotAllowed):
    """Vault's policy denies it."""

    outcome = Outcome.VAULT_FORBIDDEN


class ServerNotAllowed(NotAllowed):
    """The accounts server is outside the allow-list; nothing was sent to it."""

    outcome = Outcome.RECORD_UNREADABLE


class Fatal(TokendError):
    """The process cannot do its job."""


class BadSettings(Fatal):
    """The settings are not usable; the text lists every problem, one a line."""


class VaultLoginRefused(Fatal):
    """Vault refuses the login."""
