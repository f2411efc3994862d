from collections.abc import Iterator

import pytest

from tests.openbao import Admin, new_corner
from tests.watched_site import Watched, a_watched_site


@pytest.fixture(scope="package")
def watched(admin: Admin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One for all tests here."""
    with a_watched_site(new_corner(admin), tmp_path_factory.mktemp("watched")) as watched:
        yield watched
