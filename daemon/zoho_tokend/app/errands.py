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
from zoho_tokend.vault.reports import VaultReports
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore

Errands = Mapping[Command, Errand]


def errands_of(
    settings: Settings,
    *,
    fleet: Fleet,
    discovery: Discovery,
    session: Session,
    store: VaultStore,
    prover: Prover,
    clock: Clock,
    emit: Sink,
) -> Errands:
    """Each by the command at which it is done."""
    errands: dict[Command, Errand] = {Command.DISCOVER: discovery.look}
    if settings.reports == "on":
        reports = VaultReports(session, layout_of(settings))
        heeding = Reports(fleet=fleet, reports=reports, tokens=store, prover=prover, clock=clock, emit=emit)
        errands[Command.HEED_REPORTS] = heeding.heed
    return errands


def intervals_of(settings: Settings, errands: Errands) -> Mapping[Command, timedelta]:
    """How often each command comes: a sweep, and those of the errands that there are."""
    intervals = {
        Command.SWEEP: settings.sweep_interval,
        Command.DISCOVER: settings.discovery_interval,
        Command.HEED_REPORTS: settings.discovery_interval,
    }
    return {command: intervals[command] for command in (Command.SWEEP, *errands)}
