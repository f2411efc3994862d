"""The CRM of one organisation: modules of any size, whose records are computed when somebody asks for them.

A record is a function of its number and of how often it was changed, so a million of them cost no memory; only what
changed since the module was made is kept. Three records share each second, as an import leaves them.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

Record = dict[str, object]

# Zoho writes instants in the time zone of the user, never in UTC.
ZONE: Final = timezone(timedelta(hours=5, minutes=30))
_PER_SECOND: Final = 3
_FIRST_ID: Final = 4_876_876_000_000_000_001
_COMPANIES: Final = (
    "Tidewater Looms",
    "Northwind Kites",
    "Marlow & Sons",
    'Okafor "Quay", Ltd',
    "Zoë Ünder\nTwo lines",
)
_RATINGS: Final = ("Cold", "Warm", None)


def written(instant: datetime) -> str:
    """The instant as Zoho writes it: with an offset, and without a fraction."""
    return instant.astimezone(ZONE).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Field:
    """One field; ``value`` computes it from the record's number and how often the record was changed."""

    api_name: str
    data_type: str
    json_type: str
    value: Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Deletion:
    """A record that is gone."""

    number: int
    at: datetime


@dataclass(slots=True, kw_only=True)
class Module:
    """One module of the CRM.

    Attributes:
        fields: but for ``id``, which every module has.
        began: when the first record was made.
        size: how many records were ever made.
        changed: how often and when last, by the number of each record that was changed or added.
    """

    api_name: str
    fields: tuple[Field, ...]
    began: datetime
    size: int
    changed: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    added: dict[int, datetime] = field(default_factory=dict)
    deletions: list[Deletion] = field(default_factory=list)
    _gone: list[int] = field(default_factory=list)
    _moved: list[int] = field(default_factory=list)

    def by_id(self) -> Sequence[int]:
        """The numbers of all living records, the oldest first."""
        return _Without(self.size, self._gone)

    def by_modified(self) -> Sequence[int]:
        """The numbers of all living records, the one that was modified longest ago first."""
        late = sorted((self.modified(number), number) for number in self.changed if number not in _In(self._gone))
        return _Chained(_Without(self.size, self._moved), [number for _, number in late])

    def modified(self, number: int) -> datetime:
        """When the record was last changed."""
        return self.changed[number][1] if number in self.changed else self.created(number)

    def created(self, number: int) -> datetime:
        """When the record was made."""
        return self.added.get(number) or self.began + timedelta(seconds=number // _PER_SECOND)

    def record(self, number: int, fields: Sequence[str] | None = None) -> Record:
        """The record; of a field that the module has not, nothing is said."""
        revision = self.changed[number][0] if number in self.changed else 0
        wanted = None if fields is None else set(fields)
        record: Record = {"id": identity(number)}
        for each in self.fields:
            if wanted is None or each.api_name in wanted:
                record[each.api_name] = each.value(number, revision)
        if wanted is None or "Created_Time" in wanted:
            record["Created_Time"] = written(self.created(number))
        if wanted is None or "Modified_Time" in wanted:
            record["Modified_Time"] = written(self.modified(number))
        return record

    def number(self, record_id: str) -> int | None:
        """The number of a living record."""
        number = int(record_id) - _FIRST_ID if record_id.isascii() and record_id.isdigit() else -1
        return number if 0 <= number < self.size and number not in _In(self._gone) else None

    def living(self) -> Iterator[Record]:
        """Every record in full, as the truth that a copy is compared with."""
        return (self.record(number) for number in self.by_id())

    # --- what users do

    def add(self, now: datetime) -> str:
        """A new record; answers its id."""
        number, self.size = self.size, self.size + 1
        self.added[number] = now.replace(microsecond=0)
        self._touch(number, now)
        return identity(number)

    def change(self, number: int, now: datetime) -> None:
        """The record has new values."""
        self._touch(number, now)

    def delete(self, number: int, now: datetime) -> None:
        """The record is in the recycle bin."""
        self.deletions.append(Deletion(number, now.replace(microsecond=0)))
        insort(self._gone, number)
        if number not in self.changed:
            insort(self._moved, number)

    def _touch(self, number: int, now: datetime) -> None:
        if number not in self.changed:
            insort(self._moved, number)
        revision = self.changed[number][0] if number in self.changed else 0
        self.changed[number] = (revision + 1, now.replace(microsecond=0))


@dataclass(slots=True, kw_only=True)
class Organisation:
    """What one organisation has.

    Attributes:
        modules: by API name.
        credits: API calls that are left today.
        page_reach: how many records page tokens lead to
            (https://www.zoho.com/crm/developer/docs/api/v8/get-records.html).
        bulk_rows: how many rows one job of the Bulk Read API exports.
        jobs: of the Bulk Read API, by id.
    """

    modules: dict[str, Module] = field(default_factory=dict)
    credits: int = 1_000_000
    page_reach: int = 100_000
    bulk_rows: int = 200_000
    jobs: dict[str, "Job"] = field(default_factory=dict)

    def add_module(
        self, api_name: str, records: int, now: datetime, *, width: int = 12, subform: bool = False
    ) -> Module:
        """A module of so many records and fields, the last of which was made an hour ago."""
        began = now.astimezone(UTC).replace(microsecond=0) - timedelta(hours=1, seconds=records // _PER_SECOND + 1)
        self.modules[api_name] = Module(
            api_name=api_name, fields=some_fields(width, subform=subform), began=began, size=records
        )
        return self.modules[api_name]


@dataclass(slots=True, kw_only=True)
class Job:
    """One job of the Bulk Read API; ``polls`` is how often somebody asked whether it is done."""

    module: Module
    fields: tuple[str, ...]
    criteria: Mapping[str, object] | None
    page: int
    polls: int = 0


def identity(number: int) -> str:
    """The id of the record of this number."""
    return str(_FIRST_ID + number)


def some_fields(width: int, *, subform: bool = False) -> tuple[Field, ...]:
    """So many fields, of every type in turn."""
    named = [*_FIELDS[:width], *(_custom(number) for number in range(max(0, width - len(_FIELDS))))]
    return (*named, Field("Visits", "subform", "jsonarray", _visits)) if subform else tuple(named)


def _custom(number: int) -> Field:
    return Field(f"Custom_{number}", "text", "string", lambda record, revision: f"{number}/{record}/{revision}")


def _visits(record: int, revision: int) -> list[Record]:
    return [
        {"id": str(_FIRST_ID + 10**15 + record * 10 + place), "Place": f"Pier {place}", "Minutes": 15 + revision}
        for place in range(record % 3)
    ]


def _person(record: int, _revision: int) -> Record:
    return {"id": str(_FIRST_ID - 1 - record % 3), "name": "Ann Example", "email": "ann@example.com"}


_FIELDS: Final = (
    Field("Last_Name", "text", "string", lambda record, revision: f"Marlow {record}.{revision}"),
    Field("Company", "text", "string", lambda record, _: _COMPANIES[record % len(_COMPANIES)]),
    Field("Email", "email", "string", lambda record, _: f"marlow{record}@example.com"),
    Field("Owner", "ownerlookup", "jsonobject", _person),
    Field("Annual_Revenue", "currency", "double", lambda record, revision: record * 10 + revision + 0.25),
    Field("Employees", "integer", "integer", lambda record, revision: record % 500 + revision),
    Field("Score", "double", "double", lambda record, _: record / 4),
    Field("Converted", "boolean", "boolean", lambda record, revision: (record + revision) % 2 == 0),
    Field("Rating", "picklist", "string", lambda record, _: _RATINGS[record % len(_RATINGS)]),
    Field(
        "Interests",
        "multiselectpicklist",
        "jsonarray",
        lambda record, _: ["Looms", "Kites, small", "Sails"][: record % 4],
    ),
    Field("Birthday", "date", "string", lambda record, _: f"19{50 + record % 50}-0{1 + record % 9}-15"),
    Field(
        "Last_Call",
        "datetime",
        "string",
        lambda record, revision: written(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=record + revision)),
    ),
)


@dataclass(frozen=True, slots=True)
class _In:
    """Membership in a sorted list."""

    numbers: list[int]

    def __contains__(self, number: object) -> bool:
        at = bisect_right(self.numbers, number) if isinstance(number, int) else 0
        return at > 0 and self.numbers[at - 1] == number


class _Without(Sequence[int]):
    """The numbers from 0 on, but for those in a sorted list."""

    def __init__(self, size: int, missing: list[int]) -> None:
        self._missing = missing
        self._length = size - len(missing)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: int) -> int:  # type: ignore[override]  # nobody slices it
        if not 0 <= at < self._length:
            raise IndexError(at)
        number = at
        while (beyond := at + bisect_right(self._missing, number)) != number:
            number = beyond
        return number


class _Chained(Sequence[int]):
    """One sequence after the other."""

    def __init__(self, first: Sequence[int], second: Sequence[int]) -> None:
        self._first, self._second = first, second

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    def __getitem__(self, at: int) -> int:  # type: ignore[override]  # nobody slices it
        return self._first[at] if at < len(self._first) else self._second[at - len(self._first)]
