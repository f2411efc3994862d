"""One server for the readers, at the default mount; each test has a Zoho and a credential of its own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.places.default_site import DefaultSite, default_site, make_ready
from tests.support.places.site import BRISK_LIFETIME
from tests.support.servers.openbao import Admin, Corner, running
from zoho_tokend.demo.openbao import OpenBao
from zoho_tokend.vault.layout import Layout


@pytest.fixture(scope="session")
def default_server() -> Iterator[OpenBao]:
    yield from running(OpenBao())


@pytest.fixture(scope="session")
def default_corner(default_server: OpenBao) -> Iterator[Corner]:
    with closing(Admin(default_server)) as admin:
        corner = Corner(admin, Layout())
        make_ready(corner)
        yield corner


@pytest.fixture
def here(default_corner: Corner, tmp_path: Path) -> Iterator[DefaultSite]:
    """Tokens live an hour."""
    with default_site(default_corner, tmp_path) as site:
        yield site


@pytest.fixture
def brisk(default_corner: Corner, tmp_path: Path) -> Iterator[DefaultSite]:
    """Tokens live ten seconds."""
    with default_site(default_corner, tmp_path, lifetime=BRISK_LIFETIME) as site:
        yield site
