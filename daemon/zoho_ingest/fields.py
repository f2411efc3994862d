"""The fields of a module as columns, and its records as rows; pure.

Types after https://www.zoho.com/crm/developer/docs/api/v8/field-meta.html. dlt turns the texts into instants and
numbers by the types given here, and where a value does not fit its type dlt keeps it in a column of its own.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final, Literal, TypeVar

Row = dict[str, object]
Thing = TypeVar("Thing")
DataType = Literal["text", "bigint", "double", "decimal", "bool", "date", "timestamp", "json"]

ID: Final = "id"
CREATED: Final = "Created_Time"
MODIFIED: Final = "Modified_Time"
# The columns that we add: when a record was deleted, and which of two rows of one record was read later.
DELETED: Final = "zoho_deleted_at"
ORDER: Final = "zoho_order"

_STAMPS: Final = (ID, CREATED, MODIFIED)
_FIELDS_PER_CALL: Final = 50
_BY_DATA_TYPE: Final[Mapping[str, DataType]] = {
    "date": "date",
    "datetime": "timestamp",
    "currency": "decimal",
    "multiselectpicklist": "json",
}
_BY_JSON_TYPE: Final[Mapping[str, DataType]] = {
    "integer": "bigint",
    "long": "bigint",
    "double": "double",
    "boolean": "bool",
    "jsonarray": "json",
    "jsonobject": "json",
}


class Kind(StrEnum):
    """How the value of a field becomes that of a column."""

    PLAIN = "plain"
    LOOKUP = "lookup"
    CHOICES = "choices"
    SUBFORM = "subform"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a module; ``data_type`` is dlt's, None for a subform, which becomes a table."""

    name: str
    kind: Kind
    data_type: DataType | None


def field_of(described: Mapping[str, object]) -> Field:
    """The field that the metadata describes."""
    name, data_type = str(described.get("api_name")), str(described.get("data_type"))
    json_type = str(described.get("json_type"))
    if data_type == "subform":
        return Field(name, Kind.SUBFORM, None)
    if data_type in {"lookup", "ownerlookup", "userlookup"}:
        return Field(name, Kind.LOOKUP, "text")
    kind = Kind.CHOICES if data_type == "multiselectpicklist" else Kind.PLAIN
    return Field(name, kind, _BY_DATA_TYPE.get(data_type) or _BY_JSON_TYPE.get(json_type, "text"))


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of one module, by name; those that every record has are among them."""

    fields: Mapping[str, Field]

    @classmethod
    def of(cls, described: Iterable[Mapping[str, object]]) -> "Layout":
        """The layout that the metadata describes; id and both stamps are there even where it is silent."""
        stamps = {ID: Field(ID, Kind.PLAIN, "text")}
        stamps |= {name: Field(name, Kind.PLAIN, "timestamp") for name in (CREATED, MODIFIED)}
        return cls({field.name: field for field in map(field_of, described)} | stamps)

    @property
    def columns(self) -> dict[str, dict[str, object]]:
        """The hints that dlt takes; the later of two rows of one record replaces the earlier."""
        known = {field.name: {"data_type": field.data_type} for field in self.fields.values() if field.data_type}
        hints: dict[str, dict[str, object]] = {name: dict(hint) for name, hint in known.items()}
        hints[ID] |= {"nullable": False}
        hints[DELETED] = {"data_type": "timestamp"}
        hints[ORDER] = {"data_type": "bigint", "dedup_sort": "desc"}
        return hints

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """The names to ask for in each call: one gives 50 fields at most, and id is in all of them."""
        names = [name for name in self.fields if name not in _STAMPS]
        first = _FIELDS_PER_CALL - len(_STAMPS)
        return [(*_STAMPS, *names[:first]), *in_batches(names[first:], _FIELDS_PER_CALL - 1)]

    def exported(self, most: int) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The names that an export gives, at most so many, and the groups of those that are left: subforms are."""
        plain = [field.name for field in self.fields.values() if field.kind is not Kind.SUBFORM]
        given = (*_STAMPS, *[name for name in plain if name not in _STAMPS][: most - len(_STAMPS)])
        left = [name for name in self.fields if name not in given]
        return given, list(in_batches(left, _FIELDS_PER_CALL - 1))

    def row(self, record: Mapping[str, object]) -> Row:
        """The record as a row: of a lookup the id is kept, for its name belongs to another record."""
        return {name: self._value(name, value) for name, value in record.items() if not name.startswith("$")}

    def exported_row(self, cells: Mapping[str, str]) -> Row:
        """The same from a line of an export, which writes nothing as an empty cell and choices with semicolons."""
        return {name: self._cell(name, text) for name, text in cells.items()}

    def _value(self, name: str, value: object) -> object:
        field = self.fields.get(name)
        if field is not None and field.kind is Kind.LOOKUP and isinstance(value, Mapping):
            return value.get("id")
        if field is not None and field.kind is Kind.CHOICES:
            return value or []
        return value

    def _cell(self, name: str, text: str) -> object:
        field = self.fields.get(name)
        if field is not None and field.kind is Kind.CHOICES:
            return text.split(";") if text else []
        if text == "" or field is None:
            return None
        return text == "true" if field.data_type == "bool" else text


def fingerprint(row: Row) -> str:
    """Tells whether a row is the one that was loaded before, without keeping it."""
    text = json.dumps(row, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def instant(text: str) -> datetime:
    """The instant that Zoho wrote, which has an offset that may differ from record to record."""
    return datetime.fromisoformat(text)


def earlier(text: str, by: timedelta) -> str:
    """An instant before this one, written in the same way."""
    return (instant(text) - by).isoformat()


def latest(texts: Iterable[str | None]) -> str | None:
    """The latest of these instants."""
    return max((text for text in texts if text), key=instant, default=None)


def in_batches(things: Iterable[Thing], size: int) -> Iterator[tuple[Thing, ...]]:
    """The things, so many at a time."""
    waiting = iter(things)
    while batch := tuple(islice(waiting, size)):
        yield batch
