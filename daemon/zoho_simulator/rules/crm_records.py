"""What the CRM answers about records: pages of them, of those that were deleted, and exports.

Shapes after https://www.zoho.com/crm/developer/docs/api/v8/get-records.html, get-deleted-records.html and
bulk-read/create-job.html there. *Assumed*, at the reader's expense: a page is an offset into the order of the moment,
by page token too, so what moves while somebody turns pages is skipped or seen twice; ``If-Modified-Since`` is
exclusive; an export is sorted by id, and taken when it is fetched.
"""

import base64
import csv
import io
import json
import zipfile
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from zoho_simulator.rules.messages import Answer
from zoho_simulator.rules.organisation import Deletion, Job, Module, Organisation, Record, identity, written

ZIP: Final = "application/zip"
_MOST_FIELDS: Final = 50
_MOST_IDS: Final = 100
_PER_PAGE: Final = 200
_PAGES_WITHOUT_TOKEN: Final = 10
_TOKEN_LIFE: Final = timedelta(hours=24)
_POLLS_UNTIL_DONE: Final = 2
_BULK_FIELDS: Final = 200


def refusal(status: int, code: str, message: str, **details: object) -> Answer:
    """The CRM's way to say no."""
    return Answer(content={"code": code, "details": details, "message": message, "status": "error"}, status=status)


def page(
    organisation: Organisation, module: Module, query: Mapping[str, str], since: datetime | None, now: datetime
) -> Answer:
    """The answer to ``GET /crm/v8/{module}``."""
    fields = [name for name in query.get("fields", "").split(",") if name]
    if not fields:
        return refusal(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name="fields")
    if len(fields) > _MOST_FIELDS:
        return refusal(400, "LIMIT_EXCEEDED", "the fields limit exceeded", limit=_MOST_FIELDS, param_name="fields")
    if "ids" in query:
        return _by_ids(module, query["ids"].split(","), fields)
    numbers: Sequence[int] = module.by_modified() if query.get("sort_by") == "Modified_Time" else module.by_id()
    first = 0
    if since is not None:
        in_time = module.by_modified()
        first = bisect_right(in_time, since, key=module.modified)
        if first == len(in_time):
            return Answer(content="", status=304)
        numbers = in_time
    total = len(numbers) - first
    descending = query.get("sort_order", "desc") != "asc"

    def at(offset: int) -> Record:
        return module.record(numbers[len(numbers) - 1 - offset if descending else first + offset], fields)

    return _page(total, at, query, now, organisation.page_reach)


def deleted(
    organisation: Organisation, module: Module, query: Mapping[str, str], since: datetime | None, now: datetime
) -> Answer:
    """The answer to ``GET /crm/v8/{module}/deleted``, the last deletion first."""
    found = [each for each in module.deletions if since is None or each.at > since]
    return _page(len(found), lambda at: _tombstone(found[-1 - at]), query, now, organisation.page_reach)


def create_job(organisation: Organisation, body: bytes) -> Answer:
    """The answer to ``POST /crm/bulk/v8/read``."""
    try:
        query = json.loads(body)["query"]
        module = organisation.modules[query["module"]["api_name"]]
        fields = tuple(query.get("fields") or ())
    except (ValueError, KeyError, TypeError):
        return refusal(400, "INVALID_DATA", "invalid data")
    if len(fields) > _BULK_FIELDS:
        return refusal(400, "LIMIT_EXCEEDED", "the fields limit exceeded", limit=_BULK_FIELDS)
    job_id = identity(10**14 + len(organisation.jobs))
    organisation.jobs[job_id] = Job(
        module=module, fields=fields, criteria=query.get("criteria"), page=int(query.get("page", 1))
    )
    details = {"id": job_id, "operation": "read", "state": "ADDED"}
    said = {"status": "success", "code": "ADDED_SUCCESSFULLY", "message": "Added successfully.", "details": details}
    return Answer(content={"data": [said], "info": {}}, status=201)


def job_state(organisation: Organisation, job_id: str) -> Answer:
    """The answer to ``GET /crm/bulk/v8/read/{job}``: done from the second time on."""
    job = organisation.jobs.get(job_id)
    if job is None:
        return refusal(404, "RESOURCE_NOT_FOUND", "Job does not exist")
    job.polls += 1
    said: dict[str, object] = {"id": job_id, "operation": "read", "state": "IN PROGRESS", "file_type": "csv"}
    if job.polls >= _POLLS_UNTIL_DONE:
        count = sum(1 for _ in _exported(job, organisation.bulk_rows + 1))
        said["state"] = "COMPLETED"
        said["result"] = {
            "page": job.page,
            "per_page": organisation.bulk_rows,
            "count": min(count, organisation.bulk_rows),
            "download_url": f"/crm/bulk/v8/read/{job_id}/result",
            "more_records": count > organisation.bulk_rows,
        }
    return Answer(content={"data": [said]})


def job_result(organisation: Organisation, job_id: str) -> Answer:
    """The answer to ``GET /crm/bulk/v8/read/{job}/result``: a zip of one CSV."""
    job = organisation.jobs.get(job_id)
    if job is None or job.polls < _POLLS_UNTIL_DONE:
        return refusal(404, "RESOURCE_NOT_FOUND", "Job result does not exist")
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(f"{job_id}.csv", "w") as raw,
        io.TextIOWrapper(raw, "utf-8", newline="") as text,
    ):
        table = csv.writer(text)
        names = [name for name in job.fields if name != "id"]
        table.writerow(["Id", *names])
        for number in _exported(job, organisation.bulk_rows):
            record = job.module.record(number, names)
            table.writerow([record["id"], *(_cell(record.get(name)) for name in names)])
    return Answer(content=packed.getvalue(), content_type=ZIP)


def _by_ids(module: Module, ids: Sequence[str], fields: Sequence[str]) -> Answer:
    if len(ids) > _MOST_IDS:
        return refusal(400, "LIMIT_EXCEEDED", "the ids limit exceeded", limit=_MOST_IDS, param_name="ids")
    numbers = [number for number in map(module.number, ids) if number is not None]
    if not numbers:
        return Answer(content="", status=204)
    records = [module.record(number, fields) for number in reversed(numbers)]
    info = {"per_page": _PER_PAGE, "count": len(records), "page": 1, "more_records": False, "next_page_token": None}
    return Answer(content={"data": records, "info": info})


def _page(total: int, at: Callable[[int], Record], query: Mapping[str, str], now: datetime, reach: int) -> Answer:
    per_page = min(int(query.get("per_page", _PER_PAGE)), _PER_PAGE)
    start = (int(query.get("page", 1)) - 1) * per_page
    if start >= _PAGES_WITHOUT_TOKEN * _PER_PAGE:
        return refusal(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "use page_token", limit=_PAGES_WITHOUT_TOKEN)
    if "page_token" in query:
        try:
            until, start = json.loads(base64.urlsafe_b64decode(query["page_token"]))
        except ValueError:
            return refusal(400, "INVALID_DATA", "invalid page_token", param_name="page_token")
        if now > datetime.fromisoformat(until):
            return refusal(400, "EXPIRED_VALUE", "the page_token has expired", param_name="page_token")
    if start >= reach:
        return refusal(400, "PAGINATION_LIMIT_EXCEEDED", "the records cannot be reached", limit=reach)
    if start >= total:
        return Answer(content="", status=204)
    end = min(start + per_page, total)
    more = end < total
    token = json.dumps([(now + _TOKEN_LIFE).isoformat(), end]).encode()
    info = {
        "per_page": per_page,
        "count": end - start,
        "page": start // per_page + 1,
        "more_records": more,
        "next_page_token": base64.urlsafe_b64encode(token).decode() if more else None,
    }
    return Answer(content={"data": [at(offset) for offset in range(start, end)], "info": info})


def _tombstone(deletion: Deletion) -> Record:
    ann = {"id": identity(-1), "name": "Ann Example"}
    return {
        "id": identity(deletion.number),
        "display_name": f"Marlow {deletion.number}",
        "type": "recycle",
        "deleted_by": ann,
        "created_by": ann,
        "deleted_time": written(deletion.at),
    }


def _exported(job: Job, most: int) -> Iterator[int]:
    since = {name: datetime.fromisoformat(value) for name, value in _bounds(job.criteria)}
    module, created = job.module, since.get("Created_Time")
    numbers = module.by_id()
    start = 0 if created is None else _first_created(module, numbers, created)
    found, skipped = 0, (job.page - 1) * most
    for at in range(start, len(numbers)):
        if "Modified_Time" in since and module.modified(numbers[at]) < since["Modified_Time"]:
            continue
        found += 1
        if found > skipped + most:
            return
        if found > skipped:
            yield numbers[at]


def _first_created(module: Module, numbers: Sequence[int], instant: datetime) -> int:
    return bisect_right(numbers, instant - timedelta(microseconds=1), key=module.created)


def _bounds(criteria: object) -> Iterator[tuple[str, str]]:
    """Each ``greater_equal`` of the criteria; of a group, all of them hold."""
    match criteria:
        case {"group": [*parts]}:
            for part in parts:
                yield from _bounds(part)
        case {"field": {"api_name": str(name)}, "comparator": "greater_equal", "value": str(value)}:
            yield name, value
        case _:
            return


def _cell(value: object) -> object:
    """A lookup is exported as its id, a multi-select with semicolons, nothing as an empty cell."""
    match value:
        case {"id": record_id}:
            return record_id
        case list():
            return ";".join(map(str, value))
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case _:
            return value
