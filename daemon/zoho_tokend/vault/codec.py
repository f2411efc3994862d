"""Records as they stand in Vault, to values and back; pure. The fields are the contract of design section 3."""

from collections.abc import Callable, Mapping
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
from zoho_tokend.vault.document import Document, Reader

LocationOf = Callable[[Origin], str]
"""The data centre (``eu``) of an accounts server; ``other`` for a server that is none of Zoho's own."""

LOWEST_REFRESH_AT: Final = 0.2
HIGHEST_REFRESH_AT: Final = 0.95
SCHEMA: Final = "1"
# Before it, an instant is a zero value of somebody's, and a minute less may be no instant at all.
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)

_ABSENT: Final = "-"
_INLINE: Final = ("client_id", "client_secret")


def client_name(record: Document) -> str | None:
    """The client that a credential names; None when it brings its own.

    Raises:
        RecordUnreadable: it does both or neither, or the name cannot be one.
    """
    reader = Reader(document=record, stamp=record.stamp)
    name = reader.word("client")
    inline = [field for field in record.fields if field.startswith(_INLINE)]
    if name is None:
        if not inline:
            raise reader.fault("client", "is missing: name a client, or give client_id and client_secret here")
        return None
    if inline:
        raise reader.fault("client", f"stands beside '{min(inline)}': keep the one or the other")
    try:
        return connection_name(name)
    except ValueError:
        raise reader.fault("client", "is no client's name: letters, digits, '-', '_' and '.'") from None


def client_missing(record: Document, where: str) -> RecordUnreadable:
    """What is to be said where the named client does not exist; seen as changed as soon as it does."""
    stamp = f"{record.stamp}/{_ABSENT}"
    # Not its name: whoever pastes a secret into the wrong field must not find it in a log.
    folder = where.rpartition("/")[0]
    return RecordUnreadable(f"{record.where}: the field 'client' names no client under {folder}", stamp=stamp)


def credential(
    connection: ConnectionName, record: Document, client: Document | None, *, location_of: LocationOf
) -> Credential:
    """The credential of a record, with the client that it names, or with its own where ``client`` is None.

    Raises:
        RecordUnreadable: a field of either is missing or ill-shaped.
        ClientNotAllowed: the client does not let this connection use it, or has no secret for its accounts server.
    """
    stamp = record.stamp if client is None else f"{record.stamp}/{client.stamp}"
    own = Reader(document=record, stamp=stamp)
    grant = _grant(own)
    unrestricted: str | None = None
    if client is None:
        accounts_server = own.demand("accounts_server", _accounts_server(own))
        user = _own_client(own, location_of(accounts_server))
    else:
        name = client_name(record) or ""
        registration = registration_codec.in_use(name, Reader(document=client, stamp=stamp))
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
        refresh_at=own.share("refresh_at", low=LOWEST_REFRESH_AT, high=HIGHEST_REFRESH_AT),
        stamp=stamp,
        version=record.version,
        unrestricted_client=unrestricted,
    )


def rotated(record: Document, refresh_token: Secret) -> dict[str, object]:
    """All fields of a credential as they are, but for its refresh token."""
    return {**record.fields, "refresh_token": refresh_token.reveal()}


def authorized_at(record: Document) -> datetime | None:
    """When the consent was given, as a credential tells; None where it does not, or in no instant."""
    text = record.fields.get("authorized_at")
    try:
        return parse_instant(text) if isinstance(text, str) else None
    except ValueError:
        return None


def token_fields(record: TokenRecord) -> dict[str, object]:
    """A token record as jobs read it; instants are cut to whole seconds, so none is later than it was."""
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
    """The token record in these fields.

    None where they are none of ours, or another connection's, or tell times that no token of Zoho's can have: a life of
    more than a day, or an issue in the future, beyond what two clocks may differ by.
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
    """What a refresh token has spent in vain, as the next process reads it."""
    return {
        "requests": ",".join(at.isoformat() for at in record.requests),
        "connections": ",".join(sorted(record.connections)),
        "schema": SCHEMA,
    }


def budget_record(version: int, fields: Mapping[str, object]) -> BudgetRecord:
    """The record in these fields; nothing was spent where they are none of ours."""
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


def _accounts_server(reader: Reader) -> Origin | None:
    text = reader.word("accounts_server")
    try:
        return None if text is None else parse_origin(text)
    except ValueError as problem:
        raise reader.fault("accounts_server", f"is not one: {problem}") from None


def _own_client(reader: Reader, location: str) -> Client:
    """A secret of the data centre's own wins: Zoho's console can give one application several."""
    special = reader.word(f"client_secret_{location}")
    secret = special if special is not None else reader.demand("client_secret", reader.word("client_secret"))
    return Client(client_id=reader.demand("client_id", reader.word("client_id")), client_secret=Secret(secret))


def _grant(reader: Reader) -> Grant:
    match reader.word("grant_type"):
        case None | "refresh_token":
            refresh_token = reader.word("refresh_token")
            if refresh_token is None and "revoked_at" in reader.document.fields:
                raise _revoked(reader)
            return RefreshTokenGrant(refresh_token=Secret(reader.demand("refresh_token", refresh_token)))
        case "client_credentials":
            return ClientCredentialsGrant(
                soid=reader.demand("soid", reader.word("soid")), scope=reader.demand("scope", reader.text("scope"))
            )
        case _:
            raise reader.fault("grant_type", "is neither refresh_token nor client_credentials")


def _revoked(reader: Reader) -> RecordUnreadable:
    """What is to be said of a grant that was ended on purpose."""
    revoked_at = reader.demand("revoked_at", reader.word("revoked_at"))
    try:
        when = rfc3339(parse_instant(revoked_at))
    except ValueError:
        raise reader.fault("revoked_at", "is no instant such as 2026-11-24T12:00:00Z") from None
    return GrantRevoked(
        f"{reader.document.where}: revoked on {when}: authorize again, with --replace", stamp=reader.stamp
    )
