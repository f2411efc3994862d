"""What systemd itself thinks of the unit: its exposure, from 0 (shut in) to 10 (open)."""

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

UNIT: Final = Path(__file__).parents[3] / "deploy" / "systemd" / "zoho-tokend.service"


def exposure(unit: Path) -> float:
    """The overall exposure level of the unit, as this machine's systemd works it out."""
    judged = analyzed("security", "--offline=true", "--no-pager", str(unit))
    (level,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", judged)
    return float(level)


def systemd_version() -> str:
    """Such as 252."""
    return analyzed("--version").split()[1]


def hardening() -> str:
    """A sentence for the docs."""
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.service"
        plain.write_text("[Service]\nExecStart=/bin/true\n")
        ours, open_to_all = exposure(UNIT), exposure(plain)
        return (
            f"`systemd-analyze security` of systemd {systemd_version()} gives it an exposure of {ours}, on a scale\n"
            f"from 0 to 10 where a service without any of this has {open_to_all}."
        )


def analyzer() -> str | None:
    """Where systemd-analyze is."""
    return shutil.which("systemd-analyze")


def analyzed(*arguments: str) -> str:
    """What systemd-analyze prints; it must be content."""
    command = [analyzer() or "systemd-analyze", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
