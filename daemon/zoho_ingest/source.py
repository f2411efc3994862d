"""A module of the CRM becomes a resource of dlt."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, cast

import dlt
from dlt.extract import DltResource

from zoho_ingest import export
from zoho_ingest.changes import State, changes
from zoho_ingest.crm import BeyondReach, Crm
from zoho_ingest.fields import ID, Layout, Row
from zoho_tokend.reader import TokenReader


@dlt.source(name="zoho_crm", max_table_nesting=1)
def zoho_crm(
    connection: str,
    modules: Sequence[str],
    *,
    reader: TokenReader | None = None,
    crm: Crm | None = None,
    exports: bool = True,
    jobs_per_run: int | None = None,
) -> Iterable[DltResource]:
    """Modules of Zoho CRM, each a table of records that is merged by id; a deleted record becomes a tombstone.

    A tombstone has ``zoho_deleted_at`` and no other value. Where a destination cannot merge, the row of a record with
    the highest ``zoho_order`` is its latest.

    Args:
        connection: the daemon's name for it; its token is read from Vault.
        modules: their API names, as ``zoho-ingest modules`` lists them.
        reader: of tokens; None for one by the environment, ``VAULT_ADDR`` and so on.
        crm: asks Zoho; None for one that keeps no credits back.
        exports: use the Bulk Read API for the first load of a module of more than 2,000 records.
        jobs_per_run: exports end after so many jobs of 200,000 rows, and the next run goes on; None for all.
    """
    asked = crm or Crm(reader or TokenReader(), connection)
    for module in modules:
        layout = Layout.of(asked.fields(module))
        yield dlt.resource(
            _records(asked, module, layout, exports=exports, jobs=jobs_per_run),
            name=module,
            primary_key=ID,
            write_disposition="merge",
            columns=cast("Any", layout.columns),
        )


def rows(
    crm: Crm, module: str, layout: Layout, state: State, *, exports: bool = True, jobs: int | None = None
) -> Iterator[list[Row]]:
    """What the destination does not have yet; afterwards the state says how far it came."""
    if "export" not in state and exports and export.is_due(crm, module, state):
        export.begin(crm, module, state)
    if "export" not in state:
        try:
            yield from changes(crm, module, layout, state)
        except BeyondReach:
            if not exports:
                raise
            export.begin(crm, module, state)
        else:
            return
    yield from export.all_of(crm, module, layout, state, jobs)
    if "export" not in state:
        # Where more changed in the last two minutes than pages lead to, the next load exports these once more.
        with suppress(BeyondReach):
            yield from changes(crm, module, layout, state)


def _records(crm: Crm, module: str, layout: Layout, *, exports: bool, jobs: int | None) -> Iterator[list[Row]]:
    state = cast("State", dlt.current.resource_state(module))
    yield from rows(crm, module, layout, state, exports=exports, jobs=jobs)
