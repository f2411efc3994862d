"""What commands share: the settings in force, and what becomes of an error."""

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
    """The settings of this command, from its environment and the file that was named.

    Raises:
        BadSettings: they are not usable; the text lists every problem.
    """
    return load_settings(os.environ, click.get_current_context().find_object(Path))


def report_errors(command: Callable[P, R]) -> Callable[P, R]:
    """An error of ours is one sentence on standard error and exit code 1, never a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except TokendError as error:
            click.echo(f"zoho-tokend: {error}", err=True)
            sys.exit(1)

    return run
