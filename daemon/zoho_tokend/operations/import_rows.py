"""Read a file of credentials into rows; pure. A row that cannot be read is a fault and does not stop the others."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.model import ConnectionName, connection_name
from zoho_tokend.zoho.datacenters import AccountsServers

CONNECTION: Final = "connection"
FIELDS: Final = (
    "client",
    "client_id",
    "client_secret",
    "refresh_token",
    "accounts_server",
    "scope",
    "grant_type",
    "soid",
    "refresh_at",
    "authorized_at",
)
"""Those of docs/architecture.md; ``client_secret_<dc>`` comes beside them."""

_OF_A_DATA_CENTER: Final = re.compile(r"client_secret_[a-z]{2}")
_HARMLESS_NAME: Final = re.compile(r"[a-z_]{1,30}")
# Zoho's tokens, codes, client ids and client secrets: each would pass as a connection's name, and none may be one.
_SECRET_SHAPE: Final = re.compile(r"1000\.[0-9A-Za-z]{16,}.*|[0-9A-Fa-f]{40,}")
_DELIMITERS: Final = ",;\t"


class Format(StrEnum):
    """How a file holds its rows."""

    CSV = "csv"
    JSON_LINES = "jsonl"


class Unreadable(TokendError):
    """The file as a whole cannot be read as credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One credential.

    Attributes:
        number: of the line on which it begins, from 1.
        fields: as they are written to Vault; without those that were left empty.
    """

    number: int
    connection: ConnectionName
    fields: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A row that cannot be taken.

    Attributes:
        connection: its name, where that could be read.
    """

    number: int
    reason: str
    connection: ConnectionName | None = None


def rows(text: str, kind: Format) -> list[Row | Fault]:
    """Read every row, in order; a name that comes twice is a fault the second time.

    Raises:
        Unreadable: the text is not of this format; nothing of it was read.
    """
    read = _csv_rows(text) if kind is Format.CSV else _json_rows(text)
    return list(_once_each(read))


def format_of(text: str, file_name: str = "") -> Format:
    """Return the format by the ending of the file's name, or else by the text's first character."""
    ending = file_name.rpartition(".")[2].lower()
    if ending in {"jsonl", "ndjson", "json"}:
        return Format.JSON_LINES
    if ending in {"csv", "tsv"}:
        return Format.CSV
    return Format.JSON_LINES if text.lstrip()[:1] in {"{", "["} else Format.CSV


def _csv_rows(text: str) -> Iterator[Row | Fault]:
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = _header(next(reader, []))
    except csv.Error:
        raise Unreadable("the first line is not valid CSV: check its quotes") from None
    begins = reader.line_num + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Fault(number=begins, reason="invalid CSV, and the rest of the file was not read: check its quotes")
            return
        if len(cells) == len(header):
            yield _row(begins, {name: cell for name, cell in zip(header, cells, strict=True) if cell})
        elif cells:
            yield Fault(number=begins, reason=f"has {len(cells)} cells where the header has {len(header)}")
        begins = reader.line_num + 1


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if CONNECTION not in names:
        raise Unreadable(
            f"the first line is not a header with a column '{CONNECTION}': name each column after a field of a "
            f"credential ({', '.join(FIELDS)})"
        )
    for column, name in enumerate(names, start=1):
        if not _is_known(name):
            raise Unreadable(_unknown_field(name, f"column {column}"))
        if name in names[: column - 1]:
            raise Unreadable(f"the column '{name}' appears twice")
    return names


def _json_rows(text: str) -> Iterator[Row | Fault]:
    if text.lstrip().startswith("["):
        raise Unreadable("this is a JSON array: give one object a line, as `jq -c '.[]'` makes of it")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Row | Fault:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return Fault(number=number, reason="is not JSON: give one object a line")
    if not isinstance(found, dict):
        return Fault(number=number, reason="is not a JSON object")
    return _row(number, {name: value for name, value in found.items() if value is not None})


def _row(number: int, given: Mapping[str, object]) -> Row | Fault:
    fields = {name: value for name, value in given.items() if name != CONNECTION}
    try:
        connection = connection_name(str(given.get(CONNECTION, "")))
    except ValueError as error:
        return Fault(number=number, reason=f"the field '{CONNECTION}' is not a connection's name: {error}")
    if _SECRET_SHAPE.fullmatch(connection):
        reason = f"the field '{CONNECTION}' looks like a token or a secret: are columns mixed up?"
        return Fault(number=number, reason=reason)
    if problem := _ill_shaped(fields):
        return Fault(number=number, connection=connection, reason=problem)
    return Row(number=number, connection=connection, fields=_with_origin(fields))


def _with_origin(fields: Mapping[str, object]) -> Mapping[str, object]:
    """Return the fields with a data centre's accounts server in place of its name (``eu``)."""
    given = fields.get("accounts_server")
    origin = AccountsServers().at(given) if isinstance(given, str) else None
    return fields if origin is None else {**fields, "accounts_server": str(origin)}


def _ill_shaped(fields: Mapping[str, object]) -> str | None:
    """Return what the daemon would overlook, and what would yet stay in Vault for good."""
    for name, value in fields.items():
        if not _is_known(name):
            return _unknown_field(name, "one of its fields")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not isinstance(value, str) and not (name == "refresh_at" and is_number):
            return f"the field '{name}' is not text"
    return None


def _is_known(name: str) -> bool:
    return name in {CONNECTION, *FIELDS} or _OF_A_DATA_CENTER.fullmatch(name) is not None


def _unknown_field(name: str, otherwise: str) -> str:
    """Return the sentence; it quotes no name that may be a secret, as the first row of a file without a header is."""
    if not _HARMLESS_NAME.fullmatch(name):
        return f"{otherwise} is not a field of a credential: {', '.join(FIELDS)}"
    near = get_close_matches(name, (CONNECTION, *FIELDS), n=1)
    return f"'{name}' is not a field of a credential: " + (f"did you mean '{near[0]}'?" if near else ", ".join(FIELDS))


def _once_each(read: Iterable[Row | Fault]) -> Iterator[Row | Fault]:
    first: dict[ConnectionName, int] = {}
    for each in read:
        if isinstance(each, Row) and each.connection in first:
            reason = f"row {first[each.connection]} is of the same connection"
            yield Fault(number=each.number, connection=each.connection, reason=reason)
            continue
        if isinstance(each, Row):
            first[each.connection] = each.number
        yield each
