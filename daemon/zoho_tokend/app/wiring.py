"""From the settings to the leadership of a daemon and to the ports of its engine."""

import os
import secrets
import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from zoho_tokend.app.adapters import layout_of
from zoho_tokend.core.election import Candidate, Timing
from zoho_tokend.core.errors import BadSettings
from zoho_tokend.core.events import Sink
from zoho_tokend.core.lease import Alone
from zoho_tokend.core.ports import Clock, Leadership, LeaseStore
from zoho_tokend.core.sharding import Shard
from zoho_tokend.engine.clockwork import Command
from zoho_tokend.engine.elector import Elector
from zoho_tokend.engine.engine import Ports
from zoho_tokend.settings import Settings
from zoho_tokend.vault.reports import VaultReports
from zoho_tokend.vault.session import Session
from zoho_tokend.vault.store import VaultStore
from zoho_tokend.vault.targets import VaultTargets
from zoho_tokend.zoho.endpoints import Endpoints


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
    candidate = Candidate(identity=_identity(settings), timing=_timing(settings))
    return Elector(candidate, lease=_lease(settings), clock=clock, emit=emit, elected=elected)


def _timing(settings: Settings) -> Timing:
    return Timing(
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
        timeout=_timing(settings).request_timeout,
    )


def ports_of(
    settings: Settings,
    *,
    session: Session,
    store: VaultStore,
    zoho: Endpoints,
    leadership: Leadership,
    clock: Clock,
    emit: Sink,
) -> Ports:
    """Join the adapters that these settings ask for."""
    layout = layout_of(settings)
    return Ports(
        records=store,
        endpoint=zoho.tokens,
        clock=clock,
        emit=emit,
        session=session,
        leadership=leadership,
        reports=VaultReports(session, layout) if settings.reports == "on" else None,
        prover=zoho.consent,
        targets=VaultTargets(session, layout, settings.publish_targets),
    )


def intervals_of(settings: Settings, background_tasks: Iterable[Command]) -> Mapping[Command, timedelta]:
    """Return how often each command comes: the sweep, and those of the background tasks that there are."""
    intervals = {
        Command.SWEEP: settings.sweep_interval,
        Command.DISCOVER: settings.discovery_interval,
        Command.PROCESS_REPORTS: settings.discovery_interval,
        Command.FOLLOW_TARGETS: settings.sweep_interval,
    }
    return {command: intervals[command] for command in (Command.SWEEP, *background_tasks)}
