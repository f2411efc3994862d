from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.people.consent_desk import Desk, a_desk
from tests.support.places.site import Site
from tests.support.servers.openbao import Corner
from zoho_simulator import Limits, Simulator, in_thread

# Nobody waits five seconds between two looks of a device.
LIMITS = Limits(device_poll_interval=timedelta(seconds=1))


@pytest.fixture
def desk(corner: Corner, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "here"
    folder.mkdir()
    with in_thread(Simulator(data_centers=("us", "eu"), limits=LIMITS)) as zoho:
        yield a_desk(Site(corner, zoho, tmp_path), folder)
        assert zoho.journal.violations == []
