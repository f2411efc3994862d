"""What can be said of the image before it is built; the rest is tests/image."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.documents.generated_docs import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# The demo brings its own Vault and Zoho: it is for a checkout.
NOT_IN_THE_IMAGE = {"demo"}


def pins(name: str) -> dict[str, str]:
    """What the lock names, with its version."""
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    found = [Requirement(line.rstrip(" \\")) for line in lines if line and line[0].isalnum()]
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in found}


@pytest.mark.parametrize("extra", ["", *sorted(PROJECT["optional-dependencies"].keys() - NOT_IN_THE_IMAGE)])
def test_it_installs_what_the_product_needs_with_every_extra_but_the_demo(extra: str) -> None:
    needed = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    assert {canonicalize_name(Requirement(line).name) for line in needed} <= pins("runtime.txt").keys()


@pytest.mark.parametrize("lock", ["runtime.txt", "image.txt"])
def test_it_is_made_of_the_versions_that_are_tested(lock: str) -> None:
    assert pins(lock).items() <= pins("dev.txt").items()


def test_both_its_stages_stand_upon_one_base_that_is_named_by_digest() -> None:
    (base,) = re.findall(r"^ARG BASE=(.*)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:3\.13-slim@sha256:[0-9a-f]{64}", base)
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${BASE}"] * 2


def test_an_engine_is_handed_what_is_copied_and_nothing_else() -> None:
    everything, *lines = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")
    ]
    assert everything == "*"
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    assert allowed == {path for paths in copied for path in paths.split()}
    assert all((ROOT / path).exists() for path in allowed)
