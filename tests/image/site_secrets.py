"""How this machine reaches its package index, as the secrets that the Dockerfile takes: none is in a layer."""

import os
import ssl
import subprocess
import sys
from pathlib import Path


def site_secrets(folder: Path, *, canary: str) -> list[str]:
    """Arguments for the engine; the canary stands in each file, so that a search for it finds what got out."""
    mark = f"# {canary}\n"
    pip, uv, authorities = folder / "pip.conf", folder / "uv.toml", folder / "ca-certificates.crt"
    index = _index_url()
    pip.write_text(mark + (f"[global]\nindex-url = {index}\n" if index else ""))
    uv.write_text(mark + (f'[[index]]\nurl = "{index}"\ndefault = true\n' if index else ""))
    authorities.write_text(mark + Path(ssl.get_default_verify_paths().cafile or _DEBIANS).read_text())
    return [f"--secret=id={path.name},src={path}" for path in (pip, uv, authorities)]


_DEBIANS = "/etc/ssl/certs/ca-certificates.crt"


def _index_url() -> str:
    """Where pip looks for packages; empty where it is told nothing."""
    if given := os.environ.get("PIP_INDEX_URL"):
        return given
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    return subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60).stdout.strip()
