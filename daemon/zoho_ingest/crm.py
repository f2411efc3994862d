"""Asks Zoho CRM, one call at a time: retries what may be retried, and knows what each refusal means.

https://www.zoho.com/crm/developer/docs/api/v8/. dlt's client repeats a call after 429, 5xx, a time-out or half an
answer, and waits as ``Retry-After`` says; the reader's header gives each call the token of the moment, and asks Vault
once for a newer one where Zoho refuses it. Nothing here refreshes a token.
"""

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import IO, Final

import requests
from dlt.common.runtime import signals
from dlt.sources.helpers.requests import Client

from zoho_ingest.errors import CreditsSpent, NeedsAPerson, ScopeMissing, TokenRefused, TryAgain
from zoho_tokend.reader import TokenReader, ZohoRequestsAuth

Record = Mapping[str, object]
Query = Mapping[str, str | int]

PER_PAGE: Final = 200
IDS_PER_CALL: Final = 100
# Without a page token a call reaches so many pages, https://www.zoho.com/crm/developer/docs/api/v8/get-records.html.
PAGES_WITHOUT_TOKEN: Final = 10
EXPORT_FIELDS: Final = 200

_API: Final = "/crm/v8"
_BULK: Final = "/crm/bulk/v8/read"
_SECONDS: Final = (5.0, 60.0)
_ATTEMPTS: Final = 8
_LONGEST_WAIT: Final = timedelta(minutes=5)
_CREDITS_HEADER: Final = "X-API-CREDITS-REMAINING"
_DEAD: Final = frozenset({"INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE", "AUTHENTICATION_FAILED"})
_PIECE: Final = 1 << 20


class BeyondReach(TryAgain):
    """Page tokens lead to 100,000 records and no further; an export has to bring the rest."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The rows of one job of the Bulk Read API, on disk, and whether there are more than it could take."""

    archive: IO[bytes]
    more: bool

    def rows(self) -> Iterator[dict[str, str]]:
        """One at a time; ``id`` is called so, whatever the header's capitals.

        Raises:
            TryAgain: the archive is damaged.
        """
        try:
            with zipfile.ZipFile(self.archive) as packed, packed.open(packed.namelist()[0]) as raw:
                lines = csv.reader(io.TextIOWrapper(raw, "utf-8", newline=""))
                names = ["id" if name.lower() == "id" else name for name in next(lines, [])]
                for cells in lines:
                    yield dict(zip(names, cells, strict=True))
        except (zipfile.BadZipFile, IndexError, EOFError, ValueError, csv.Error) as error:
            raise TryAgain("an export of Zoho is damaged; the next run asks for another") from error


class Crm:
    """The CRM of one connection.

    Attributes:
        calls: how many were answered, which is about what they cost in credits.
        credits: how many Zoho said are left; None before it said so.
    """

    def __init__(
        self,
        reader: TokenReader,
        connection: str,
        *,
        keep_credits: int = 0,
        wait: float = 1.0,
        per_page: int = PER_PAGE,
    ) -> None:
        """Prepare to ask; nothing is asked yet.

        Args:
            keep_credits: API credits to leave to others: a call that would go below is not made.
            wait: seconds before a call is first repeated; each further wait is twice as long.
            per_page: records to a page; fewer where they are so large that Zoho is slow to write them.
        """
        self.connection = connection
        self.calls = 0
        self.credits: int | None = None
        self._keep_credits = keep_credits
        self._wait = wait
        self._per_page = per_page
        self._reader = reader
        self._http = Client(
            request_timeout=_SECONDS,
            raise_for_status=False,
            request_max_attempts=_ATTEMPTS,
            request_backoff_factor=wait,
            request_max_retry_delay=_LONGEST_WAIT.total_seconds(),
            retry_condition=_is_half,
            session_attrs={"auth": ZohoRequestsAuth(reader, connection)},
        )

    def modules(self) -> list[Record]:
        """What the organisation has, as its metadata says."""
        return _list(self._get(f"{_API}/settings/modules", "settings.modules.READ", "the list of modules"), "modules")

    def fields(self, module: str) -> list[Record]:
        """The fields of a module, as its metadata says."""
        asked = self._get(f"{_API}/settings/fields", "settings.fields.READ", module, {"module": module})
        return _list(asked, "fields")

    def is_longer_than_pages_reach(self, module: str) -> bool:
        """Whether the module has more records than pages give without a token, by one call."""
        query: Query = {"fields": "id", "page": PAGES_WITHOUT_TOKEN, "per_page": self._per_page}
        return bool(_dict(self._records(module, "", query).get("info")).get("more_records"))

    def pages(
        self, module: str, fields: Sequence[str], *, since: str | None, most: int | None = None
    ) -> Iterator[list[Record]]:
        """The records that were modified after that instant, the last one first.

        Raises:
            BeyondReach: there are more than page tokens lead to.
        """
        query: dict[str, str | int] = {"fields": ",".join(fields), "sort_by": "Modified_Time", "sort_order": "desc"}
        return self._turned(module, "", query | {"per_page": most or self._per_page}, since)

    def deleted(self, module: str, *, since: str | None) -> Iterator[list[Record]]:
        """The records that were deleted after that instant."""
        return self._turned(module, "/deleted", {"type": "all", "per_page": self._per_page}, since)

    def by_ids(self, module: str, ids: Sequence[str], fields: Sequence[str]) -> list[Record]:
        """These records, those of them that still exist; 100 at most."""
        return _list(self._records(module, "", {"ids": ",".join(ids), "fields": ",".join(("id", *fields))}), "data")

    def export(self, module: str, fields: Sequence[str], not_before: Mapping[str, str]) -> Exported:
        """The records whose instants are no earlier than these, in the order of their ids, as many as one job takes.

        Waits until Zoho has done the job, and keeps the archive in a temporary file.

        Raises:
            TryAgain: Zoho gave the job up.
        """
        bounds = [
            {"field": {"api_name": name}, "comparator": "greater_equal", "value": value}
            for name, value in not_before.items()
        ]
        query: dict[str, object] = {"module": {"api_name": module}, "fields": list(fields)}
        if bounds:
            query["criteria"] = bounds[0] if len(bounds) == 1 else {"group_operator": "and", "group": bounds}
        said = self._asked("POST", _BULK, "bulk.READ", module, body={"query": query})
        job = _dict(_dict(_list(_json(said), "data")[0]).get("details")).get("id")
        wait = self._wait
        while True:
            state = _list(self._get(f"{_BULK}/{job}", "bulk.READ", module), "data")[0]
            match state.get("state"):
                case "COMPLETED":
                    result = _dict(state.get("result"))
                    return Exported(
                        self._archive(str(result.get("download_url")), module), bool(result.get("more_records"))
                    )
                case "FAILURE":
                    raise TryAgain(f"Zoho gave up an export of {module}; the next run asks for another")
                case _:
                    pass  # it is still at it
            signals.raise_if_signalled()
            signals.sleep(wait)
            wait = min(wait * 2, 60 * self._wait)

    def _archive(self, url: str, module: str) -> IO[bytes]:
        answer = self._asked("GET", url, "bulk.READ", module, stream=True)
        archive = tempfile.TemporaryFile()  # noqa: SIM115  # whoever reads the rows closes it
        try:
            for piece in answer.iter_content(_PIECE):
                archive.write(piece)
        except requests.RequestException as error:
            archive.close()
            raise TryAgain(f"an export of {module} broke off; the next run asks for another") from error
        archive.seek(0)
        return archive

    def _turned(self, module: str, part: str, query: Query, since: str | None) -> Iterator[list[Record]]:
        """Page after page; by token from the second on."""
        further: dict[str, str | int] = {}
        while True:
            said = self._records(module, part, {**query, **further}, since)
            if records := _list(said, "data"):
                yield records
            info = _dict(said.get("info"))
            if not info.get("more_records"):
                return
            if not info.get("next_page_token"):
                raise BeyondReach(f"Zoho leads no further into {module}")
            further = {"page_token": str(info["next_page_token"])}

    def _records(self, module: str, part: str, query: Query, since: str | None = None) -> dict[str, object]:
        headers = {"If-Modified-Since": since} if since else {}
        return self._get(f"{_API}/{module}{part}", f"modules.{module.lower()}.READ", module, query, headers)

    def _get(
        self,
        path: str,
        scope: str,
        what: str,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, object]:
        return _json(self._asked("GET", path, scope, what, query=query, headers=headers))

    def _asked(
        self,
        method: str,
        path: str,
        scope: str,
        what: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        stream: bool = False,
    ) -> requests.Response:
        if self.credits is not None and self.credits <= self._keep_credits:
            raise CreditsSpent(
                f"{self.credits} API credits of the organisation are left and {self._keep_credits} are kept for "
                "others: run again after Zoho has renewed them, or keep fewer"
            )
        try:
            answer = self._http.session.request(
                method,
                self._reader.base_url(self.connection) + path,
                params=dict(query or {}),
                headers=dict(headers or {}),
                json=body,
                stream=stream,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TryAgain(
                f"Zoho could not be asked for {what} ({type(error).__name__}); the next run goes on"
            ) from None
        self.calls += 1
        left = answer.headers.get(_CREDITS_HEADER, "")
        self.credits = int(left) if left.isdigit() else self.credits
        if answer.status_code not in {200, 201, 204, 304}:
            raise self._refusal(answer, scope, what)
        return answer

    def _refusal(self, answer: requests.Response, scope: str, what: str) -> Exception:
        code = _code(answer)
        match answer.status_code, code:
            case _, "OAUTH_SCOPE_MISMATCH":
                return ScopeMissing(
                    f"the token of {self.connection} does not open {what}: authorize it again with the scope "
                    f"ZohoCRM.{scope} besides those that it has"
                )
            case HTTPStatus.UNAUTHORIZED, _ if code in _DEAD:
                return TokenRefused(
                    f"Zoho refuses the token of {self.connection} ({code}) and Vault holds no newer one: "
                    "look at the daemon, for a job refreshes nothing"
                )
            case HTTPStatus.TOO_MANY_REQUESTS, _:
                return CreditsSpent(
                    f"Zoho takes no more calls for {what} now ({code or 'no code'}): the API credits of the day are "
                    "spent, or other jobs ask at the same time; the next run goes on"
                )
            case _, "PAGINATION_LIMIT_EXCEEDED":
                return BeyondReach(f"Zoho leads no further into {what}")
            case status, _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code == "EXPIRED_VALUE":
                return TryAgain(f"Zoho failed at {what} (HTTP {status}, {code or 'no code'}); the next run goes on")
        return NeedsAPerson(
            f"Zoho refuses the call for {what} (HTTP {answer.status_code}, {code or 'no code'}): "
            "compare the module's name with those that `zoho-ingest modules` lists, and look the code up at Zoho"
        )


def _is_half(answer: requests.Response | None, error: BaseException | None) -> bool:
    """Whether a good status came with something that is no whole JSON object; archives are not looked at."""
    if error is not None or answer is None or answer.status_code != HTTPStatus.OK:
        return False
    if answer.request.path_url.endswith("/result"):
        return False
    return not answer.content.rstrip().endswith(b"}")


def _json(answer: requests.Response) -> dict[str, object]:
    if answer.status_code in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        return {}
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise TryAgain("Zoho answered with something that is no JSON object; the next run goes on")
    return said


def _code(answer: requests.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return ""
    code = said.get("code") if isinstance(said, dict) else None
    return code if isinstance(code, str) and code.isascii() and code.replace("_", "").isalnum() else ""


def _dict(thing: object) -> dict[str, object]:
    return thing if isinstance(thing, dict) else {}


def _list(said: Mapping[str, object], name: str) -> list[Record]:
    """The objects of that name; whatever is none is left out."""
    found = said.get(name)
    items: Iterable[object] = found if isinstance(found, list) else ()
    return [item for item in items if isinstance(item, dict)]
