"""What surrounds a load of the CRM: a simulated Zoho with modules, tokens in a real Vault, and a table in memory."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.support.places.job_site import JobSite, a_job_site
from tests.support.servers.openbao import Corner
from zoho_ingest.changes import State
from zoho_ingest.crm import Crm
from zoho_ingest.fields import DELETED, ID, ORDER, Layout, Row
from zoho_ingest.source import rows
from zoho_simulator import Limits
from zoho_simulator.rules.organisation import Module, Organisation
from zoho_tokend.reader import TokenReader

SCOPE = "ZohoCRM.modules.ALL,ZohoCRM.settings.READ,ZohoCRM.bulk.READ"
QUICK = 0.001


@dataclass
class IngestSite:
    """The module ``Leads`` of the connection ``crm-prod``."""

    job: JobSite
    reader: TokenReader

    def crm(self, *, keep_credits: int = 0, per_page: int = 200) -> Crm:
        return Crm(self.reader, "crm-prod", keep_credits=keep_credits, wait=QUICK, per_page=per_page)

    @contextmanager
    def organisation(self) -> Iterator[Organisation]:
        with self.job.zoho.organisation("eu") as organisation:
            yield organisation

    def leads(self, records: int, *, width: int = 12, subform: bool = False) -> None:
        with self.organisation() as organisation:
            organisation.add_module("Leads", records, self.job.zoho.now(), width=width, subform=subform)

    def edit(self, act: Callable[[Module], None]) -> None:
        """Somebody works in the CRM."""
        with self.organisation() as organisation:
            act(organisation.modules["Leads"])

    def truth(self) -> dict[str, Row]:
        """What the CRM holds, as rows."""
        layout = Layout.of(self.crm().fields("Leads"))
        with self.organisation() as organisation:
            return {str(each["id"]): layout.row(each) for each in organisation.modules["Leads"].living()}

    def consent(self, scope: str) -> None:
        """The next token has this scope, and is the one that the reader gives from now on."""
        self.job.consent(scope)
        old = self.reader.get("crm-prod")
        self.job.refresh()
        self.reader.newer(old)

    @property
    def calls(self) -> int:
        return len(self.job.api_calls)


@dataclass
class Table:
    """A destination that merges by id, and the state that is stored with each load: all of it or nothing."""

    rows: dict[str, Row] = field(default_factory=dict)
    state: State = field(default_factory=State)
    given: list[Row] = field(default_factory=list)

    def load(self, crm: Crm, meanwhile: Callable[[], None] = lambda: None, *, dies_after: int | None = None) -> bool:
        """One load, with something that happens after each page; whether it came to its end."""
        state = copy.deepcopy(self.state)
        layout = Layout.of(crm.fields("Leads"))
        loaded: list[Row] = []
        for number, page in enumerate(rows(crm, "Leads", layout, state, jobs=1)):
            if number == dies_after:
                return False
            loaded.extend(page)
            meanwhile()
        self.given = loaded
        for row in sorted(loaded, key=lambda row: int(str(row[ORDER]))):
            self.rows[str(row[ID])] = row
        self.state = state
        return True

    @property
    def living(self) -> dict[str, Row]:
        """The records that the table holds, without our own columns."""
        alive = {key: row for key, row in self.rows.items() if not row.get(DELETED)}
        return {key: {name: value for name, value in row.items() if name != ORDER} for key, row in alive.items()}


def comparable(rows: Mapping[str, Row]) -> dict[str, dict[str, Any]]:
    """Values as texts: an export writes every value as one."""
    return {key: {name: _text(value) for name, value in row.items()} for key, row in rows.items()}


def _text(value: object) -> object:
    return value if isinstance(value, list) or value is None else str(value)


@contextmanager
def an_ingest_site(corner: Corner) -> Iterator[IngestSite]:
    with a_job_site(corner, Limits(token_lifetime=timedelta(days=1000))) as job:
        job.consent(SCOPE)
        job.refresh()
        with TokenReader(job.reader_client(), mount=corner.mount) as reader:
            yield IngestSite(job, reader)
