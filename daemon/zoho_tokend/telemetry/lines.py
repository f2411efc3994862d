"""What each event is called in the log, how loud it is, and which fields its line has. Pure."""

import logging
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Final, assert_never

from zoho_tokend.core import events
from zoho_tokend.core.connection import Reason
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.events import Event
from zoho_tokend.core.instants import rfc3339
from zoho_tokend.core.reports import Verdict

# A report that was stale, or forged, may come in floods.
_REPORTS: Final[Mapping[Verdict, int]] = {
    Verdict.CONFIRMED: logging.WARNING,
    Verdict.REFUTED: logging.INFO,
    Verdict.UNPROVEN: logging.INFO,
    Verdict.STALE: logging.DEBUG,
}
_RENAMED: Final[Mapping[str, str]] = {"traceback": "exception"}


def headline(event: Event) -> tuple[int, str]:  # noqa: C901, PLR0912 - a table, one row for each event
    """The level and the name of the event's line.

    Error is what has cost a token, or soon will; warning is what a person should look at; what is told several times
    in each refresh is for debugging, and stands first, for it must cost nothing when nobody listens.
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
        case events.ReportsHeeded(error=error):
            return (logging.WARNING, "reports.unheard") if error else (logging.DEBUG, "reports.heeded")
        case events.TargetTold(error=error):
            return (logging.WARNING, "target.behind") if error else (logging.DEBUG, "target.told")
        case events.ErrandCrashed():
            return logging.ERROR, "errand.crashed"
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
    """The event's fields as its line shows them: durations in milliseconds, instants in RFC 3339, None left out."""
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
