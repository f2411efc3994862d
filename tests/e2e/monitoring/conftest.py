from collections.abc import Iterator

import pytest

from tests.support.places.watched_site import Watched, a_watched_site
from tests.support.servers.openbao import Admin, new_corner


@pytest.fixture(scope="module")
def watched(admin: Admin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One for each module, whose tests stay together: nobody is without a token for long enough to be told of."""
    with a_watched_site(new_corner(admin), tmp_path_factory.mktemp("watched")) as watched:
        yield watched
