"""Where somebody types ``zoho-ingest``: a folder, an environment, and a CRM to load."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
from click.testing import CliRunner, Result

import zoho_ingest
from tests.support.places.ingest_site import IngestSite
from zoho_ingest import job
from zoho_ingest.__main__ import main
from zoho_simulator import Endpoint
from zoho_simulator.control_requests import EditRecords
from zoho_simulator.faults import Script
from zoho_tokend.vault.policy import reader_policy


@dataclass(frozen=True)
class Desk:
    """Where somebody types the command."""

    site: IngestSite
    folder: Path

    @property
    def where(self) -> list[str]:
        return [
            "--connection",
            "crm-prod",
            "--modules",
            "Leads",
            "--to",
            "duckdb",
            "--state",
            str(self.folder / "state"),
        ]

    @property
    def order(self) -> job.Order:
        return job.Order(connection="crm-prod", modules=["Leads"], to="duckdb", state=self.folder / "state")

    def reading(self, record: str) -> str:
        """A login that reads the tokens, and this record of ours besides."""
        corner = self.site.job.shelves.corner
        more = f'path "{corner.mount}/data/zoho/{record}" {{ capabilities = ["read"] }}'
        return corner.admin.token(corner.admin.policy(reader_policy(corner.layout) + more)).reveal()

    def type(self, *words: str) -> Result:
        return CliRunner().invoke(main, list(words), catch_exceptions=False)

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        environment = {**os.environ, "PYTHONPATH": str(Path(zoho_ingest.__file__).parent.parent)}
        command = [sys.executable, "-m", "zoho_ingest", *words]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def edit(self, *, add: int = 0, change: int = 0, delete: int = 0) -> None:
        self.site.job.zoho.advance(timedelta(minutes=10))
        order = EditRecords(module="Leads", add=add, change=change, delete=delete, data_center="eu")
        order.carry_out(self.site.job.zoho)

    def loaded(self) -> list[tuple[str, str]]:
        query = "select id, last_name from crm_prod.leads where zoho_deleted_at is null order by id"
        with duckdb.connect(str(self.folder / "crm.duckdb")) as database:
            return database.execute(query).fetchall()

    def truth(self) -> list[tuple[str, str]]:
        return sorted((key, str(row["Last_Name"])) for key, row in self.site.truth().items())

    def strike_and_wait(self, script: Script, calls: int) -> None:
        """The script happens to the calls that come, until there were so many."""
        self.site.job.zoho.fault(script, endpoint=Endpoint.API)
        before = self.site.calls
        while self.site.calls < before + calls:
            signal.sigtimedwait([], 0.02)


def events(result: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.splitlines()]
