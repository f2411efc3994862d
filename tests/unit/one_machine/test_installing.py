import re

import pytest

from tests.support.documents.one_machine import ROOT


@pytest.mark.parametrize("page", ["README.md", "docs/systemd-and-compose.md"])
def test_what_is_downloaded_to_install_it_has_a_hash_the_build_backend_too(page: str) -> None:
    installs = re.findall(r"pip install ([^&\n]+)", (ROOT / page).read_text())
    hashed = {"--require-hashes -r requirements/runtime.txt", "--require-hashes -r requirements/image.txt"}
    assert {line.strip() for line in installs} == hashed | {"--no-deps --no-build-isolation ."}
