"""The fields of a KV v2 record, read strictly; pure.

A fault names the record and the field, and never the value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, TypeVar
from zlib import crc32

from zoho_tokend.core.errors import RecordUnreadable

T = TypeVar("T")

_FIELD_NAME: Final = re.compile(r"[A-Za-z_ -]{1,30}", re.ASCII)
_NEARLY: Final = 0.8

LARGEST_FIELD: Final = 4 * 1024
"""The most bytes that a field may have; Zoho's own values have a few hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFields:
    """The fields of one version of a record that exists.

    Attributes:
        where: the record as a person names it (``secret/zoho/credentials/crm-prod``).
        values: the fields by name, as Vault sent them.
        created: when this version was written, in Vault's own words; empty where it did not say.
        stamp: identifies this version, and goes into every fault. Unless it is given, it is made of the version and of
            ``created``: a record that was destroyed and created again has the same version numbers.
    """

    where: str
    version: int
    values: Mapping[str, object] = field(repr=False)
    created: str = ""
    stamp: str = ""

    def __post_init__(self) -> None:
        if not self.stamp:
            stamp = f"{self.version}.{crc32(self.created.encode()):x}" if self.created else str(self.version)
            object.__setattr__(self, "stamp", stamp)

    def word(self, name: str) -> str | None:
        """Return the field as a text without any white space, such as an id or a secret; None where it is absent.

        Raises:
            RecordUnreadable.
        """
        text = self.text(name)
        if text is not None and " " in text:
            raise self.fault(name, "contains white space")
        return text

    def text(self, name: str) -> str | None:
        """Return the field as one line of text; None where it is absent.

        Raises:
            RecordUnreadable.
        """
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.fault(name, "is not a text")
        if len(value.encode(errors="replace")) > LARGEST_FIELD:
            raise self.fault(name, f"is longer than {LARGEST_FIELD // 1024} kB, the most that a field may have")
        if not value.strip():
            raise self.fault(name, "is empty")
        if value != value.strip():
            raise self.fault(name, "has white space or a line break around it, as often happens when copying")
        if not value.isprintable():
            raise self.fault(name, "contains a line break or another unprintable character")
        return value

    def number(self, name: str, *, low: float, high: float) -> float | None:
        """Return the field, a number or the text of one, if it is between the two; None where it is absent.

        Raises:
            RecordUnreadable.
        """
        value = self.values.get(name)
        if value is None:
            return None
        try:
            number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        except (ValueError, OverflowError):
            number = None
        if number is None or not low <= number <= high:
            raise self.fault(name, f"is not a number from {low} to {high}")
        return number

    def demand(self, name: str, value: T | None) -> T:
        """Return the value, which must be there.

        Raises:
            RecordUnreadable.
        """
        if value is None:
            raise self.fault(name, f"is missing{self._misspelt(name)}")
        return value

    def _misspelt(self, name: str) -> str:
        """Ask about the field of nearly this name; a name that a secret could be is not quoted."""
        others = [field for field in self.values if not field.startswith(f"{name}_")]  # client_secret_eu
        given = [field for field in others if _FIELD_NAME.fullmatch(field)]
        near = get_close_matches(name, given, n=1, cutoff=_NEARLY)
        return f"; did you mean it by '{near[0]}'?" if near else ""

    def fault(self, name: str, problem: str) -> RecordUnreadable:
        """Return the error that says what is wrong with a field."""
        return RecordUnreadable(f"{self.where}: the field '{name}' {problem}", stamp=self.stamp)
