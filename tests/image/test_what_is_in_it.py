"""What the image holds, what it does not hold, and what it says of itself."""

import json
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.canary import assert_no_canary
from tests.image.buildah import Buildah, Image
from tests.image.builder import ROOT, SECRETS_CANARY, Builder
from tests.image.container import Container
from tests.support.processes.process import call
from zoho_tokend import __version__

pytestmark = [pytest.mark.image, pytest.mark.timeout(900)]

_INSTALLED = """
import json, importlib.metadata as metadata
print(json.dumps({each.name: each.version for each in metadata.distributions()}))
"""
_BUILD_TOOLS = {"pip", "pip3", "uv", "hatchling", "ensurepip", "setuptools", "gcc", "cc", "make", "ld", "git"}


def installed(container: Container) -> dict[str, str]:
    """Every distribution that the image's Python finds, by its canonical name."""
    asked = call("-c", _INSTALLED, launcher=container.running("/opt/zoho-tokend/bin/python"))
    assert asked.code == 0, asked.err
    return {canonicalize_name(name): version for name, version in json.loads(asked.out).items()}


def locked() -> dict[str, Requirement]:
    """What requirements/runtime.txt names, each with the platforms that it is for."""
    lines = (ROOT / "requirements" / "runtime.txt").read_text().splitlines()
    pins = [Requirement(line.rstrip(" \\")) for line in lines if line and line[0].isalnum()]
    return {canonicalize_name(pin.name): pin for pin in pins}


def test_two_builds_of_one_commit_have_the_same_layers(builder: Builder, image: Image) -> None:
    assert builder.build("second").layers == image.layers


def test_it_holds_the_product_and_what_the_lock_names_for_linux_and_nothing_else(container: Container) -> None:
    linux = {"sys_platform": "linux", "python_version": "3.13", "python_full_version": "3.13.0"}
    pins = {name: pin for name, pin in locked().items() if pin.marker is None or pin.marker.evaluate(linux)}
    found = installed(container)
    assert found.pop("zoho-tokend") == __version__
    assert {name: f"=={version}" for name, version in found.items()} == {
        name: str(pin.specifier) for name, pin in pins.items()
    }


def test_the_bill_of_materials_names_each_pin_of_the_lock(tmp_path: Path) -> None:
    bill = tmp_path / "bill.json"
    make = ["make", "--silent", "sbom", f"SBOM={bill}"]
    subprocess.run(make, cwd=ROOT, check=True, timeout=120)
    told = json.loads(bill.read_text())
    assert told["bomFormat"] == "CycloneDX"
    assert told["metadata"]["component"]["name"] == "zoho-tokend"
    assert {part["name"]: f"=={part['version']}" for part in told["components"]} == {
        name: str(pin.specifier) for name, pin in locked().items()
    }


def test_no_build_tool_no_installer_and_no_simulator_is_left_in_it(container: Container) -> None:
    names = {
        path.name
        for place in ("opt", "src", "tools", "usr/local", "wheel")
        for path in (container.root / place).rglob("*")
    }
    assert "refresher.py" in names, "the search finds nothing"
    assert not names & _BUILD_TOOLS
    assert "zoho_simulator" not in names


def test_nothing_in_it_belongs_to_its_user(container: Container) -> None:
    product = list((container.root / "opt").rglob("*"))
    assert product
    assert {path.lstat().st_uid for path in product} == {0}
    assert not [path for path in product if not path.is_symlink() and path.stat().st_mode & 0o022]


def test_what_a_site_hands_in_for_the_build_is_in_no_layer(
    buildah: Buildah, image: Image, container: Container
) -> None:
    files = [path for place in ("etc", "opt", "root") for path in (container.root / place).rglob("*")]
    assert_no_canary(
        [SECRETS_CANARY],
        buildah("inspect", "--type", "image", image.name),
        *[path.read_bytes() for path in files if path.is_file()],
    )


def test_it_starts_the_product_itself_with_no_shell_in_between(image: Image) -> None:
    assert image.words("Entrypoint") == ["zoho-tokend"]
    assert image.words("Cmd") == ["run"]
    assert image.config["User"] == "65532:65532"
    assert image.config["StopSignal"] == "SIGTERM"


def test_its_labels_tell_which_product_version_and_commit_it_is(image: Image) -> None:
    asked = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    prefix = "org.opencontainers.image"
    assert image.labels[f"{prefix}.title"] == "zoho-tokend"
    assert image.labels[f"{prefix}.version"] == __version__
    assert image.labels[f"{prefix}.revision"].removesuffix("-dirty") == commit
    assert image.labels[f"{prefix}.created"] == "2026-01-01T00:00:00Z"
