"""The log: one pipeline for our own lines and those of libraries, and the events as its lines.

Every line, whoever wrote it, passes the redactor last; tracebacks show no local variables.
"""

import logging
import sys
from contextlib import suppress
from enum import StrEnum
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from zoho_tokend.core.events import Event
from zoho_tokend.telemetry.lines import details, headline
from zoho_tokend.telemetry.redaction import redact_fields

_OURS: Final = "zoho_tokend"


class LogFormat(StrEnum):
    """How a line looks: ``auto`` is ``console`` on a terminal and ``json`` elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least level of a line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def configure_logging(log_format: LogFormat, level: LogLevel, stream: TextIO | None = None) -> None:
    """All logging of the process goes to ``stream`` (standard output), one line a record, redacted.

    Doing it again replaces what was there before.
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
    """From now on our own lines are written from ``level`` up, and those of libraries from warning up at most.

    httpx tells every URL at info, urllib3 at debug: libraries are never let below a warning, whatever is asked of us.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger(_OURS).setLevel(threshold)
    logging.getLogger().setLevel(max(threshold, logging.WARNING))


class EventLog:
    """A sink that writes one line for each event."""

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
        """Says that a line was lost, and why; the library would print the whole record as it came, unredacted."""
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
