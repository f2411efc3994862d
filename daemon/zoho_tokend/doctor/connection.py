"""What is known of one connection when it is judged: no secret, only fingerprints."""

from dataclasses import dataclass
from datetime import datetime

from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.origin import Origin
from zoho_tokend.vault.inspection import KeyHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFacts:
    """A credential that can be read.

    Attributes:
        client: the name of its client's record; None where it brings its own.
        unrestricted: whether any connection may use that client.
        holder: what Zoho counts issues by, as a fingerprint.
        allowed: whether a credential may be sent to its accounts server.
        location: Zoho's name of its data centre.
        usual_api_domain: where that data centre's tokens are used; None where it is none of Zoho's own.
        oddities: a sentence for each thing that does not look as Zoho makes it.
    """

    client: str | None
    holder: str
    accounts_server: Origin
    allowed: bool
    location: str
    usual_api_domain: str | None
    refresh_at: float | None = None
    oddities: tuple[str, ...] = ()
    unrestricted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """A token record that can be read."""

    issued_at: datetime
    expires_at: datetime
    api_domain: str
    accounts_server: str
    api_allowed: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """In the place of facts: why there are none.

    Attributes:
        revoked: because a person ended the grant.
        fix: what helps, where that is not to mend the record itself.
    """

    why: str
    revoked: bool = False
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One connection.

    Attributes:
        where: its credential, as a person names it to ``vault kv``.
        token: None where there never was one.
        history: None where the policy does not let us see it.
    """

    name: ConnectionName
    where: str
    credential: CredentialFacts | Unread
    token: TokenFacts | Unread | None
    history: KeyHistory | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonsView:
    """What a running daemon says of a connection: the state of /status, and the error where there is one."""

    state: str
    error: str | None
