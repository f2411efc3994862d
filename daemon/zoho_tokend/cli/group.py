"""The command ``zoho-tokend``: which commands there are, and what becomes of an error."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from zoho_tokend import __version__
from zoho_tokend.cli.undumpable import forbid_dumps, forbid_key_log
from zoho_tokend.core.errors import TokendError
from zoho_tokend.settings import Settings, load_settings

P = ParamSpec("P")
R = TypeVar("R")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


def load() -> Settings:
    """The settings of this command, from its environment and the file that was named.

    Raises:
        BadSettings: they are not usable; the text lists every problem.
    """
    return load_settings(os.environ, click.get_current_context().find_object(Path))


def told_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """An error of ours is one sentence on standard error and exit code 1, never a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except TokendError as error:
            click.echo(f"zoho-tokend: {error}", err=True)
            sys.exit(1)

    return run


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)
