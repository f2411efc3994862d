"""A machine that runs systemd: namespaces of this one, in which a person types commands as root."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.documents.one_machine import ROOT

_BOOT: Final = Path(__file__).parent / "boot.sh"
_PATIENCE: Final = 30.0
_LONGEST: Final = 300.0
_GLANCE: Final = 0.1


@dataclass(frozen=True)
class Machine:
    """What a person does there.

    Attributes:
        first: the process id, here, of systemd there.
        environment: what the person's shell has.
    """

    first: int
    environment: Mapping[str, str]

    def does(self, *lines: str) -> str:
        """What these commands print, in one shell in the checkout; the first that fails is the last."""
        done = self._shell("\n".join(lines))
        assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}\n{self.journal}"
        return done.stdout

    def shows(self, name: str) -> str:
        """One property of the service."""
        return self._shell(f"systemctl show --property {name} --value zoho-tokend").stdout.strip()

    def until(self, name: str, value: str) -> None:
        """The service's property becomes this."""
        deadline = time.monotonic() + _PATIENCE
        while (shown := self.shows(name)) != value:
            assert time.monotonic() < deadline, f"{name} stays {shown}, and is not {value}\n{self.journal}"
            time.sleep(_GLANCE)

    @property
    def journal(self) -> str:
        return self._shell("journalctl --no-pager --unit zoho-tokend --output cat").stdout

    def status(self) -> Mapping[str, str]:
        """What the kernel says of the service's process."""
        lines = self.does(f"cat /proc/{self.shows('MainPID')}/status").splitlines()
        return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}

    def _shell(self, script: str) -> "subprocess.CompletedProcess[str]":
        enter = [shutil.which("nsenter") or "nsenter", f"--target={self.first}", "--mount", "--pid", "--uts", "--ipc"]
        return subprocess.run(
            [*enter, f"--wd={ROOT}", "--", "/bin/bash", "-euo", "pipefail", "-c", script],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST,
        )


@contextmanager
def booted(folder: Path, environment: Mapping[str, str]) -> Iterator[Machine]:
    """The machine, until the block ends; nothing of this one is changed."""
    etc, opt = folder / "etc", folder / "opt"
    opt.mkdir()
    shutil.copytree("/etc", etc, symlinks=True, ignore=shutil.ignore_patterns("*.wants", "*.requires"))
    unshare = [shutil.which("unshare") or "unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc"]
    with (folder / "boot.log").open("wb") as log:
        outside = subprocess.Popen(
            [*unshare, str(_BOOT), str(etc), str(opt)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield _machine(outside, environment, folder / "boot.log")
    finally:
        outside.kill()
        outside.wait()


def _machine(outside: "subprocess.Popen[bytes]", environment: Mapping[str, str], log: Path) -> Machine:
    """Once systemd there answers."""
    deadline = time.monotonic() + _PATIENCE
    children = Path(f"/proc/{outside.pid}/task/{outside.pid}/children")
    while True:
        assert outside.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        for first in map(int, children.read_text().split()):
            machine = Machine(first, environment)
            if Path(f"/proc/{first}/exe").readlink().name == "systemd" and machine.shows("LoadState"):
                return machine
        time.sleep(_GLANCE)
