"""A file of credentials to its rows; pure. A row that cannot be read is a fault, and the others are read on."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.model import ConnectionName, connection_name

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
"""Those of design section 3; ``client_secret_<dc>`` comes beside them."""

_OF_A_DATA_CENTER: Final = re.compile(r"client_secret_[a-z]{2}")
_HARMLESS_NAME: Final = re.compile(r"[a-z_]{1,30}")
# Zoho's tokens, codes, client ids and client secrets: all of them could be a connection's name, and none shall be one.
_SECRET_SHAPE: Final = re.compile(r"1000\.[0-9A-Za-z]{16,}.*|[0-9A-Fa-f]{40,}")
_DELIMITERS: Final = ",;\t"


class Format(StrEnum):
    """How a file holds its rows."""

    CSV = "csv"
    JSON_LINES = "jsonl"


class Unreadable(TokendError):
    """The file as a whole cannot be read as one of credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One credential.

    Attributes:
        number: of the line on which it begins, from 1.
        fields: as they are to stand in Vault; without those that were left empty.
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
    """Every row, in order; a name that comes twice is a fault the second time.

    Raises:
        Unreadable: the text is no file of this kind; nothing of it was read.
    """
    read = _csv_rows(text) if kind is Format.CSV else _json_rows(text)
    return list(_once_each(read))


def format_of(text: str, file_name: str = "") -> Format:
    """By the name's ending where it tells, and else by how the text begins."""
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
        raise Unreadable("the first line is no row of CSV: check its quotes") from None
    begins = reader.line_num + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Fault(number=begins, reason="is no row of CSV, nor can what follows be told apart: check its quotes")
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
            f"the first line is no header with a column '{CONNECTION}': name each column after a field of a "
            f"credential ({', '.join(FIELDS)})"
        )
    for column, name in enumerate(names, start=1):
        if not _is_known(name):
            raise Unreadable(f"{_named(name, f'column {column}')} is no field of a credential: {', '.join(FIELDS)}")
        if name in names[: column - 1]:
            raise Unreadable(f"the column '{name}' is there twice")
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
        return Fault(number=number, reason="is no JSON: give one object a line")
    if not isinstance(found, dict):
        return Fault(number=number, reason="is no JSON object")
    return _row(number, {name: value for name, value in found.items() if value is not None})


def _row(number: int, given: Mapping[str, object]) -> Row | Fault:
    fields = {name: value for name, value in given.items() if name != CONNECTION}
    try:
        connection = connection_name(str(given.get(CONNECTION, "")))
    except ValueError as error:
        return Fault(number=number, reason=f"the field '{CONNECTION}' is none: {error}")
    if _SECRET_SHAPE.fullmatch(connection):
        reason = f"the field '{CONNECTION}' looks like a token or a secret: are columns mixed up?"
        return Fault(number=number, reason=reason)
    if problem := _ill_shaped(fields):
        return Fault(number=number, connection=connection, reason=problem)
    return Row(number=number, connection=connection, fields=fields)


def _ill_shaped(fields: Mapping[str, object]) -> str | None:
    """What the daemon would overlook, and what would yet stand in Vault for good."""
    for name, value in fields.items():
        if not _is_known(name):
            return f"{_named(name, 'one of its fields')} is no field of a credential: {', '.join(FIELDS)}"
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not isinstance(value, str) and not (name == "refresh_at" and is_number):
            return f"the field '{name}' is no text"
    return None


def _is_known(name: str) -> bool:
    return name in {CONNECTION, *FIELDS} or _OF_A_DATA_CENTER.fullmatch(name) is not None


def _named(name: str, otherwise: str) -> str:
    """The name, if no secret looks like it: a file without a header has its first secrets in its place."""
    return f"'{name}'" if _HARMLESS_NAME.fullmatch(name) else otherwise


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
