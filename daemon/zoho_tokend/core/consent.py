"""The values of a consent on its way to become a connection, and of its end."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantCode:
    """A code that a consent brought: good for one exchange, for a few minutes, at one accounts server.

    Attributes:
        redirect_uri: the one with which the consent began; None for a self client, which has none.
        verifier: of PKCE; None for a self client.
        moved_from: where the consent began, if the user turned out to live in another data centre.
        location: what the redirect calls the user's data centre (``eu``); None where it does not tell.
    """

    code: Secret
    accounts_server: Origin
    redirect_uri: str | None = None
    verifier: Secret | None = None
    moved_from: Origin | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a consent brought in the end.

    Attributes:
        api_domain: where to use the tokens; None when the answer omits it.
        scope: as Zoho said it, narrower than asked perhaps; None when the answer omits it.
        lifetime: of the access token.
    """

    refresh_token: Secret
    access_token: Secret
    api_domain: str | None
    scope: str | None
    lifetime: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """A device flow that waits for a person.

    Attributes:
        user_code: what the person types on the page.
        page: the page's address, with nothing in it.
        ready_page: the same with the user code filled in; None where Zoho gives none.
        interval: the least time between two polls.
        lifetime: how long the person has.
    """

    device_code: Secret
    user_code: str = field(repr=False)
    page: str
    ready_page: str | None = field(repr=False)
    interval: timedelta
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Pending:
    """The person has not decided yet: poll again."""


@dataclass(frozen=True, slots=True)
class SlowDown:
    """The polls come too fast: wait twice as long from now on."""


@dataclass(frozen=True, slots=True)
class MovedTo:
    """The person lives in another data centre: poll there, with the same code.

    Attributes:
        location: Zoho's name of it (``eu``).
    """

    location: str


Polled = Pending | SlowDown | MovedTo | Granted


class Revocation(StrEnum):
    """How a revocation ended; the token is dead either way."""

    REVOKED = "revoked"
    ALREADY_DEAD = "already dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """Zoho's API takes the token, and says whose it is.

    Attributes:
        organisation: its name; None where it is no printable line.
        org_id: its id, of which Zoho's ``soid`` is made; None where the answer omits it.
    """

    organisation: str | None
    org_id: str | None

    @property
    def sentence(self) -> str:
        """The verdict, for a person."""
        known = self.organisation or "an organisation without a name"
        return f"the token works; it belongs to {known}" + (f" ({self.org_id})" if self.org_id else "")


@dataclass(frozen=True, slots=True)
class AliveWithoutScope:
    """Zoho's API takes the token, which may not see its organisation."""

    sentence: ClassVar[str] = (
        "the token works; which organisation it belongs to is not shown without the scope ZohoCRM.org.READ"
    )


@dataclass(frozen=True, slots=True)
class NoApiAccess:
    """The token is good, and its user may not use the API."""

    sentence: ClassVar[str] = (
        "the token is good, but its user may not use the API: in Zoho CRM, give the user's profile the permission "
        "Zoho CRM API Access"
    )


@dataclass(frozen=True, slots=True)
class Dead:
    """Zoho's API does not take the token."""

    sentence: ClassVar[str] = (
        "Zoho's API does not take the token: it was revoked or pushed out, or the API domain is of another data centre"
    )


@dataclass(frozen=True, slots=True)
class Unproven:
    """Nothing was learned about the token.

    Attributes:
        sentence: why.
    """

    sentence: str


Proof = Alive | AliveWithoutScope | NoApiAccess | Dead | Unproven
