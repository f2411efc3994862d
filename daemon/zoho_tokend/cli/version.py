"""``zoho-tokend version``."""

import click

from zoho_tokend import __version__


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)
