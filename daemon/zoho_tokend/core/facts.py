"""What anybody may know of a connection: the rows behind /status, the status page, the metrics and the demo's table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.sharding import WHOLE, Shard


class State(StrEnum):
    """The state of a connection: the label values of ``zoho_tokend_connections{state}``."""

    FRESH = "fresh"
    REFRESHING = "refreshing"
    FAILING = "failing"
    THROTTLED = "throttled"
    UNSAVED = "unsaved"
    EXPIRED = "expired"
    NEEDS_CONSENT = "needs_consent"
    MISCONFIGURED = "misconfigured"
    PENDING = "pending"
    REVOKED = "revoked"


class Limit(StrEnum):
    """What puts a refresh off that is due: the label values of ``zoho_tokend_deferred_refreshes{limit}``."""

    BUDGET = "budget"
    CLIENT_LIMIT = "client_limit"


HEALTHY = frozenset({State.FRESH, State.REFRESHING})
WAITING_FOR_A_PERSON = frozenset({State.NEEDS_CONSENT, State.MISCONFIGURED, State.REVOKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """One connection, at one moment, without a secret.

    Attributes:
        expires_at: the end of the token that stands in Vault; None when there is none. So for ``issued_at``.
        floor: the least life that a reader may ever find in this connection's tokens.
        next_refresh_at: when the next refresh, retry or probe is due; None while one is under way.
        version: the KV version of the published record; 0 when there is none.
        budget_remaining: how many issues its refresh token has left in the present ten minutes; None while that is
            not known.
        error: the last failure as a sentence; None after a success.
        outcome: how that refresh ended; None after a success.
        deferred_by: what a refresh that is due waits for, until ``next_refresh_at``; None where nothing puts it off.
    """

    name: ConnectionName
    state: State
    data_center: str | None
    issued_at: datetime | None
    expires_at: datetime | None
    floor: timedelta
    next_refresh_at: datetime | None
    last_success_at: datetime | None
    last_attempt_at: datetime | None
    version: int
    failures: int
    budget_remaining: int | None
    error: str | None
    outcome: Outcome | None
    deferred_by: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonFacts:
    """The process itself, at one moment.

    Attributes:
        floor: the least life that a reader may ever find, as the settings promise it.
        discovered: whether every connection in Vault has been looked at once.
        discovery_error: why the last look for connections came to nothing, as a sentence; None where it did not.
        undiscovered: what Vault said of each name that it gave no usable answer about.
        ill_named: records under the path of the credentials whose names are none of a connection.
        noticed_within: how soon a record that changed in Vault is noticed.
        vault_alive: whether there is a live login, and Vault answers, for all we know.
        vault_error: why Vault takes no writes, as a sentence; None while it does.
        vault_since: since when it takes none.
        vault_expires_at: the end of the Vault session's token; None when it never ends, or there is no session.
        unsaved: how many tokens are held in memory for Vault to take.
        leader: whether this process refreshes; true for the only one.
        credentials: the path under which the credentials lie, as ``vault kv get`` takes it.
        holder: who was last known to lead, where there is an election; None while nobody does.
        shard: the share of the connections that is this process's own.
    """

    version: str
    now: datetime
    started_at: datetime
    floor: timedelta
    vault_alive: bool
    vault_expires_at: datetime | None
    unsaved: int
    leader: bool
    credentials: str
    holder: str | None = None
    shard: Shard = WHOLE
    discovered: bool = True
    discovery_error: str | None = None
    undiscovered: Mapping[ConnectionName, str] = field(default_factory=dict)
    ill_named: Sequence[str] = ()
    noticed_within: timedelta = timedelta(seconds=30)
    vault_error: str | None = None
    vault_since: datetime | None = None
