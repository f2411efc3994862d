"""The log: one pipeline for our own lines and those of libraries, and a line for each event.

Every line passes through the redactor last; tracebacks show no local variables.
"""

import logging
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TextIO, assert_never

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from zoho_tokend.core import events
from zoho_tokend.core.connection import Reason
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.events import Event
from zoho_tokend.core.instants import rfc3339
from zoho_tokend.core.reports import Verdict
from zoho_tokend.telemetry.redaction import redact_fields

_OURS: Final = "zoho_tokend"


class LogFormat(StrEnum):
    """The format of a line: ``auto`` is ``console`` on a terminal and ``json`` elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The lowest level that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def configure_logging(log_format: LogFormat, level: LogLevel, stream: TextIO | None = None) -> None:
    """Send all logging of the process to ``stream`` (standard output), one redacted line per record.

    A second call replaces the first configuration.
    """
    stream = stream or sys.stdout
    console = log_format is LogFormat.CONSOLE or (log_format is LogFormat.AUTO and stream.isatty())
    renderer = _console(colors=stream.isatty()) if console else structlog.processors.JSONRenderer()
    handler = _Handler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=_pipeline(renderer)))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    logging.getLogger().handlers[:] = [handler]
    set_level(level)


def set_level(level: LogLevel) -> None:
    """Write our own lines from ``level`` up, and those of libraries from warning up, or from ``level`` if it is higher.

    httpx logs every URL at info, urllib3 at debug: libraries never log below warning, whatever the setting.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger(_OURS).setLevel(threshold)
    logging.getLogger().setLevel(max(threshold, logging.WARNING))


class EventLog:
    """Writes one line for each event."""

    def __init__(self) -> None:
        self._stdlib = logging.getLogger(_OURS)
        self._logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
            self._stdlib,
            processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            wrapper_class=structlog.stdlib.BoundLogger,
        ).bind()

    def __call__(self, event: Event) -> None:
        level, name = headline(event)
        if self._stdlib.isEnabledFor(level):
            self._logger.log(level, name, **details(event))


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Report that a line was lost, and why; the library would print the whole record, unredacted."""
        problem = sys.exc_info()[0]
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"a log line of {record.name} was lost: {problem.__name__ if problem else 'unknown'}\n")


def _console(*, colors: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def _pipeline(renderer: Processor) -> list[Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.StackInfoRenderer(),
        _headed,
        _redacted,
        renderer,
    ]


def _headed(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    return {"timestamp": line.pop("timestamp"), "level": line.pop("level"), "event": line.pop("event"), **line}


def _redacted(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    return redact_fields(line)


# Stale or forged reports may come in floods.
_REPORTS: Final[Mapping[Verdict, int]] = {
    Verdict.CONFIRMED: logging.WARNING,
    Verdict.REFUTED: logging.INFO,
    Verdict.UNPROVEN: logging.INFO,
    Verdict.STALE: logging.DEBUG,
}
_RENAMED: Final[Mapping[str, str]] = {"traceback": "exception"}


def headline(event: Event) -> tuple[int, str]:  # noqa: C901, PLR0912 - a table, one row for each event
    """Return the level and the name of the event's line.

    Error: a token was lost, or soon will be. Warning: a person should look. Debug: several times in each refresh; these
    come first, as they must cost nothing when they are not written.
    """
    match event:
        case events.VaultAnswered():
            return logging.DEBUG, "vault.answered"
        case events.Beat():
            return logging.DEBUG, "loop.beat"
        case events.ZohoAnswered():
            return logging.DEBUG, "zoho.answered"
        case events.ClockCompared():
            return logging.DEBUG, "clock.compared"
        case events.RefreshDeferred(reason=reason):
            return logging.DEBUG if reason == Reason.STANDBY else logging.WARNING, "refresh.deferred"
        case events.Followed():
            return logging.DEBUG, "record.followed"
        case events.LeaderElected():
            return logging.INFO, "leader.elected"
        case events.LeaderLost():
            return logging.WARNING, "leader.lost"
        case events.LeaderSeen():
            return logging.INFO, "leader.seen"
        case events.ElectionTroubled(refused=refused):
            return logging.ERROR if refused else logging.WARNING, "election.troubled"
        case events.Refreshed():
            return logging.INFO, "connection.refreshed"
        case events.RefreshFailed():
            return logging.WARNING, "refresh.failed"
        case events.RefreshCrashed():
            return logging.ERROR, "refresh.crashed"
        case events.DiscoveryEnded(error=error):
            return (logging.WARNING, "discovery.failed") if error else (logging.DEBUG, "discovery.ended")
        case events.Discovered():
            return logging.INFO, "connection.discovered"
        case events.Vanished():
            return logging.INFO, "connection.vanished"
        case events.IllNamed():
            return logging.WARNING, "connection.ill_named"
        case events.NotDiscovered():
            return logging.WARNING, "connection.undiscovered"
        case events.ClientsUnrestricted():
            return logging.WARNING, "clients.unrestricted"
        case events.GrantShared():
            return logging.WARNING, "grant.shared"
        case events.BudgetUnrecorded():
            return logging.WARNING, "budget.unrecorded"
        case events.TokenDropped():
            return logging.INFO, "record.dropped"
        case events.Parked(outcome=Outcome.REVOKED):
            return logging.INFO, "connection.revoked"
        case events.Parked():
            return logging.WARNING, "connection.parked"
        case events.Woken():
            return logging.INFO, "connection.woken"
        case events.Conflicted():
            return logging.INFO, "record.conflicted"
        case events.TokenUnsaved():
            return logging.WARNING, "record.unsaved"
        case events.UnsavedTokenExpired():
            return logging.ERROR, "record.lost"
        case events.RefreshTokenRotated(stored=stored):
            return logging.WARNING if stored else logging.ERROR, "refresh_token.rotated"
        case events.ReportAnswered(verdict=verdict):
            return _REPORTS[verdict], "report.answered"
        case events.ReportsProcessed(error=error):
            return (logging.WARNING, "reports.unheard") if error else (logging.DEBUG, "reports.heeded")
        case events.TargetWritten(error=error):
            return (logging.WARNING, "target.behind") if error else (logging.DEBUG, "target.written")
        case events.BackgroundTaskCrashed():
            return logging.ERROR, "background_task.crashed"
        case events.VaultLoggedIn(outcome=outcome):
            return _login(outcome)
        case events.VaultSessionChanged(alive=alive):
            return (logging.INFO, "session.renewed") if alive else (logging.WARNING, "session.lost")
        case events.DaemonCrashed():
            return logging.ERROR, "daemon.crashed"
        case events.Started():
            return logging.INFO, "daemon.started"
        case events.Reloading():
            return logging.DEBUG, "settings.reloading"
        case events.Reloaded(error=error):
            return (logging.ERROR, "settings.refused") if error else (logging.INFO, "settings.reloaded")
        case events.Stopping():
            return logging.INFO, "daemon.stopping"
        case events.Stopped(unsaved=unsaved):
            return logging.ERROR if unsaved else logging.INFO, "daemon.stopped"
        case _:
            assert_never(event)


def details(event: Event) -> dict[str, object]:
    """Return the event's fields for its line: durations in milliseconds, instants in RFC 3339, None left out."""
    line: dict[str, object] = {}
    for name in (field.name for field in fields(event)):
        match getattr(event, name):
            case None | ():
                pass
            case timedelta() as duration:
                line[f"{name}_ms"] = _milliseconds(duration)
            case datetime() as instant:
                line[name] = rfc3339(instant)
            case dict() as by_stage:
                line |= {f"{stage}_ms": _milliseconds(duration) for stage, duration in by_stage.items()}
            case value:
                line[_RENAMED.get(name, name)] = value
    return line


def _login(outcome: events.LoginOutcome) -> tuple[int, str]:
    match outcome:
        case events.LoginOutcome.SUCCESS:
            return logging.INFO, "login.succeeded"
        case events.LoginOutcome.REFUSED:
            return logging.ERROR, "login.refused"
        case events.LoginOutcome.UNAVAILABLE:
            return logging.WARNING, "login.unavailable"
        case _:
            assert_never(outcome)


def _milliseconds(duration: timedelta) -> float:
    return round(duration / timedelta(milliseconds=1), 1)
