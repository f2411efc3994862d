import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from tests.canary import assert_no_canary
from tests.support.samples.event_samples import CONNECTION, NOON, ONE_OF_EVERY, REFRESHED
from zoho_tokend.core.events import Beat, RefreshCrashed
from zoho_tokend.telemetry.log import EventLog, LogFormat, LogLevel, configure_logging, set_level

SECRET, LOCAL = "1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef", "CANARY-local-variable"
BEAT = Beat(at=NOON, lag=NOON - NOON)
LIBRARIES = ["httpx", "httpcore", "urllib3", "apscheduler", "hvac", "uvicorn.error", "anything.else"]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("zoho_tokend")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], root.level, ours.level = before
    root.setLevel(root.level)
    ours.setLevel(ours.level)


def a_log(log_format: LogFormat = LogFormat.JSON, level: LogLevel = LogLevel.INFO) -> io.StringIO:
    stream = io.StringIO()
    configure_logging(log_format, level, stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_that_begins_with_when_how_grave_and_what() -> None:
    stream = a_log()
    EventLog()(REFRESHED)
    [line] = lines(stream)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", str(line["timestamp"]))
    assert (line["level"], line["event"], line["connection"]) == ("info", "connection.refreshed", "crm-prod")


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.CONSOLE])
def test_every_event_has_a_line_in_either_format(log_format: LogFormat) -> None:
    stream = a_log(log_format, LogLevel.DEBUG)
    for event in ONE_OF_EVERY:
        EventLog()(event)
    assert stream.getvalue().count("[zoho_tokend]" if log_format is LogFormat.CONSOLE else '"logger"') == len(
        ONE_OF_EVERY
    )


def test_a_log_made_before_logging_is_set_up_obeys_the_set_up() -> None:
    log = EventLog()
    stream = a_log()
    log(REFRESHED)
    assert len(lines(stream)) == 1


def test_what_is_below_the_level_is_not_written() -> None:
    stream = a_log(level=LogLevel.INFO)
    EventLog()(BEAT)
    assert stream.getvalue() == ""


def test_the_level_can_change_while_it_runs() -> None:
    stream, log = a_log(level=LogLevel.INFO), EventLog()
    log(BEAT)
    set_level(LogLevel.DEBUG)
    log(BEAT)
    set_level(LogLevel.ERROR)
    log(REFRESHED)
    assert [line["event"] for line in lines(stream)] == ["loop.beat"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_libraries_are_heard_from_warning_up_even_when_we_debug(library: str) -> None:
    stream = a_log(level=LogLevel.DEBUG)
    logging.getLogger(library).info("HTTP Request: POST https://accounts.zoho.eu")
    logging.getLogger(library).warning("%s is odd", "something")
    assert [(line["logger"], line["event"]) for line in lines(stream)] == [(library, "something is odd")]


def test_a_warning_of_a_library_is_not_heard_when_only_errors_are_wanted() -> None:
    stream = a_log(level=LogLevel.ERROR)
    logging.getLogger("urllib3").warning("odd")
    assert stream.getvalue() == ""


def test_setting_up_twice_writes_a_line_once() -> None:
    first, second = a_log(), a_log()
    EventLog()(REFRESHED)
    assert (len(lines(first)), len(lines(second))) == (0, 1)


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.CONSOLE])
def test_no_secret_gets_through_in_a_message_a_traceback_or_a_local_variable(log_format: LogFormat) -> None:
    stream = a_log(log_format)

    def refresh(refresh_token: str, plain_local: str) -> None:
        raise ValueError(f"POST https://accounts.zoho.eu/token?refresh_token={refresh_token}", len(plain_local))

    try:
        refresh(SECRET, LOCAL)
    except ValueError:
        logging.getLogger("httpx").exception("failed with %s", {"Authorization": f"Zoho-oauthtoken {SECRET}"})
    EventLog()(RefreshCrashed(connection=CONNECTION, kind="KeyError", traceback=f"KeyError: {SECRET!r}"))
    assert_no_canary([SECRET, LOCAL], stream.getvalue())
    assert stream.getvalue().count("***") >= 3
    assert "in refresh" in stream.getvalue()


def test_a_line_that_cannot_be_written_is_missed_and_never_printed_raw(capsys: pytest.CaptureFixture[str]) -> None:
    stream = a_log()
    stream.close()
    EventLog()(RefreshCrashed(connection=CONNECTION, kind="KeyError", traceback=SECRET))
    assert capsys.readouterr() == ("", "a log line of zoho_tokend was lost: ValueError\n")


def test_auto_is_json_where_there_is_no_terminal_and_console_where_there_is() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    pipe, terminal = a_log(LogFormat.AUTO), Terminal()
    EventLog()(REFRESHED)
    configure_logging(LogFormat.AUTO, LogLevel.INFO, terminal)
    EventLog()(REFRESHED)
    assert lines(pipe)
    assert "\x1b[" in terminal.getvalue()


def test_the_console_is_without_colours_where_there_is_no_terminal() -> None:
    stream = a_log(LogFormat.CONSOLE)
    EventLog()(REFRESHED)
    assert "\x1b" not in stream.getvalue()
