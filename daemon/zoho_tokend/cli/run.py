"""``zoho-tokend run``: the daemon in the foreground, as a container or a service manager wants it."""

import asyncio
import gc
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from zoho_tokend.app.daemon import Daemon
from zoho_tokend.app.service_manager import notify_socket
from zoho_tokend.app.signals import signals_as_commands
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.events import DaemonCrashed, Sink
from zoho_tokend.settings import Settings
from zoho_tokend.telemetry.log import EventLog, LogFormat, LogLevel, configure_logging


class Crashed(TokendError):
    """The daemon met an error that nobody foresaw."""


@click.command()
@report_errors
def run() -> None:
    """Keep every connection fresh until SIGTERM.

    Reads its settings from ZOHO_TOKEND_* variables and the file of --config; `zoho-tokend settings` lists them.
    SIGTERM or Ctrl-C stops it in order (45 s at most), a second one at once; SIGHUP reads the settings again.
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

    log = EventLog()
    daemon = Daemon(settings, reread=reread, sinks=[log], notify=notify_socket(os.environ))
    freeze_gc()
    with signals_as_commands(daemon.tell), report_crashes(log):
        await daemon.run()


def freeze_gc() -> None:
    """Everything there is by now is visited by no garbage collection from now on.

    A full one stops the event loop while it visits each object, and beside 100,000 connections even, more than half of
    that time goes to modules, functions and classes that live as long as the process
    (https://docs.python.org/3/library/gc.html#gc.freeze).
    """
    gc.collect()
    gc.freeze()


@contextmanager
def report_crashes(emit: Sink) -> Iterator[None]:
    """An error that nobody foresaw is a line of the log, redacted as every line is, and from then on one of ours.

    Raises:
        Crashed: there was one.
    """
    try:
        yield
    except TokendError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, a traceback on standard error is read by no collector
        trace = "".join(traceback.format_exception(error))
        emit(DaemonCrashed(kind=type(error).__name__, traceback=trace))
        raise Crashed("ended by an error of its own, which the line daemon.crashed of the log shows") from None
