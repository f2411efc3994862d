from pathlib import Path

import pytest

from tests.consent_desk import Desk, a_desk
from tests.site import Site


@pytest.fixture
def desk(site: Site, tmp_path: Path) -> Desk:
    folder = tmp_path / "here"
    folder.mkdir()
    return a_desk(site, folder)
