"""From the settings to the leadership of this process, and to its shard."""

import os
import secrets
import socket
from collections.abc import Callable

from zoho_tokend.core.election import Candidate, Terms
from zoho_tokend.core.errors import BadSettings
from zoho_tokend.core.events import Sink
from zoho_tokend.core.leadership import Alone
from zoho_tokend.core.ports import Clock, Leadership, LeaseStore
from zoho_tokend.core.sharding import Shard
from zoho_tokend.elector import Elector
from zoho_tokend.settings import Settings


def own_shard(settings: Settings) -> Shard:
    """Which share of the connections is this process's own."""
    return Shard.from_ordinal(settings.shard, settings.shards)


def lease_name(settings: Settings) -> str:
    """The name of the Lease of this process's shard."""
    return settings.lease_name if settings.shards == 1 else f"{settings.lease_name}-{own_shard(settings).number}"


def leadership(settings: Settings, *, clock: Clock, sink: Sink, elected: Callable[[], None]) -> Leadership:
    """How it is told whether this process works; ``elected`` is called whenever it becomes the one that does.

    Raises:
        BadSettings: there is no cluster to hold an election in, or the library for it is not installed.
    """
    if settings.leader_election == "none":
        return Alone()
    candidate = Candidate(identity=_identity(settings), terms=_terms(settings))
    return Elector(candidate, lease=_lease(settings), clock=clock, emit=sink, elected=elected)


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
