"""What becomes of a row, by what stands in Vault and what Vault does."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.support.samples.builders import CRM
from zoho_tokend.core.errors import Conflict, RecordUnreadable, VaultForbidden, VaultUnavailable
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.operations.import_ import ImportedRow, Importer, Verdict
from zoho_tokend.operations.import_rows import Fault, Row

FIELDS = {"client": "jobs", "refresh_token": "CANARY"}
OTHERS = {"client": "jobs", "refresh_token": "another"}


@dataclass(frozen=True)
class Record:
    version: int = 0
    fields: Mapping[str, object] | None = None
    path: str = "secret/zoho/credentials/crm-prod"


@dataclass
class Shelf:
    """Credentials in memory, with CAS; ``troubles`` come first, one a write."""

    records: dict[ConnectionName, Record] = field(default_factory=dict)
    troubles: list[Exception] = field(default_factory=list)
    lands: bool = False
    asked: int = 0

    async def credential(self, connection: ConnectionName) -> Record:
        self.asked += 1
        return self.records.get(connection, Record())

    async def record_credential(
        self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int
    ) -> int:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble and not self.lands:
            raise trouble
        if self.records.get(connection, Record()).version != after_version:
            raise Conflict
        self.records[connection] = Record(after_version + 1, fields)
        if trouble:
            raise trouble
        return after_version + 1


async def usable(_row: Row) -> None:
    """The daemon could use it."""


async def unusable(_row: Row) -> None:
    raise RecordUnreadable("the field 'refresh_token' is missing")


def a_row(number: int = 2, connection: ConnectionName = CRM) -> Row:
    return Row(number=number, connection=connection, fields=FIELDS)


def holding(fields: Mapping[str, object] | None, version: int = 7) -> Shelf:
    return Shelf({CRM: Record(version, fields)})


@pytest.mark.parametrize(
    ("shelf", "replace", "verdict", "kept"),
    [
        pytest.param(Shelf(), False, Verdict.NEW, FIELDS, id="a new one is taken"),
        pytest.param(holding(None), False, Verdict.NEW, FIELDS, id="so is one that was deleted"),
        pytest.param(holding(FIELDS), False, Verdict.UNCHANGED, FIELDS, id="the same is left alone"),
        pytest.param(holding(FIELDS), True, Verdict.UNCHANGED, FIELDS, id="and not even replaced"),
        pytest.param(holding(OTHERS), False, Verdict.REFUSED, OTHERS, id="another is kept"),
        pytest.param(holding(OTHERS), True, Verdict.REPLACED, FIELDS, id="and replaced on request"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
async def test_what_stands_there_decides(
    shelf: Shelf, *, replace: bool, verdict: Verdict, kept: Mapping[str, object], dry_run: bool
) -> None:
    own = Shelf(dict(shelf.records))
    taken = await Importer(own, usable, replace=replace, dry_run=dry_run).import_row(a_row())
    assert taken.verdict is verdict
    assert own.records == shelf.records if dry_run else own.records[CRM].fields == kept


@pytest.mark.parametrize("replace", [False, True])
async def test_a_row_that_was_taken_is_unchanged_the_next_time(*, replace: bool) -> None:
    shelf = Shelf()
    importer = Importer(shelf, usable, replace=replace)
    verdicts = [(await importer.import_row(a_row())).verdict for _ in range(3)]
    assert verdicts == [Verdict.NEW, Verdict.UNCHANGED, Verdict.UNCHANGED]
    assert shelf.records[CRM].version == 1


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Conflict(), "changed by somebody else meanwhile"),
        (VaultForbidden("Vault's policy denies it"), "Vault's policy denies it"),
    ],
)
async def test_a_write_that_is_refused_is_told_and_the_next_row_goes_on(trouble: Exception, reason: str) -> None:
    importer = Importer(Shelf(troubles=[trouble]), usable)
    first = await importer.import_row(a_row())
    second = await importer.import_row(a_row(3, ConnectionName("sales")))
    assert (first.verdict, second.verdict) == (Verdict.REFUSED, Verdict.NEW)
    assert reason in str(first.reason)


async def test_a_row_that_the_daemon_could_not_use_is_refused_before_vault_is_asked() -> None:
    shelf = Shelf()
    taken = await Importer(shelf, unusable).import_row(a_row())
    assert taken == ImportedRow(
        number=2, connection=CRM, verdict=Verdict.REFUSED, reason="the field 'refresh_token' is missing"
    )
    assert shelf.asked == 0


async def test_a_fault_is_refused_as_it_is() -> None:
    taken = await Importer(Shelf(), usable).import_row(Fault(number=4, reason="has no name"))
    assert taken == ImportedRow(number=4, connection=None, verdict=Verdict.REFUSED, reason="has no name")


@pytest.mark.looptime
async def test_a_short_outage_is_waited_out() -> None:
    shelf = Shelf(troubles=[VaultUnavailable("Vault is sealed")] * 3)
    assert (await Importer(shelf, usable).import_row(a_row())).verdict is Verdict.NEW


@pytest.mark.looptime
async def test_a_write_whose_answer_was_lost_is_found_to_have_landed() -> None:
    shelf = Shelf(troubles=[VaultUnavailable("the answer was lost")], lands=True)
    assert (await Importer(shelf, usable).import_row(a_row())).verdict is Verdict.UNCHANGED
    assert shelf.records[CRM].version == 1


@pytest.mark.looptime
async def test_where_vault_stays_away_the_rows_after_it_are_not_tried() -> None:
    shelf = Shelf(troubles=[VaultUnavailable("Vault is sealed")] * 9)
    importer = Importer(shelf, usable)
    first = await importer.import_row(a_row())
    asked = shelf.asked
    second = await importer.import_row(a_row(3, ConnectionName("sales")))
    assert (first.reason, second.reason) == ("Vault is sealed", "not tried: Vault is sealed")
    assert shelf.asked == asked
