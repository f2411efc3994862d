"""The record of an application to its value and back; pure. The fields are the contract of design section 3."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin, parse_origin
from zoho_tokend.core.registration import ClientKind, Registration, parse_connections, parse_grant_types
from zoho_tokend.vault.document import Document, Reader

T = TypeVar("T")

_OF_A_DATA_CENTER: Final = "client_secret_"


def registration(name: str, document: Document) -> Registration:
    """The application of a record.

    Raises:
        RecordUnreadable: a field is missing or ill-shaped; the text names it.
    """
    reader = Reader(document=document, stamp=str(document.version))
    return replace(in_use(name, reader), kind=_kind(reader), redirect_uri=reader.word("redirect_uri"))


def in_use(name: str, reader: Reader) -> Registration:
    """The application of a record, without its kind and redirect URI, which matter to a consent alone.

    Raises:
        RecordUnreadable: a field is missing or ill-shaped; the text names it.
    """
    return Registration(
        name=name,
        client_id=reader.demand("client_id", reader.word("client_id")),
        client_secret=_secret(reader, "client_secret"),
        kind=None,
        accounts_server=_accounts_server(reader),
        secrets=_secrets(reader),
        connections=_listed(reader, "connections", parse_connections),
        grant_types=_listed(reader, "grant_types", parse_grant_types),
        version=reader.document.version,
    )


def fields(registration: Registration) -> dict[str, object]:
    """The record of an application."""
    optional = {
        "client_secret": registration.client_secret.reveal() if registration.client_secret else None,
        "kind": registration.kind,
        "redirect_uri": registration.redirect_uri,
        "connections": ",".join(registration.connections) if registration.connections else None,
        "grant_types": ",".join(registration.grant_types) if registration.grant_types else None,
        **{f"{_OF_A_DATA_CENTER}{place}": secret.reveal() for place, secret in registration.secrets.items()},
    }
    given = {name: str(value) for name, value in optional.items() if value is not None}
    return {"client_id": registration.client_id, "accounts_server": str(registration.accounts_server), **given}


def _accounts_server(reader: Reader) -> Origin:
    text = reader.demand("accounts_server", reader.word("accounts_server"))
    try:
        return parse_origin(text)
    except ValueError as problem:
        raise reader.fault("accounts_server", f"is not one: {problem}") from None


def _kind(reader: Reader) -> ClientKind | None:
    word = reader.word("kind")
    try:
        return ClientKind(word) if word else None
    except ValueError:
        raise reader.fault("kind", f"is none of {', '.join(ClientKind)}") from None


def _listed(reader: Reader, name: str, parse: Callable[[str], T]) -> T | None:
    text = reader.text(name)
    try:
        return None if text is None else parse(text)
    except ValueError as problem:
        raise reader.fault(name, f"is not as it must be: it {problem}") from None


def _secrets(reader: Reader) -> dict[str, Secret]:
    names = [name for name in reader.document.fields if name.startswith(_OF_A_DATA_CENTER)]
    found = {name.removeprefix(_OF_A_DATA_CENTER): _secret(reader, name) for name in names}
    return {place: secret for place, secret in found.items() if secret is not None}


def _secret(reader: Reader, name: str) -> Secret | None:
    word = reader.word(name)
    return Secret(word) if word else None
