"""A large module, by the Bulk Read API: jobs of 200,000 rows, each of them a load of its own.

Jobs are cut by when records were made, which never changes, and not by page: a record that is deleted between two jobs
would push another one across the cut. What changes meanwhile is read page by page afterwards, from the last change that
was to be seen when the export began.
"""

import itertools
from collections.abc import Iterator

from zoho_ingest.changes import Export, State, join, numbered
from zoho_ingest.crm import EXPORT_FIELDS, Crm
from zoho_ingest.errors import NeedsAPerson
from zoho_ingest.fields import CREATED, ID, MODIFIED, Layout, Row, in_batches

_ROWS_AT_ONCE = 2_000


def begin(crm: Crm, module: str, state: State) -> None:
    """Put down in the state that the module is to be exported: all of it, or what changed since the last load."""
    first = next(crm.pages(module, (ID, MODIFIED), since=None, most=1), [])
    if first:
        state["export"] = Export(newest=str(first[0][MODIFIED]), since=state.get("since"), created=None, ids=[])


def export(crm: Crm, module: str, layout: Layout, state: State) -> Iterator[list[Row]]:
    """The rows of the next job; afterwards the state says how far it came, or that the export is done.

    Raises:
        NeedsAPerson: Zoho does not cut the module as it says.
    """
    progress = state["export"]
    given, groups = layout.exported(EXPORT_FIELDS)
    bounds = {CREATED: progress["created"], MODIFIED: progress["since"]}
    exported = crm.export(module, given, {name: value for name, value in bounds.items() if value})
    loaded, last, created, ids = set(progress["ids"]), 0, progress["created"], list(progress["ids"])
    with exported.archive:
        for lines in in_batches(exported.rows(), _ROWS_AT_ONCE):
            rows: dict[str, Row] = {}
            for line in lines:
                if int(line[ID]) < last:
                    raise NeedsAPerson(f"an export of {module} is not in the order of ids: load it with --no-export")
                last = int(line[ID])
                ids = [*ids, line[ID]] if line[CREATED] == created else [line[ID]]
                created = line[CREATED]
                if line[ID] not in loaded:
                    rows[line[ID]] = layout.exported_row(line)
            join(crm, module, layout, rows, groups)
            yield from numbered(state, list(rows.values()))
    if not exported.more:
        state["since"] = progress["newest"]
        if progress["since"] is None:  # an export of changes alone brings no deletion
            state["deleted_since"] = progress["newest"]
        del state["export"]
    elif created == progress["created"]:
        raise NeedsAPerson(f"one second of {module} has more records than an export takes: load it with --no-export")
    else:
        state["export"] = Export(newest=progress["newest"], since=progress["since"], created=created, ids=ids)


def is_due(crm: Crm, module: str, state: State) -> bool:
    """Whether the module was never loaded and is so large that pages would take long."""
    return "since" not in state and crm.is_longer_than_pages_reach(module)


def all_of(crm: Crm, module: str, layout: Layout, state: State, jobs: int | None) -> Iterator[list[Row]]:
    """The rows of so many jobs; of all that it takes for None."""
    for _ in itertools.count() if jobs is None else range(jobs):
        if "export" not in state:
            return
        yield from export(crm, module, layout, state)
