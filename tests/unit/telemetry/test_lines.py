import logging
import re
from typing import get_args

import pytest

from tests.support.samples.event_samples import CONNECTION, NOON, ONE_OF_EVERY, REFRESH_FAILED, REFRESHED
from zoho_tokend.core import events
from zoho_tokend.core.events import Event, LoginOutcome
from zoho_tokend.telemetry.log import details, headline


def test_the_samples_hold_one_of_every_event() -> None:
    assert {type(event) for event in ONE_OF_EVERY} == set(get_args(Event))


@pytest.mark.parametrize("event", ONE_OF_EVERY, ids=lambda event: type(event).__name__)
def test_every_event_is_called_by_a_noun_and_a_verb(event: Event) -> None:
    _level, name = headline(event)
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)


def test_no_two_events_share_a_name() -> None:
    names = [headline(event)[1] for event in ONE_OF_EVERY]
    assert len(names) == len(set(names))


def test_a_refresh_is_told_in_one_line_with_all_that_matters() -> None:
    assert details(REFRESHED) == {
        "connection": "crm-prod",
        "outcome": "success",
        "reason": "due",
        "data_center": "eu",
        "expires_at": "2026-01-01T13:00:00Z",
        "next_refresh_at": "2026-01-01T12:28:00Z",
        "version": 12,
        "late_ms": 1000.0,
        "zoho_ms": 203.4,
        "vault_ms": 13.0,
        "total_ms": 217.0,
    }


def test_a_failed_refresh_tells_how_often_and_why_and_when_it_is_tried_again() -> None:
    line = details(REFRESH_FAILED)
    assert (line["failures"], line["error"]) == (2, "Zoho gave no usable answer.")
    assert line["next_refresh_at"] == "2026-01-01T12:00:10Z"


def test_what_is_absent_is_left_out() -> None:
    assert "expires_at" not in details(events.Discovered(connection=CONNECTION, expires_at=None, next_refresh_at=None))


LOUDNESS = [
    pytest.param(events.RefreshDeferred(connection=CONNECTION, reason="standby", until=NOON), "DEBUG", id="a standby"),
    pytest.param(events.RefreshDeferred(connection=CONNECTION, reason="budget", until=NOON), "WARNING", id="a wait"),
    pytest.param(REFRESHED, "INFO", id="a refresh"),
    pytest.param(REFRESH_FAILED, "WARNING", id="a failed refresh"),
    pytest.param(events.RefreshTokenRotated(connection=CONNECTION, stored=True), "WARNING", id="a stored rotation"),
    pytest.param(events.RefreshTokenRotated(connection=CONNECTION, stored=False), "ERROR", id="a lost rotation"),
    pytest.param(events.UnsavedTokenExpired(connection=CONNECTION), "ERROR", id="a lost token"),
    pytest.param(events.Stopped(in_flight=0, unsaved=0), "INFO", id="a clean stop"),
    pytest.param(events.Stopped(in_flight=0, unsaved=1), "ERROR", id="a stop that lost a token"),
    pytest.param(events.VaultSessionChanged(expires_at=None, alive=False), "WARNING", id="a lost session"),
    pytest.param(events.VaultLoggedIn(method="cert", outcome=LoginOutcome.REFUSED), "ERROR", id="a refused login"),
    pytest.param(events.VaultLoggedIn(method="cert", outcome=LoginOutcome.UNAVAILABLE), "WARNING", id="no Vault"),
    pytest.param(events.Reloaded(error="No such setting."), "ERROR", id="refused settings"),
    pytest.param(events.DiscoveryEnded(connections=0, took=NOON - NOON), "DEBUG", id="a discovery"),
    pytest.param(events.DiscoveryEnded(connections=0, took=NOON - NOON, error="Sealed."), "WARNING", id="no discovery"),
]


@pytest.mark.parametrize(("event", "level"), LOUDNESS)
def test_it_is_as_loud_as_it_is_grave(event: Event, level: str) -> None:
    assert logging.getLevelName(headline(event)[0]) == level
