"""A stand-in for the official python:3.13-slim where no registry can be reached: the same Debian, Python and places."""

import subprocess
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zipfile import ZipFile

from tests.image.buildah import Buildah

_SUITE: Final = "trixie"
_PACKAGES: Final = "python3,python3-venv,ca-certificates"
_LONGEST: Final = 300.0
# One that an older recipe made has another name.
NAME: Final = f"localhost/stand-in/python:{sha256(Path(__file__).read_bytes()).hexdigest()[:12]}"


def stand_in(buildah: Buildah, cache: Path) -> str:
    """The name of the stand-in, made by debootstrap unless it is still there from an earlier run."""
    if not buildah.has(NAME):
        with TemporaryDirectory(dir=cache) as folder:
            root = Path(folder) / "root"
            _debootstrap(root)
            _as_the_official_image(root)
            _commit(buildah, root)
    return NAME


def _debootstrap(root: Path) -> None:
    command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, str(root), *_mirror()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _mirror() -> list[str]:
    """Where this machine has its own packages from; debootstrap's default where apt does not tell."""
    asked = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Component: main"]
    sites = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=_LONGEST).stdout.split()
    return [site for site in sites if "security" not in site][:1]


def _as_the_official_image(root: Path) -> None:
    """Python is found in /usr/local, and there is a pip beside it."""
    (root / "usr/local/bin/python3").symlink_to("/usr/bin/python3")
    packages = root / "usr/local/lib/python3.13/site-packages"
    (wheel,) = (root / "usr/share/python-wheels").glob("pip-*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(packages)
    (root / "usr/local/bin/pip3").symlink_to("pip")
    (root / "usr/local/bin/pip").write_text("#!/usr/local/bin/python3\nfrom pip import main; main()\n")


def _commit(buildah: Buildah, root: Path) -> None:
    container = buildah("from", "scratch")
    try:
        buildah("copy", "--quiet", container, str(root), "/")
        buildah("config", "--env", "PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin", container)
        buildah("config", "--env", "LANG=C.UTF-8", "--cmd", "python3", container)
        buildah("commit", "--quiet", container, NAME)
    finally:
        buildah("rm", container)
