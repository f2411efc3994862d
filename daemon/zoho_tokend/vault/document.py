"""One version of a KV v2 record, and its fields read strictly; pure.

A fault names the record and the field, and never the value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from zlib import crc32

from zoho_tokend.core.errors import RecordUnreadable

T = TypeVar("T")

LARGEST_FIELD: Final = 4 * 1024
"""The most bytes that a field may have; what Zoho gives out has some hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What was read.

    Attributes:
        where: the record as a person names it (``secret/zoho/credentials/crm-prod``).
        created: when this version was written, in Vault's own words; empty where it did not say.
    """

    where: str
    version: int
    fields: Mapping[str, object] = field(repr=False)
    created: str = ""

    @property
    def stamp(self) -> str:
        """What tells this version from any other: a record that was destroyed and made anew has its number too."""
        return f"{self.version}.{crc32(self.created.encode()):x}" if self.created else str(self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Takes fields out of a document; ``stamp`` goes into every fault."""

    document: Document
    stamp: str

    def word(self, name: str) -> str | None:
        """The field as a text without any white space, such as an id or a secret; None when there is none.

        Raises:
            RecordUnreadable.
        """
        text = self.text(name)
        if text is not None and " " in text:
            raise self.fault(name, "holds white space")
        return text

    def text(self, name: str) -> str | None:
        """The field as one line of text; None when there is none.

        Raises:
            RecordUnreadable.
        """
        value = self.document.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.fault(name, "is no text")
        if len(value.encode(errors="replace")) > LARGEST_FIELD:
            raise self.fault(name, f"is longer than {LARGEST_FIELD // 1024} kB, and no such field is")
        if not value.strip():
            raise self.fault(name, "is empty")
        if value != value.strip():
            raise self.fault(name, "has white space or a line end around it, as often after copying")
        if not value.isprintable():
            raise self.fault(name, "holds a line end or another character that cannot be printed")
        return value

    def share(self, name: str, *, low: float, high: float) -> float | None:
        """The field as a number between the two, written as a number or as text; None when there is none.

        Raises:
            RecordUnreadable.
        """
        value = self.document.fields.get(name)
        if value is None:
            return None
        try:
            number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        except (ValueError, OverflowError):
            number = None
        if number is None or not low <= number <= high:
            raise self.fault(name, f"is no number from {low} to {high}")
        return number

    def demand(self, name: str, value: T | None) -> T:
        """The value, which must be there.

        Raises:
            RecordUnreadable.
        """
        if value is None:
            raise self.fault(name, "is missing")
        return value

    def fault(self, name: str, problem: str) -> RecordUnreadable:
        """What is wrong with a field."""
        return RecordUnreadable(f"{self.document.where}: the field '{name}' {problem}", stamp=self.stamp)
