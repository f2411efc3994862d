"""``zoho-tokend run``: the daemon in the foreground, as a container or a service manager wants it."""

import asyncio
import os

import click

from zoho_tokend.app.daemon import Daemon
from zoho_tokend.app.signals import signals_as_commands
from zoho_tokend.cli.group import load, told_plainly
from zoho_tokend.service_manager import notify_socket
from zoho_tokend.settings import Settings
from zoho_tokend.telemetry.log import EventLog, LogFormat, LogLevel, configure_logging


@click.command(short_help="Keep every connection fresh until SIGTERM.")
@told_plainly
def run() -> None:
    """Keep every connection fresh until SIGTERM.

    Reads its settings from ZOHO_TOKEND_* variables and the file of --config; `zoho-tokend settings` lists them.
    SIGTERM or Ctrl-C stops it in order (25 s at most), a second one at once; SIGHUP reads the settings again.
    """
    settings = load()
    for warning in settings.warnings:
        click.echo(f"zoho-tokend: warning: {warning}", err=True)
    configure_logging(LogFormat(settings.log_format), LogLevel(settings.log_level))
    asyncio.run(_run(settings, click.get_current_context()))


async def _run(settings: Settings, context: click.Context) -> None:
    def reread() -> Settings:
        with context:
            return load()

    daemon = Daemon(settings, reread=reread, sinks=[EventLog()], notify=notify_socket(os.environ))
    with signals_as_commands(daemon.tell):
        await daemon.run()
