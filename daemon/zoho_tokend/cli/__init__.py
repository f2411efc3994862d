"""What a person types; one module a command group. Exit codes: 0 done, 1 failed, 2 usage.

The module of a command is imported when that command is typed. Scripts call ``token`` every minute, and it needs
neither a scheduler nor a web server.
"""

from collections import UserDict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from zoho_tokend import __version__
from zoho_tokend.cli.process_hardening import forbid_dumps, forbid_key_log

# Each command is the object of its own name in the module of its own name.
_SUMMARIES: Final[Mapping[str, str]] = {
    "authorize": "Make a connection of a grant, for each client type.",
    "client": "Applications of Zoho's API console: add, list.",
    "connections": "List the connections; show, remove, import.",
    "demo": "Show the daemon at work, with nothing of your own.",
    "doctor": "Say what is wrong with this set-up, and the fix.",
    "healthcheck": "Exit 0 if the daemon of this machine is alive.",
    "policy": "Print the least Vault policy that works.",
    "refresh": "Replace a connection's token now.",
    "revoke": "End a connection's grant at Zoho, for good.",
    "run": "Keep every connection fresh until SIGTERM.",
    "settings": "List every setting, or what is in force here.",
    "token": "Print a connection's token, as it stands in Vault.",
    "version": "Print the version.",
}


class _Commands(UserDict[str, click.Command]):
    """Every command by its name, imported when it is asked for."""

    def __getitem__(self, key: str) -> click.Command:
        if key not in _SUMMARIES:
            raise KeyError(key)
        command: click.Command = getattr(import_module(f"{__name__}.{key}"), key)
        return command

    def __contains__(self, key: object) -> bool:
        return key in _SUMMARIES

    def __iter__(self) -> Iterator[str]:
        return iter(_SUMMARIES)

    def __len__(self) -> int:
        return len(_SUMMARIES)


class _Group(click.Group):
    """A group whose help imports no command."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))


@click.group(
    cls=_Group, commands=_Commands(), context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, message="%(version)s")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="ZOHO_TOKEND_CONFIG",
    help="A TOML file with settings; environment variables win over it.",
)
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Keep Zoho CRM access tokens fresh in HashiCorp Vault or OpenBao.

    A job that reads a token from Vault, at any moment, finds one with enough life left.
    Try it with no Vault and no Zoho of your own: zoho-tokend demo
    """
    forbid_dumps()
    forbid_key_log()
    context.obj = config


__all__ = ["main"]
