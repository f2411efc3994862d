"""The record of an application to its value and back; pure. The fields are the contract of docs/architecture.md."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.core.registration import ClientKind, Registration, parse_connections, parse_grant_types
from zoho_tokend.vault.record_fields import RecordFields

T = TypeVar("T")

_SECRET_PREFIX: Final = "client_secret_"  # noqa: S105 - the start of a field's name


def registration(name: str, fields: RecordFields) -> Registration:
    """Return the application of a record.

    Raises:
        RecordUnreadable: a field is missing or ill-shaped; the text names it.
    """
    return replace(in_use(name, fields), kind=_kind(fields), redirect_uri=fields.word("redirect_uri"))


def in_use(name: str, fields: RecordFields) -> Registration:
    """Return the application of a record, without its kind and redirect URI, which matter to a consent alone.

    Raises:
        RecordUnreadable: a field is missing or ill-shaped; the text names it.
    """
    return Registration(
        name=name,
        client_id=fields.demand("client_id", fields.word("client_id")),
        client_secret=_secret(fields, "client_secret"),
        kind=None,
        accounts_server=_accounts_server(fields),
        secrets=_secrets(fields),
        connections=_listed(fields, "connections", parse_connections),
        grant_types=_listed(fields, "grant_types", parse_grant_types),
        version=fields.version,
    )


def registration_fields(registration: Registration) -> dict[str, object]:
    """Return the fields of an application's record."""
    optional = {
        "client_secret": registration.client_secret.reveal() if registration.client_secret else None,
        "kind": registration.kind,
        "redirect_uri": registration.redirect_uri,
        "connections": ",".join(registration.connections) if registration.connections else None,
        "grant_types": ",".join(registration.grant_types) if registration.grant_types else None,
        **{f"{_SECRET_PREFIX}{location}": secret.reveal() for location, secret in registration.secrets.items()},
    }
    given = {name: str(value) for name, value in optional.items() if value is not None}
    return {"client_id": registration.client_id, "accounts_server": str(registration.accounts_server), **given}


def _accounts_server(fields: RecordFields) -> Origin:
    text = fields.demand("accounts_server", fields.word("accounts_server"))
    try:
        return parse_origin(text)
    except ValueError as problem:
        raise fields.fault("accounts_server", f"is not an origin: {problem}") from None


def _kind(fields: RecordFields) -> ClientKind | None:
    word = fields.word("kind")
    try:
        return ClientKind(word) if word else None
    except ValueError:
        raise fields.fault("kind", f"is not one of {', '.join(ClientKind)}") from None


def _listed(fields: RecordFields, name: str, parse: Callable[[str], T]) -> T | None:
    text = fields.text(name)
    try:
        return None if text is None else parse(text)
    except ValueError as problem:
        raise fields.fault(name, f"is invalid: it {problem}") from None


def _secrets(fields: RecordFields) -> dict[str, Secret]:
    names = [name for name in fields.values if name.startswith(_SECRET_PREFIX)]
    found = {name.removeprefix(_SECRET_PREFIX): _secret(fields, name) for name in names}
    return {location: secret for location, secret in found.items() if secret is not None}


def _secret(fields: RecordFields, name: str) -> Secret | None:
    word = fields.word(name)
    return Secret(word) if word else None
