from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.places.site import Site
from tests.support.servers.openbao import Admin, new_corner
from zoho_simulator import Simulator, in_thread

NewSite = Callable[[], Site]


@pytest.fixture
def new_site(admin: Admin, tmp_path: Path) -> Iterator[NewSite]:
    """Makes a site for one trial: a corner of Vault and a folder of its own, in front of a Zoho that all share."""
    numbers = count()
    with in_thread(Simulator(data_centers=("us", "eu"))) as zoho:

        def make() -> Site:
            folder = tmp_path / str(next(numbers))
            folder.mkdir()
            return Site(new_corner(admin), zoho, folder)

        yield make
        assert not zoho.journal.violations
