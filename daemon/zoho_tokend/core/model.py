"""The values that everything else speaks of: secrets, credentials, tokens and their records."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
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


class GrantType(StrEnum):
    """The ways to ask Zoho for a token: the values of a credential's ``grant_type``."""

    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant
    CLIENT_CREDENTIALS = "client_credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenGrant:
    """The grant of a consent: a refresh token that stays the same for years."""

    refresh_token: Secret

    @property
    def type(self) -> GrantType:
        """Its grant type."""
        return GrantType.REFRESH_TOKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentialsGrant:
    """The grant without a user: the client asks for itself, in one organisation (``soid``)."""

    soid: str
    scope: str

    @property
    def type(self) -> GrantType:
        """Its grant type."""
        return GrantType.CLIENT_CREDENTIALS


Grant = RefreshTokenGrant | ClientCredentialsGrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The long-lived record of a connection, read from Vault for one refresh and dropped after it.

    Attributes:
        stamp: which versions of the records it was read from; a different stamp is a changed credential.
        version: the KV version of the credential's own record, for CAS.
        refresh_at: the share of a token's life after which it is replaced, where the record overrides the setting.
        unrestricted_client: the name of its client, where that one's record lets any connection use it; None where it
            names its connections, and where the credential brings its own client.
    """

    connection: ConnectionName
    client: Client
    grant: Grant
    accounts_server: Origin
    scope: str | None = None
    refresh_at: float | None = None
    stamp: str
    version: int
    unrestricted_client: str | None = None

    @property
    def budget_key(self) -> str:
        """What Zoho counts issues by, as a fingerprint: the refresh token, or else client, organisation and scope.

        The client's secret is part of it: whoever knows no more than a client's id spends nothing of its budget.
        """
        match self.grant:
            case RefreshTokenGrant(refresh_token=refresh_token):
                return refresh_token.fingerprint()
            case ClientCredentialsGrant(soid=soid, scope=scope):
                client, secret = self.client.client_id, self.client.client_secret.fingerprint()
                return Secret(f"{client} {secret} {soid} {scope}").fingerprint()


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
