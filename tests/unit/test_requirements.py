"""What is installed is what the lock names, file by file."""

import base64
import hashlib
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_FOLDER = Path(__file__).parents[2] / "requirements"
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
# The installer brings itself, and the project is what is being tested.
_NOT_LOCKED = {"pip", "setuptools", "wheel", "zoho-tokend"}


def entries(name: str) -> list[str]:
    """Each requirement of the lock with its hashes, comments left out."""
    lines = (_FOLDER / name).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def pins(name: str) -> dict[str, set[str]]:
    """The versions of each package that the lock names for this machine."""
    found: dict[str, set[str]] = {}
    for entry in entries(name):
        requirement = Requirement(entry.partition("--hash")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate():
            found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


def installed() -> Iterator[Distribution]:
    return (each for each in distributions() if canonicalize_name(each.name) not in _NOT_LOCKED)


@pytest.mark.parametrize("name", ["runtime.txt", "ingest.txt", "dev.txt"])
def test_every_requirement_is_one_version_with_its_hashes_and_no_address(name: str) -> None:
    for entry in entries(name):
        assert "==" in entry, entry
        assert _HASH.search(entry), entry
        assert "://" not in entry, entry


@pytest.mark.parametrize("name", ["runtime.txt", "ingest.txt"])
def test_what_runs_in_production_is_what_was_tested(name: str) -> None:
    tested = pins("dev.txt")
    assert {library: tested.get(library) for library in pins(name)} == pins(name)


def test_what_is_installed_is_what_the_lock_names() -> None:
    locked = pins("dev.txt")
    versions = {canonicalize_name(each.name): {f"=={each.version}"} for each in installed()}
    assert {name: locked.get(name) for name in versions} == versions


@pytest.mark.parametrize("name", sorted(pins("runtime.txt")))
def test_no_file_of_a_runtime_library_was_changed_after_it_was_installed(name: str) -> None:
    found = next((each for each in installed() if canonicalize_name(each.name) == name), None)
    assert found, f"{name} is not installed"
    hashed = [file for file in found.files or () if file.hash]
    assert hashed
    for file in hashed:
        assert file.hash
        digest = hashlib.new(file.hash.mode, Path(file.locate()).read_bytes()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value, file
