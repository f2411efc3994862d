"""Records as they stand in Vault, to values and back; pure. The fields are the contract of docs/architecture.md."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from zoho_tokend.core.budget import BudgetRecord
from zoho_tokend.core.errors import ClientNotAllowed, GrantRevoked, RecordUnreadable
from zoho_tokend.core.instants import parse_instant, rfc3339
from zoho_tokend.core.model import (
    Client,
    ClientCredentialsGrant,
    ConnectionName,
    Credential,
    Grant,
    RefreshTokenGrant,
    Secret,
    TokenRecord,
    connection_name,
)
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.core.policy import LARGEST_SKEW, LONGEST_LIFE
from zoho_tokend.vault import registration_codec
from zoho_tokend.vault.record_fields import RecordFields

LocationOf = Callable[[Origin], str]
"""Returns the data centre (``eu``) of an accounts server; ``other`` for a server that is not Zoho's own."""

LOWEST_REFRESH_AT: Final = 0.2
HIGHEST_REFRESH_AT: Final = 0.95
SCHEMA: Final = "1"
# An earlier instant is somebody's zero value, and subtracting from it may leave the range of datetime.
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)

_ABSENT: Final = "-"
_INLINE: Final = ("client_id", "client_secret")


def client_name(record: RecordFields) -> str | None:
    """Return the client that a credential names; None where it has its own client_id and client_secret.

    Raises:
        RecordUnreadable: it has both or neither, or the name is not valid.
    """
    name = record.word("client")
    inline = [field for field in record.values if field.startswith(_INLINE)]
    if name is None:
        if not inline:
            raise record.fault("client", "is missing: name a client, or give client_id and client_secret here")
        return None
    if inline:
        raise record.fault("client", f"is given together with '{min(inline)}': keep one of them")
    try:
        return connection_name(name)
    except ValueError:
        raise record.fault("client", "is not a client's name: letters, digits, '-', '_' and '.'") from None


def client_missing(record: RecordFields, where: str) -> RecordUnreadable:
    """Return the error for a named client that does not exist; its stamp changes as soon as the client exists."""
    stamp = f"{record.stamp}/{_ABSENT}"
    # Not its name: whoever pastes a secret into the wrong field must not find it in a log.
    folder = where.rpartition("/")[0]
    return RecordUnreadable(f"{record.where}: the field 'client' names no client under {folder}", stamp=stamp)


def credential(
    connection: ConnectionName, record: RecordFields, client: RecordFields | None, *, location_of: LocationOf
) -> Credential:
    """Return the credential of a record, with the client that it names, or with its own where ``client`` is None.

    Raises:
        RecordUnreadable: a field of either is missing or ill-shaped.
        ClientNotAllowed: the client does not let this connection use it, or has no secret for its accounts server.
    """
    stamp = record.stamp if client is None else f"{record.stamp}/{client.stamp}"
    own = replace(record, stamp=stamp)
    grant = _grant(own)
    unrestricted: str | None = None
    if client is None:
        accounts_server = own.demand("accounts_server", _accounts_server(own))
        user = _own_client(own, location_of(accounts_server))
    else:
        name = client_name(record) or ""
        registration = registration_codec.in_use(name, replace(client, stamp=stamp))
        accounts_server = _accounts_server(own) or registration.accounts_server
        unrestricted = name if registration.connections is None else None
        try:
            registration.check_use(connection, grant.type)
            user = registration.at(accounts_server, location_of(accounts_server))
        except ClientNotAllowed as refusal:
            raise ClientNotAllowed(str(refusal), stamp=stamp) from None
    return Credential(
        connection=connection,
        client=user,
        grant=grant,
        accounts_server=accounts_server,
        scope=own.text("scope"),
        refresh_at=own.number("refresh_at", low=LOWEST_REFRESH_AT, high=HIGHEST_REFRESH_AT),
        stamp=stamp,
        version=record.version,
        unrestricted_client=unrestricted,
    )


def rotated(record: RecordFields, refresh_token: Secret) -> dict[str, object]:
    """Return the fields of a credential with this refresh token in place of its own."""
    return {**record.values, "refresh_token": refresh_token.reveal()}


def authorized_at(record: RecordFields) -> datetime | None:
    """Return when the consent was given; None where the credential has no such field, or no valid instant in it."""
    text = record.values.get("authorized_at")
    try:
        return parse_instant(text) if isinstance(text, str) else None
    except ValueError:
        return None


def token_fields(record: TokenRecord) -> dict[str, object]:
    """Return the fields of a token record as jobs read it; instants are cut to whole seconds, so none is too late."""
    expires_at = record.expires_at.replace(microsecond=0)
    return {
        "access_token": record.access_token.reveal(),
        "token_type": record.token_type,
        "authorization": f"Zoho-oauthtoken {record.access_token.reveal()}",
        "expires_at": rfc3339(expires_at),
        "expires_at_epoch": int(expires_at.timestamp()),
        "issued_at": rfc3339(record.issued_at),
        "refresh_after": rfc3339(record.refresh_after),
        "api_domain": record.api_domain,
        "accounts_server": record.accounts_server,
        "data_center": record.data_center,
        "scope": record.scope,
        "connection": record.connection,
        "schema": SCHEMA,
    }


def token_record(connection: ConnectionName, fields: Mapping[str, object], *, now: datetime) -> TokenRecord | None:
    """Return the token record in these fields.

    None where another program wrote them, where they are another connection's, and where their times are impossible for
    a token of Zoho's: a life of more than a day, or an issue in the future by more than two clocks may differ.
    """
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    if texts.get("schema") != SCHEMA or texts.get("connection") != connection:
        return None
    try:
        record = TokenRecord(
            connection=connection,
            access_token=Secret(texts["access_token"]),
            token_type=texts["token_type"],
            issued_at=parse_instant(texts["issued_at"]),
            expires_at=parse_instant(texts["expires_at"]),
            refresh_after=parse_instant(texts["refresh_after"]),
            api_domain=texts["api_domain"],
            accounts_server=texts["accounts_server"],
            data_center=texts["data_center"],
            scope=texts["scope"],
        )
    except (KeyError, ValueError):
        return None
    spans = (record.expires_at - record.issued_at, abs(record.refresh_after - record.issued_at))
    issued_at = record.issued_at
    plausible = max(spans) <= LONGEST_LIFE and issued_at >= _EARLIEST and issued_at - now <= LARGEST_SKEW
    return record if plausible else None


def budget_fields(record: BudgetRecord) -> dict[str, object]:
    """Return the fields of the record of requests that a refresh token spent in vain, for the next process to read."""
    return {
        "requests": ",".join(at.isoformat() for at in record.requests),
        "connections": ",".join(sorted(record.connections)),
        "schema": SCHEMA,
    }


def budget_record(version: int, fields: Mapping[str, object]) -> BudgetRecord:
    """Return the record in these fields; an empty one where another program wrote them."""
    requests, connections = fields.get("requests"), fields.get("connections")
    if fields.get("schema") != SCHEMA or not isinstance(requests, str) or not isinstance(connections, str):
        return BudgetRecord(version=version)
    try:
        return BudgetRecord(
            version=version,
            requests=tuple(sorted(parse_instant(text) for text in requests.split(",") if text)),
            connections=frozenset(connection_name(text) for text in connections.split(",") if text),
        )
    except ValueError:
        return BudgetRecord(version=version)


def _accounts_server(fields: RecordFields) -> Origin | None:
    text = fields.word("accounts_server")
    try:
        return None if text is None else parse_origin(text)
    except ValueError as problem:
        raise fields.fault("accounts_server", f"is not an origin: {problem}") from None


def _own_client(fields: RecordFields, location: str) -> Client:
    """Return the client in the credential; a data centre's own secret wins, as Zoho's console can show several."""
    special = fields.word(f"client_secret_{location}")
    secret = special if special is not None else fields.demand("client_secret", fields.word("client_secret"))
    return Client(client_id=fields.demand("client_id", fields.word("client_id")), client_secret=Secret(secret))


def _grant(fields: RecordFields) -> Grant:
    match fields.word("grant_type"):
        case None | "refresh_token":
            refresh_token = fields.word("refresh_token")
            if refresh_token is None and "revoked_at" in fields.values:
                raise _revoked(fields)
            return RefreshTokenGrant(refresh_token=Secret(fields.demand("refresh_token", refresh_token)))
        case "client_credentials":
            return ClientCredentialsGrant(
                soid=fields.demand("soid", fields.word("soid")), scope=fields.demand("scope", fields.text("scope"))
            )
        case _:
            raise fields.fault("grant_type", "is neither refresh_token nor client_credentials")


def _revoked(fields: RecordFields) -> RecordUnreadable:
    """Return the error for a grant that was ended on purpose."""
    revoked_at = fields.demand("revoked_at", fields.word("revoked_at"))
    try:
        when = rfc3339(parse_instant(revoked_at))
    except ValueError:
        raise fields.fault("revoked_at", "is not an instant such as 2026-11-24T12:00:00Z") from None
    return GrantRevoked(f"{fields.where}: revoked on {when}: authorize again, with --replace", stamp=fields.stamp)
