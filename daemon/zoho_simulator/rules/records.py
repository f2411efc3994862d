"""What a data centre remembers: applications, people, and what was granted to whom."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ClientKind(StrEnum):
    """The types of Zoho's API console: https://zoho.com/accounts/protocol/oauth-setup.html."""

    SERVER = "server"
    JAVASCRIPT = "javascript"
    MOBILE = "mobile"
    DEVICE = "device"
    SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One application of the API console.

    Attributes:
        home: the data centre in which it was registered.
        secrets: by data centre. An application that is enabled in several has one id, and a secret in each
            (https://www.zoho.com/crm/developer/docs/api/v8/multi-dc.html); it is unknown in all others.
        redirect_uris: compared letter by letter; a self client has none.
    """

    client_id: str
    name: str
    kind: ClientKind
    home: str
    secrets: Mapping[str, str] = field(repr=False)
    redirect_uris: tuple[str, ...] = ()

    @property
    def client_secret(self) -> str:
        """The secret in its home data centre."""
        return self.secrets[self.home]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with an account in one data centre, working in one CRM organisation.

    Attributes:
        api_access: whether the person's CRM profile has "Zoho CRM API Access".
    """

    email: str
    data_center: str
    org_id: str = "60001234567"
    api_access: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An access token that was handed out, and what it opens."""

    text: str = field(repr=False)
    scope: str
    user: User | None
    expires_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Grant:
    """What a client may ask access tokens for, and those that it got, oldest first.

    Attributes:
        user: None where the client asks for itself (client credentials).
        refresh_token: None where there is none: consent was online, or repeated without prompt, or there is no user.
        family: the prefix of its tokens.
    """

    client_id: str
    user: User | None
    scope: str
    family: str
    refresh_token: str | None = field(repr=False)
    active: deque[AccessToken] = field(default_factory=deque)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person said yes to.

    Attributes:
        offline: whether ``access_type=offline`` was asked; Zoho's default is online, which brings no refresh token.
        prompt: whether ``prompt=consent`` was asked, without which only the first consent brings a refresh token
            (https://zoho.com/thrive/resources/api/identify-user-location.html).
    """

    client_id: str
    user: User
    scope: str
    offline: bool = True
    prompt: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantCode:
    """A code that is exchanged once, in the user's data centre, before it expires.

    Attributes:
        redirect_uri: None for a code made in the console.
        challenge: of PKCE (https://www.rfc-editor.org/rfc/rfc7636); None where none was sent.
        challenge_method: ``S256`` or ``plain``; Zoho's default is ``plain``.
    """

    consent: Consent
    expires_at: datetime
    redirect_uri: str | None = None
    challenge: str | None = field(default=None, repr=False)
    challenge_method: str = "plain"


@dataclass(slots=True, kw_only=True, eq=False)
class DeviceCode:
    """A device that waits for a person.

    Attributes:
        consent: the person's yes; None before it.
        refused: the person's no.
        moved_to: the data centre of the person, where it is another one.
    """

    client_id: str
    user_code: str = field(repr=False)
    scope: str
    offline: bool
    prompt: bool
    expires_at: datetime
    polled_at: datetime | None = None
    consent: Consent | None = None
    refused: bool = False
    moved_to: str | None = None
