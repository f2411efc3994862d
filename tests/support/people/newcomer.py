"""Somebody who follows docs/operations.md: a folder, a shell, a Vault that is new, and a cluster that only listens."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import zoho_tokend
from tests.support.documents.manifests import DEPLOY, Rendered, kustomized
from tests.support.documents.operations_page import commands, section
from tests.support.processes.spied_programs import SpiedPrograms
from tests.support.servers.openbao import Admin

_PATIENCE: Final = 120.0
_OURS: Final = Path(sys.executable).parent
# What a cluster is asked for is not done, but kubectl must know every word of it.
_CLUSTER: Final = f"""
case "$*" in
  *"get configmap kube-root-ca.crt"*) cat "$KUBERNETES_CA" ;;
  *" create secret "*) {_OURS}/kubectl "$@" --dry-run=client -o yaml > "$SECRET" ;;
  *" exec "*) {_OURS}/kubectl "$1" "$2" "$3" --help > /dev/null ;;  # what follows is no word of kubectl
  *) {_OURS}/kubectl "$@" --help > /dev/null ;;
esac
"""


@dataclass(frozen=True)
class Newcomer:
    """A person with a folder.

    Attributes:
        told: what the pages say in general, and what it is here.
    """

    folder: Path
    admin: Admin
    programs: SpiedPrograms
    told: Mapping[str, str]
    settings: Mapping[str, str]

    def follows(self, heading: str, *answers: str) -> None:
        """Every command of the section is run as it stands; each of those that ask gets its answer."""
        self.runs(commands(section(heading)), *answers)

    def runs(self, lines: Sequence[str], *answers: str) -> None:
        """These commands are run, one after the other; all of them succeed, and no answer is left over."""
        left = list(answers)
        for line in lines:
            asks = line.startswith(("zoho-tokend client add", "zoho-tokend authorize"))
            self._run(line, left.pop(0) if asks else "")
        assert left == []

    def deploys(self, kustomization: str) -> Rendered:
        """It is written down in the folder beside this repository, and is what would be applied."""
        (self.folder / "zoho" / "kustomization.yaml").write_text(kustomization)
        return kustomized(self.folder / "zoho")

    @property
    def secret(self) -> Path:
        """The last Secret that was created."""
        return self.folder / "secret.yaml"

    def _run(self, line: str, answer: str) -> None:
        for general, here in self.told.items():
            line = line.replace(general, here)
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", line],
            cwd=self.folder,
            env=self._environment,
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    @property
    def _environment(self) -> Mapping[str, str]:
        server = self.admin.server
        vault = {
            "ADDR": server.address,
            "TOKEN": server.root_token.reveal(),
            "CACERT": str(server.ca_bundle or ""),
        }
        return {
            "PATH": self.programs.path,
            "HOME": str(self.folder),
            "PYTHONPATH": str(Path(zoho_tokend.__file__).parent.parent),
            "KUBERNETES_CA": str(self.folder / "kube-root-ca.crt"),
            "SECRET": str(self.secret),
            **{f"{brand}_{name}": value for brand in ("VAULT", "BAO") for name, value in vault.items() if value},
            **{f"ZOHO_TOKEND_{name}": value for name, value in self.settings.items()},
        }


def newcomer(
    folder: Path, admin: Admin, *, kubernetes_ca: str, told: Mapping[str, str], settings: Mapping[str, str]
) -> Newcomer:
    """The person, before the first command."""
    for name in ("programs", "zoho", "zoho-tokend"):
        (folder / name).mkdir()
    (folder / "zoho-tokend" / "deploy").symlink_to(DEPLOY)
    (folder / "kube-root-ca.crt").write_text(kubernetes_ca)
    (folder / "zoho" / "vault-ca.crt").write_text(admin.server.ca_bundle.read_text() if admin.server.ca_bundle else "")
    programs = SpiedPrograms(folder / "programs")
    programs.stand_in("vault", f'exec {_OURS / "bao"} "$@"')
    programs.stand_in("zoho-tokend", f'exec {os.fspath(sys.executable)} -m zoho_tokend "$@"')
    programs.stand_in("kubectl", _CLUSTER)
    return Newcomer(folder, admin, programs, told, settings)
