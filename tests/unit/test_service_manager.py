import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.samples.event_samples import NOON, ONE_OF_EVERY
from tests.support.servers.service_manager import listening
from zoho_tokend.app.service_manager import ServiceManager, notify_socket
from zoho_tokend.core import events
from zoho_tokend.core.events import LoginOutcome
from zoho_tokend.core.health import Check

FOUND = events.DiscoveryEnded(connections=3, took=timedelta(seconds=1))
MISSED = replace(FOUND, error="Vault is sealed")
BEAT = events.Beat(at=NOON, lag=timedelta())


@dataclass
class Notifications:
    """What the manager was told of these events, and the liveness that it saw."""

    messages: list[str] = field(default_factory=list)
    checks: Sequence[Check] = (Check(name="sweep"),)

    def __post_init__(self) -> None:
        self.emit = ServiceManager(self.messages.append, live=lambda: self.checks, monotonic=lambda: 12.5)

    def of(self, *happened: events.Event) -> list[str]:
        self.messages.clear()
        for event in happened:
            self.emit(event)
        return list(self.messages)


@pytest.fixture
def told() -> Notifications:
    return Notifications()


@pytest.fixture
def ready(told: Notifications) -> Notifications:
    told.of(FOUND)
    return told


def test_it_is_ready_once_the_first_discovery_has_succeeded(told: Notifications) -> None:
    assert told.of(MISSED) == ["STATUS=Vault is sealed"]
    assert told.of(FOUND) == ["READY=1\nSTATUS=Connections kept fresh: 3."]
    assert told.of(FOUND) == ["STATUS=Connections kept fresh: 3."]


def test_while_it_starts_each_heartbeat_asks_for_more_time(told: Notifications) -> None:
    assert told.of(BEAT) == ["EXTEND_TIMEOUT_USEC=30000000"]


def test_once_it_is_ready_each_heartbeat_feeds_the_watchdog(ready: Notifications) -> None:
    assert ready.of(BEAT, BEAT) == ["WATCHDOG=1"] * 2


@pytest.mark.parametrize("state", ["told", "ready"])
def test_a_heartbeat_of_a_process_that_is_not_alive_feeds_nobody_and_says_why(
    request: pytest.FixtureRequest, state: str
) -> None:
    of_state: Notifications = request.getfixturevalue(state)
    of_state.checks = (Check(name="event-loop"), Check(name="sweep", reason="no sweep for 61 s"))
    assert of_state.of(BEAT) == ["STATUS=Not alive: no sweep for 61 s."]


def test_a_reload_is_told_when_it_begins_and_when_it_is_over_even_if_it_was_refused(ready: Notifications) -> None:
    assert ready.of(events.Reloading(), events.Reloaded(error="There is no such setting.")) == [
        "RELOADING=1\nMONOTONIC_USEC=12500000",
        "READY=1",
    ]


def test_a_reload_of_one_that_is_not_ready_does_not_make_it_ready(told: Notifications) -> None:
    assert told.of(events.Reloading(), events.Reloaded()) == []


def test_it_says_that_it_is_stopping(ready: Notifications) -> None:
    assert ready.of(events.Stopping(in_flight=1, unsaved=0)) == ["STOPPING=1\nSTATUS=Ending what is under way."]


def test_a_login_that_fails_is_its_status(told: Notifications) -> None:
    failed = events.VaultLoggedIn(method="approle", outcome=LoginOutcome.UNAVAILABLE, error="Vault does not answer")
    assert told.of(failed) == ["STATUS=Vault does not answer"]


def test_an_error_of_several_lines_cannot_say_anything_but_the_status(told: Notifications) -> None:
    assert told.of(replace(MISSED, error="sealed\nREADY=1")) == ["STATUS=sealed READY=1"]


def test_nothing_else_that_happens_is_told(ready: Notifications) -> None:
    spoken = (events.DiscoveryEnded, events.Beat, events.Reloading, events.Reloaded, events.Stopping)
    rest = [event for event in ONE_OF_EVERY if not isinstance(event, spoken)]
    assert len(rest) > 10
    assert ready.of(*rest) == []


def test_a_message_reaches_a_socket_at_a_path(tmp_path: Path) -> None:
    with listening(str(tmp_path / "notify")) as manager:
        notify_socket({"NOTIFY_SOCKET": manager.name})("READY=1\nSTATUS=é")
        assert manager.say() == ["READY=1", "STATUS=é"]


def test_a_message_reaches_an_abstract_socket() -> None:
    with listening(f"@zoho-tokend/{secrets.token_hex(8)}") as manager:
        notify_socket({"NOTIFY_SOCKET": manager.name})("READY=1")
        assert manager.say() == ["READY=1"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_socket_that_can_be_reached_nobody_is_told(environment: dict[str, str]) -> None:
    notify_socket(environment)("READY=1")


def test_a_manager_that_is_gone_hurts_nobody(tmp_path: Path) -> None:
    with listening(str(tmp_path / "notify")) as manager:
        notify = notify_socket({"NOTIFY_SOCKET": manager.name})
    notify("WATCHDOG=1")
    with listening(manager.name):
        notify("WATCHDOG=1")
