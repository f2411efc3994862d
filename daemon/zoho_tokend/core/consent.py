"""The values of a consent: from the code to the grant, and to its revocation."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantCode:
    """The code of a consent: good for one exchange, for a few minutes, at one accounts server.

    Attributes:
        redirect_uri: the one with which the consent began; None for a self client, which has none.
        verifier: the PKCE code verifier; None for a self client.
        moved_from: where the consent began, if the user lives in another data centre.
        location: the user's data centre (``eu``) as the redirect names it; None where it does not.
    """

    code: Secret
    accounts_server: Origin
    redirect_uri: str | None = None
    verifier: Secret | None = None
    moved_from: Origin | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The grant that a consent ends with.

    Attributes:
        api_domain: where to use the tokens; None when the answer omits it.
        scope: as Zoho returned it, perhaps narrower than requested; None when the answer omits it.
        lifetime: of the access token.
    """

    refresh_token: Secret
    access_token: Secret
    api_domain: str | None
    scope: str | None
    lifetime: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """A device flow that waits for its user.

    Attributes:
        user_code: what the user types on the page.
        page: the page's address, without the user code.
        ready_page: the same with the user code filled in; None where Zoho gives none.
        interval: the least time between two polls.
        lifetime: how long the user has.
    """

    device_code: Secret
    user_code: str = field(repr=False)
    page: str
    ready_page: str | None = field(repr=False)
    interval: timedelta
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Pending:
    """The user has not decided yet: poll again."""


@dataclass(frozen=True, slots=True)
class SlowDown:
    """The polls come too fast: double the interval from now on."""


@dataclass(frozen=True, slots=True)
class MovedTo:
    """The user lives in another data centre: poll there, with the same code.

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
    """Zoho's API accepts the token, and says which organisation it belongs to.

    Attributes:
        organisation: its name; None where it is not one printable line.
        org_id: its id, part of Zoho's ``soid``; None where the answer omits it.
    """

    organisation: str | None
    org_id: str | None

    @property
    def sentence(self) -> str:
        """The verdict, for people."""
        known = self.organisation or "an organisation without a name"
        return f"the token works; it belongs to {known}" + (f" ({self.org_id})" if self.org_id else "")


@dataclass(frozen=True, slots=True)
class AliveWithoutScope:
    """Zoho's API accepts the token, whose scope does not cover its organisation."""

    sentence: ClassVar[str] = (
        "the token works; which organisation it belongs to is not shown without the scope ZohoCRM.org.READ"
    )


@dataclass(frozen=True, slots=True)
class NoApiAccess:
    """The token is valid, but its user may not use the API."""

    sentence: ClassVar[str] = (
        "the token is good, but its user may not use the API: in Zoho CRM, give the user's profile the permission "
        "Zoho CRM API Access"
    )


@dataclass(frozen=True, slots=True)
class Dead:
    """Zoho's API does not accept the token."""

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
