"""What commands share: loading the settings and reporting errors."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from zoho_tokend.core.errors import TokendError
from zoho_tokend.settings import Settings, load_settings

P = ParamSpec("P")
R = TypeVar("R")


def load() -> Settings:
    """Load the settings of this command from its environment and the file of --config.

    Raises:
        BadSettings: they are not usable; the text lists every problem.
    """
    return load_settings(os.environ, click.get_current_context().find_object(Path))


def report_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Report a ``TokendError`` of the command as one sentence on standard error and exit code 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except TokendError as error:
            click.echo(f"zoho-tokend: {error}", err=True)
            sys.exit(1)

    return run
