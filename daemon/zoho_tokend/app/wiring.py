"""From the settings to the leadership and the background tasks of a daemon."""

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from datetime import timedelta

from zoho_tokend.app.adapters import layout_of
from zoho_tokend.core.election import Candidate, Terms
from zoho_tokend.core.errors import BadSettings
from zoho_tokend.core.events import Sink
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.lease import Alone
from zoho_tokend.core.ports import Clock, Leadership, LeaseStore, Prover
from zoho_tokend.core.sharding import Shard
from zoho_tokend.engine.clockwork import Command
from zoho_tokend.engine.discovery import Discovery
from zoho_tokend.engine.elector import Elector
from zoho_tokend.engine.reports import Reports
from zoho_tokend.engine.runner import BackgroundTask
from zoho_tokend.engine.targets import Targets
from zoho_tokend.settings import Settings
from zoho_tokend.vault.reports import VaultReports
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.vault.targets import VaultTargets


def own_shard(settings: Settings) -> Shard:
    """Which share of the connections is this process's own."""
    return Shard.from_ordinal(settings.shard, settings.shards)


def lease_name(settings: Settings) -> str:
    """The name of the Lease of this process's shard."""
    return settings.lease_name if settings.shards == 1 else f"{settings.lease_name}-{own_shard(settings).number}"


def leadership(settings: Settings, *, clock: Clock, emit: Sink, elected: Callable[[], None]) -> Leadership:
    """How it is told whether this process works; ``elected`` is called whenever it becomes the one that does.

    Raises:
        BadSettings: there is no cluster to hold an election in, or the library for it is not installed.
    """
    if settings.leader_election == "none":
        return Alone()
    candidate = Candidate(identity=_identity(settings), terms=_terms(settings))
    return Elector(candidate, lease=_lease(settings), clock=clock, emit=emit, elected=elected)


def _terms(settings: Settings) -> Terms:
    return Terms(
        lease=settings.lease_duration, renew_deadline=settings.renew_deadline, retry_period=settings.retry_period
    )


def _identity(settings: Settings) -> str:
    """One that no other process has, whatever the setting says: of two of one name, both would think that they lead."""
    return f"{settings.identity or socket.gethostname()}_{secrets.token_hex(4)}"


def _lease(settings: Settings) -> LeaseStore:
    try:
        from zoho_tokend.kubernetes.cluster import cluster  # noqa: PLC0415 - an extra, imported where it is asked for
        from zoho_tokend.kubernetes.lease import KubernetesLease  # noqa: PLC0415 - same
    except ModuleNotFoundError as error:
        raise BadSettings(
            f"LEADER_ELECTION is kubernetes, which needs {error.name}, and it is not installed: "
            "install zoho-tokend[kubernetes]"
        ) from None
    return KubernetesLease(
        cluster(os.environ),
        name=lease_name(settings),
        namespace=settings.lease_namespace,
        timeout=_terms(settings).request_timeout,
    )


BackgroundTasks = Mapping[Command, BackgroundTask]


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


def background_tasks_of(
    settings: Settings, *, discovery: Discovery, reports: Reports, targets: Targets
) -> BackgroundTasks:
    """Those that are asked for, each by the command at which it is done."""
    background_tasks: dict[Command, BackgroundTask] = {Command.DISCOVER: discovery.look}
    if settings.reports == "on":
        background_tasks[Command.PROCESS_REPORTS] = reports.process
    if settings.publish_targets:
        background_tasks[Command.FOLLOW_TARGETS] = targets.follow
    return background_tasks


def intervals_of(settings: Settings, background_tasks: BackgroundTasks) -> Mapping[Command, timedelta]:
    """How often each command comes: a sweep, and those of the background_tasks that there are."""
    intervals = {
        Command.SWEEP: settings.sweep_interval,
        Command.DISCOVER: settings.discovery_interval,
        Command.PROCESS_REPORTS: settings.discovery_interval,
        Command.FOLLOW_TARGETS: settings.sweep_interval,
    }
    return {command: intervals[command] for command in (Command.SWEEP, *background_tasks)}
