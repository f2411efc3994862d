from collections.abc import Iterator

import pytest

from tests.places.ingest_site import IngestSite, an_ingest_site
from tests.servers.openbao import Corner


@pytest.fixture
def site(corner: Corner) -> Iterator[IngestSite]:
    with an_ingest_site(corner) as site:
        yield site
