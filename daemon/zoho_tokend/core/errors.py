"""Errors are named by what happens next.

    TokendError
    ├── Retryable                 back off and try again
    │     ├── ZohoUnavailable     network, time-out, 5xx, HTML, unreadable, ``general_error``, an unknown code
    │     │     └── NeverSent     not reached: whatever the request would have spent is still good
    │     ├── Throttled           Zoho's limit, known by its text at any status
    │     └── VaultUnavailable    network, 5xx, sealed, standby, 412, 429
    ├── Conflict                  another writer was first: re-read, decide again
    ├── LeaseUnavailable          no usable answer about the lease: ask again
    ├── LeaseRefused              the cluster does not let us have a lease: say who must do what, and ask again
    ├── NoCredential              the credential is gone: forget the connection
    ├── NoClient                  the client that a person names is not recorded
    ├── TargetTaken               a publish target's path holds somebody else's record: left alone, tried again
    ├── NeedsPerson               park, and say who must do what
    │     ├── GrantRejected       ``invalid_code``, ``invalid_grant``
    │     ├── ClientRejected      ``invalid_client``, ``invalid_client_secret``, wrong data centre
    │     ├── RecordUnreadable    a Vault record is not what it must be
    │     │     ├── GrantRevoked  a person ended the grant: nobody is called
    │     │     └── ClientNotAllowed   the client's record does not allow this use of it: nothing is sent
    │     └── NotAllowed
    │           ├── VaultForbidden     Vault's policy denies it
    │           └── ServerNotAllowed   an accounts server outside the allow-list
    ├── ConsentFailed             a consent did not become a connection: a person does one thing, and begins again
    │     ├── ConsentRefused      the user, or Zoho, said no
    │     ├── WrongState          the redirect answers another request
    │     ├── RedirectUnreadable  the redirect holds no code
    │     ├── CodeRejected        expired, used, or made for another client or redirect URI
    │     ├── CodeMaybeSpent      no usable answer to the exchange, and the code is for one use
    │     ├── DeviceCodeExpired   nobody entered the user code in time
    │     ├── RedirectUriRejected, ScopeRejected, OrganisationRejected
    │     ├── NoRefreshToken      consent was online, or repeated without the page
    │     └── WrongDataCenter     the client is not known where the user lives
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
    REVOKED = "revoked"
    CLIENT_NOT_ALLOWED = "client_not_allowed"


class TokendError(Exception):
    """The root of every error of our own; its text is one sentence for a person."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").partition("\n")[0].removesuffix("."))


class RefreshError(TokendError):
    """A refresh did not bring a new token."""

    outcome: ClassVar[Outcome]


class Retryable(RefreshError):
    """Trying again later may help, without anybody doing anything.

    Attributes:
        retry_after: the least time to wait, where the other side named one, or asks for fewer requests at once (then
            it may be nothing).
    """

    def __init__(self, message: str | None = None, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ZohoUnavailable(Retryable):
    """Zoho gave no usable answer."""

    outcome = Outcome.ZOHO_UNAVAILABLE


class NeverSent(ZohoUnavailable):
    """Zoho was not reached, so nothing of the request left."""


class Throttled(Retryable):
    """Zoho says that too many tokens were asked for."""

    outcome = Outcome.THROTTLED


class VaultUnavailable(Retryable):
    """Vault gave no usable answer."""

    outcome = Outcome.VAULT_UNAVAILABLE


class Conflict(TokendError):
    """Another writer stored a version first."""


class LeaseUnavailable(TokendError):
    """The cluster gave no usable answer about the lease.

    Attributes:
        retry_after: the least time to wait, where the other side named one.
    """

    def __init__(self, message: str | None = None, *, retry_after: timedelta = timedelta()) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LeaseRefused(TokendError):
    """The cluster does not let this process have a lease."""


class NoCredential(TokendError):
    """There is no credential of this name, or its latest version is deleted."""


class NoClient(TokendError):
    """There is no client of this name."""


class TargetTaken(TokendError):
    """Where a publish target's record is to be written, somebody else's stands."""


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


class GrantRevoked(RecordUnreadable):
    """A person ended the grant, and its credential says so."""

    outcome = Outcome.REVOKED


class ClientNotAllowed(RecordUnreadable):
    """The record of the client does not allow this use of it; nothing was sent."""

    outcome = Outcome.CLIENT_NOT_ALLOWED


class NotAllowed(NeedsPerson):
    """Something forbids this."""


class VaultForbidden(NotAllowed):
    """Vault's policy denies it."""

    outcome = Outcome.VAULT_FORBIDDEN


class ServerNotAllowed(NotAllowed):
    """The accounts server is outside the allow-list; nothing was sent to it."""

    outcome = Outcome.RECORD_UNREADABLE


class ConsentFailed(TokendError):
    """A consent did not become a connection.

    Attributes:
        sentence: what happened and what to do, where nobody knows better.
    """

    sentence: ClassVar[str] = "the consent did not become a connection: begin again"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.sentence)


class ConsentRefused(ConsentFailed):
    """The user, or Zoho, said no.

    Zoho says it of the eleventh code within ten minutes, too: https://zohohelp.com/crm/developer/docs/api/v8/token-validity.html
    """

    sentence = (
        "the consent was refused on Zoho's page, or Zoho gives this client no more codes for now (10 in 10 minutes), "
        "so nothing was granted: begin again and accept there, or wait ten minutes"
    )


class WrongState(ConsentFailed):
    """The redirect answers another request than ours."""

    sentence = (
        "the redirect answers another request than the one begun here, for its state differs: open the URL that was "
        "printed last, and use the address on which that very page ends"
    )


class RedirectUnreadable(ConsentFailed):
    """The redirect holds no code."""

    sentence = (
        "the redirect holds no code: give the whole address on which the browser ended after the consent, "
        "with everything behind its question mark"
    )


class CodeRejected(ConsentFailed):
    """Zoho does not accept the code."""

    sentence = (
        "Zoho does not accept the code: it expired, was used before, or was made for another client, redirect URI or "
        "data centre; get a new one, and use it once and within its minutes"
    )


class CodeMaybeSpent(ConsentFailed):
    """There was no usable answer to the exchange of a code."""

    sentence = (
        "Zoho gave no usable answer to the code, which is good for one use and may be spent: consent again, and use "
        "the new code"
    )


class DeviceCodeExpired(ConsentFailed):
    """Nobody entered the user code in time."""

    sentence = "the user code expired before anybody accepted it on Zoho's page: begin again, and enter the new one"


class RedirectUriRejected(ConsentFailed):
    """The redirect URI is not one of the client's."""

    sentence = (
        "Zoho does not accept the redirect URI: it must be, letter by letter, one that is registered for the client in "
        "Zoho's API console, and the one with which the consent began"
    )


class ScopeRejected(ConsentFailed):
    """A scope does not exist, or the client may not have it."""

    sentence = (
        "Zoho does not know one of the scopes, or does not give it to this client: correct the scope, "
        "such as ZohoCRM.modules.READ, with commas between several"
    )


class OrganisationRejected(ConsentFailed):
    """Zoho does not know the organisation for which a client asks on its own behalf."""

    sentence = "Zoho does not know the organisation: soid is ZohoCRM. and the organisation's id, such as ZohoCRM.60001"


class NoRefreshToken(ConsentFailed):
    """The consent brought an access token alone, which dies within the hour."""

    sentence = (
        "Zoho gave no refresh token, so nothing would be left to refresh: the consent was online, or repeated without "
        "the consent page; consent again with access_type=offline and prompt=consent"
    )


class WrongDataCenter(ConsentFailed):
    """The client is not known in the data centre where the user lives."""

    sentence = (
        "the user lives in another data centre than the client: enable that data centre for the client in Zoho's API "
        "console, and store the secret that the console shows for it"
    )


class Fatal(TokendError):
    """The process cannot do its job."""


class BadSettings(Fatal):
    """The settings are not usable; the text lists every problem, one a line."""


class VaultLoginRefused(Fatal):
    """Vault refuses the login."""
