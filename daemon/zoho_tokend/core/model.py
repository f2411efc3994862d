"""The values that everything else speaks of: secrets, credentials, tokens and their records."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType

from zoho_tokend.core.origin import Origin

ConnectionName = NewType("ConnectionName", str)

_NAME: Final = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?")


NAME_RULE: Final = "a connection's name has letters, digits, '-', '_' and '.', 128 at most, and no dot at either end"


def connection_name(text: str) -> ConnectionName:
    """The text as a connection's name.

    Letters, digits, ``-``, ``_`` and ``.``, 128 at most. A dot stands neither first nor last: Vault refuses a path
    that ends in one (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2).

    Raises:
        ValueError: it is no such name; the text says what would be.
    """
    if not _NAME.fullmatch(text):
        raise ValueError(NAME_RULE)
    return ConnectionName(text)


class Secret:
    """A text that cannot print itself; ``reveal`` shows the few places that spend it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def fingerprint(self) -> str:
        """The first 16 hex digits of its SHA-256: tells two secrets apart without holding either."""
        return hashlib.sha256(self._text.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One application of Zoho's API console, as it is to be used at one accounts server."""

    client_id: str
    client_secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenGrant:
    """The grant of a consent: a refresh token that stays the same for years."""

    refresh_token: Secret

    @property
    def key(self) -> str:
        """What Zoho counts issues by: the refresh token, as a fingerprint."""
        return self.refresh_token.fingerprint()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentialsGrant:
    """The grant without a user: the client asks for itself, in one organisation (``soid``)."""

    soid: str
    scope: str

    @property
    def key(self) -> str:
        """What Zoho counts issues by, for want of a refresh token: the organisation and scope asked for."""
        return hashlib.sha256(f"{self.soid} {self.scope}".encode()).hexdigest()[:16]


Grant = RefreshTokenGrant | ClientCredentialsGrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The long-lived record of a connection, read from Vault for one refresh and dropped after it.

    Attributes:
        stamp: which versions of the records it was read from; a different stamp is a changed credential.
        version: the KV version of the credential's own record, for CAS.
        refresh_at: the share of a token's life after which it is replaced, where the record overrides the setting.
    """

    connection: ConnectionName
    client: Client
    grant: Grant
    accounts_server: Origin
    scope: str | None = None
    refresh_at: float | None = None
    stamp: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What Zoho handed out.

    Attributes:
        token_type: as Zoho said it (``Bearer``), although its CRM wants ``Zoho-oauthtoken`` in the header.
        api_domain: where to use the token; None when the answer omits it.
        scope: as Zoho said it; None when the answer omits it.
        refresh_token: None, unless Zoho sent one.
    """

    access_token: Secret
    token_type: str
    lifetime: timedelta
    api_domain: str | None = None
    scope: str | None = None
    refresh_token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """The short-lived record that jobs read from Vault."""

    connection: ConnectionName
    access_token: Secret
    token_type: str
    issued_at: datetime
    expires_at: datetime
    refresh_after: datetime
    api_domain: str
    accounts_server: str
    data_center: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What stands in Vault under a token record's path.

    Attributes:
        version: the KV version to name in the next write; 0 when there never was one.
        record: None when there is none, or none that can be read.
    """

    version: int
    record: TokenRecord | None
