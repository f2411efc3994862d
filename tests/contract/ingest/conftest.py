from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places.ingest_desk import Desk
from tests.support.places.ingest_site import IngestSite, an_ingest_site
from tests.support.servers.openbao import Corner


@pytest.fixture
def site(corner: Corner) -> Iterator[IngestSite]:
    with an_ingest_site(corner) as site:
        yield site


@pytest.fixture
def desk(site: IngestSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    client = site.job.reader_client()
    corner = site.job.shelves.corner
    for name, value in {
        "VAULT_ADDR": corner.address,
        "VAULT_TOKEN": str(client.token),
        "ZOHO_TOKEND_MOUNT": corner.mount,
        "DESTINATION__DUCKDB__CREDENTIALS": str(tmp_path / "crm.duckdb"),
        "DESTINATION__FILESYSTEM__BUCKET_URL": f"file://{tmp_path}/landing",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }.items():
        monkeypatch.setenv(name, value)
    return Desk(site, tmp_path)
