"""The token record that the daemon publishes, as jobs see it; pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from zoho_tokend.reader.errors import UnknownSchema

SCHEMA: Final = "1"

_LONGEST_LIFE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and where to use it. Its ``repr`` does not show it.

    Attributes:
        authorization: the whole value of the header ``Authorization``.
        refresh_after: from then on the daemon has a newer one, or is about to.
        api_domain: an origin such as ``https://www.zohoapis.eu``, for use as a base URL.
        scope: as Zoho said it, separated by commas or spaces; empty where it said none.
    """

    connection: str
    access_token: str = field(repr=False)
    authorization: str = field(repr=False)
    token_type: str
    issued_at: datetime
    expires_at: datetime
    refresh_after: datetime
    api_domain: str
    accounts_server: str
    data_center: str
    scope: str

    @property
    def headers(self) -> dict[str, str]:
        """For any HTTP client: ``headers=token.headers``."""
        return {"Authorization": self.authorization}

    @property
    def lifetime(self) -> timedelta:
        """From its issue to its expiry."""
        return self.expires_at - self.issued_at

    @property
    def fingerprint(self) -> str:
        """The first 16 hex digits of the token's SHA-256: names it without holding it, as the daemon does."""
        return hashlib.sha256(self.access_token.encode()).hexdigest()[:16]

    def replaces(self, other: "Token") -> bool:
        """Whether it is another one that lives at least as long."""
        return self.access_token != other.access_token and self.expires_at >= other.expires_at

    def life_left(self, now: datetime) -> timedelta:
        """Negative once it has expired."""
        return self.expires_at - now


def token_of(fields: Mapping[str, object], *, connection: str, where: str) -> Token:
    """The token in these fields; those that are unknown do not disturb.

    Raises:
        UnknownSchema: they are no token record of this connection that we can read.
    """
    schema = fields.get("schema")
    if schema is None:
        raise UnknownSchema(f"{where} is no token record of zoho-tokend: it has no field 'schema'; check the path")
    if schema != SCHEMA:
        raise UnknownSchema(
            f"{where} has a schema that this version of zoho-tokend does not know (it knows {SCHEMA!r}): "
            "install the version that the daemon runs"
        )
    record = _Fields(fields, where)
    if record.text("connection") != connection:
        raise UnknownSchema(f"{where} is the record of another connection: it was not written there by zoho-tokend")
    token = Token(
        connection=connection,
        access_token=record.text("access_token"),
        authorization=record.text("authorization"),
        token_type=record.text("token_type"),
        issued_at=record.instant("issued_at"),
        expires_at=record.instant("expires_at"),
        refresh_after=record.instant("refresh_after"),
        api_domain=record.text("api_domain").rstrip("/"),
        accounts_server=record.text("accounts_server"),
        data_center=record.text("data_center"),
        scope=record.text("scope"),
    )
    if token.lifetime > _LONGEST_LIFE:
        raise UnknownSchema(f"{where} tells of a token that lives over a day, so the daemon did not write this record")
    return token


@dataclass(frozen=True, slots=True)
class _Fields:
    fields: Mapping[str, object]
    where: str

    def text(self, name: str) -> str:
        found = self.fields.get(name)
        if not isinstance(found, str):
            raise self._fault(name, "is missing" if found is None else "is no text")
        if not (found.isascii() and found.isprintable()):
            raise self._fault(name, "holds characters that no header can")
        return found

    def instant(self, name: str) -> datetime:
        try:
            instant = datetime.fromisoformat(self.text(name))
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
        except (ValueError, OverflowError):  # the last in the first and the last hours of the calendar
            pass
        raise self._fault(name, "is no instant such as 2026-11-24T12:00:00Z")

    def _fault(self, name: str, what: str) -> UnknownSchema:
        return UnknownSchema(f"{self.where}: the field {name!r} {what}, so the daemon did not write this record")
