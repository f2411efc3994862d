"""What changed in a module since the last load, page by page, so that no record is lost or doubled.

Four rules make it so, and every instant is one that Zoho wrote, so no clock of ours matters:

* The last change comes first. A record that changes while we turn pages moves to the front: those behind it move back,
  and are seen twice, never skipped; the change itself is later than all we saw, and the next load brings it.
* Only a deletion moves records forward, past us. So deletions are read after the pages, and where a record that we had
  seen is among them, the pages are read again.
* The next load begins two minutes before the last change that we saw, so that one in the same second, or one that Zoho
  wrote late, is not missed.
* A row that is the same as the one that was loaded is not given again: the fingerprints of the rows of these two
  minutes are in the state.
"""

from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from typing import Final, TypedDict

from zoho_ingest.crm import IDS_PER_CALL, BeyondReach, Crm, Record
from zoho_ingest.errors import NeedsAPerson, TryAgain
from zoho_ingest.fields import (
    DELETED,
    ID,
    MODIFIED,
    ORDER,
    Layout,
    Row,
    earlier,
    fingerprint,
    in_batches,
    instant,
    latest,
)

OVERLAP: Final = timedelta(minutes=2)
_PASSES: Final = 5


class Export(TypedDict):
    """How far the export of a large module has come.

    Attributes:
        newest: the last change that was to be seen when it began; changes from there on are read page by page.
        since: of an export of changes alone, where they begin.
        created: when the last record was made that was loaded; the next job begins there.
        ids: the records of that very second that were loaded.
    """

    newest: str
    since: str | None
    created: str | None
    ids: list[str]


class State(TypedDict, total=False):
    """What dlt keeps for one module, beside the rows that it loaded: all or nothing of it is stored with them.

    Attributes:
        since: the last change that was seen; the module was never loaded where it is missing.
        deleted_since: the last deletion that was seen.
        loaded: the fingerprints of the rows that the next load will meet again, by id.
        order: how many pages were read; numbers the rows.
        export: of a load by the Bulk Read API that is under way.
    """

    since: str
    deleted_since: str
    loaded: dict[str, str]
    order: int
    export: Export


def changes(crm: Crm, module: str, layout: Layout, state: State) -> Iterator[list[Row]]:
    """The rows that changed since the state, and tombstones; afterwards the state says so.

    Raises:
        BeyondReach: more records changed than pages lead to; the state is as it was, but for ``loaded``.
        NeedsAPerson: more records were deleted than that.
        TryAgain: records were deleted as fast as we read; the state is as it was.
    """
    since, deleted_since = state.get("since"), state.get("deleted_since") or state.get("since")
    met: dict[str, tuple[str, str]] = {}  # by id: when it changed, and the fingerprint of its row
    known = state.setdefault("loaded", {})
    gone: dict[str, str] = {}
    newest, deleted_newest = since, deleted_since
    for _ in range(_PASSES):
        seen: set[str] = set()
        for page in crm.pages(module, layout.groups[0], since=_before(since)):
            rows = complete(crm, module, layout, page)
            seen.update(str(row[ID]) for row in rows)
            newest = latest([newest, *(str(record[MODIFIED]) for record in page)])
            fresh = []
            for row in rows:
                key, print_ = str(row[ID]), fingerprint(row)
                if known.get(key) != print_:
                    fresh.append(row)
                met[key] = (str(row[MODIFIED]), print_)
                known[key] = print_
            yield from numbered(state, fresh)
        shifted = False
        for page in _deleted(crm, module, _before(deleted_since or newest)) if newest else ():
            tombs = [{ID: str(each[ID]), DELETED: str(each["deleted_time"])} for each in page]
            deleted_newest = latest([deleted_newest, *(tomb[DELETED] for tomb in tombs)])
            loaded = [tomb for tomb in tombs if since or tomb[ID] in known]
            fresh = [dict(tomb) for tomb in loaded if known.get(tomb[ID]) != tomb[DELETED]]
            for tomb in tombs:
                shifted = shifted or tomb[ID] in seen
                known[tomb[ID]] = gone[tomb[ID]] = tomb[DELETED]
                met.pop(tomb[ID], None)
            yield from numbered(state, fresh)
        if not shifted:
            break
    else:
        raise TryAgain(f"records of {module} are being deleted as fast as they are read; the next run goes on")
    if newest is None:
        return
    _remember(state, newest, deleted_newest or newest, met, gone)


def _deleted(crm: Crm, module: str, since: str | None) -> Iterator[list[Record]]:
    try:
        yield from crm.deleted(module, since=since)
    except BeyondReach as error:
        raise NeedsAPerson(
            f"more records of {module} were deleted since {since} than Zoho's pages lead to: load the module anew, "
            "into another dataset and with another --state"
        ) from error


def complete(crm: Crm, module: str, layout: Layout, page: list[Record]) -> list[Row]:
    """The records of a page as rows with all their fields; those beyond the first fifty are joined by id."""
    rows = {str(record[ID]): layout.row(record) for record in page}
    join(crm, module, layout, rows, layout.groups[1:])
    return list(rows.values())


def join(crm: Crm, module: str, layout: Layout, rows: MutableMapping[str, Row], groups: list[tuple[str, ...]]) -> None:
    """Add the fields of these groups to the rows, which are kept by id."""
    for group in groups:
        for ids in in_batches(list(rows), IDS_PER_CALL):
            for record in crm.by_ids(module, ids, group):
                if (row := rows.get(str(record[ID]))) is not None:
                    row |= layout.row(record)


def numbered(state: State, rows: list[Row]) -> Iterator[list[Row]]:
    """The rows, each saying that it was read later than those before; nothing where there is none."""
    if rows:
        state["order"] = state.get("order", 0) + 1
        yield [{**row, ORDER: state["order"]} for row in rows]


def _before(since: str | None) -> str | None:
    return earlier(since, OVERLAP) if since else None


def _remember(
    state: State, newest: str, deleted_newest: str, met: dict[str, tuple[str, str]], gone: dict[str, str]
) -> None:
    met_again, gone_again = instant(newest) - OVERLAP, instant(deleted_newest) - OVERLAP
    state["since"], state["deleted_since"] = newest, deleted_newest
    state["loaded"] = {key: print_ for key, (at, print_) in met.items() if instant(at) >= met_again}
    state["loaded"] |= {key: at for key, at in gone.items() if instant(at) >= gone_again}
