"""The errands that the settings ask for: what the daemon does beside the refreshes, and how often."""

from collections.abc import Mapping
from datetime import timedelta

from zoho_tokend.app.vault import layout_of
from zoho_tokend.clockwork import Command
from zoho_tokend.core.events import Sink
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.ports import Clock, Prover
from zoho_tokend.discovery import Discovery
from zoho_tokend.reports import Reports
from zoho_tokend.runner import Errand
from zoho_tokend.settings import Settings
from zoho_tokend.targets import Targets
from zoho_tokend.vault.reports import VaultReports
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.vault.targets import VaultTargets

Errands = Mapping[Command, Errand]


def targets_of(settings: Settings, *, session: Session, store: VaultStore, clock: Clock, emit: Sink) -> Targets:
    """The followers of the publish targets; they hear of every event."""
    targets = VaultTargets(session, layout_of(settings), settings.publish_targets)
    return Targets(settings.publish_targets, tokens=store, store=targets, clock=clock, emit=emit)


def reports_of(
    settings: Settings, *, fleet: Fleet, session: Session, store: VaultStore, prover: Prover, clock: Clock, emit: Sink
) -> Reports:
    """What answers readers that report a dead token."""
    reports = VaultReports(session, layout_of(settings))
    return Reports(fleet=fleet, reports=reports, tokens=store, prover=prover, clock=clock, emit=emit)


def errands_of(settings: Settings, *, discovery: Discovery, reports: Reports, targets: Targets) -> Errands:
    """Those that are asked for, each by the command at which it is done."""
    errands: dict[Command, Errand] = {Command.DISCOVER: discovery.look}
    if settings.reports == "on":
        errands[Command.HEED_REPORTS] = reports.heed
    if settings.publish_targets:
        errands[Command.FOLLOW_TARGETS] = targets.follow
    return errands


def intervals_of(settings: Settings, errands: Errands) -> Mapping[Command, timedelta]:
    """How often each command comes: a sweep, and those of the errands that there are."""
    intervals = {
        Command.SWEEP: settings.sweep_interval,
        Command.DISCOVER: settings.discovery_interval,
        Command.HEED_REPORTS: settings.discovery_interval,
        Command.FOLLOW_TARGETS: settings.sweep_interval,
    }
    return {command: intervals[command] for command in (Command.SWEEP, *errands)}
