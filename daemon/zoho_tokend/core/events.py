"""Events: what happened, named in the past tense, frozen, and without a secret.

The core's users and the adapters emit them to one sink. Logs and metrics read it; in tests it is ``list.append``.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.model import NAME_RULE, ConnectionName
from zoho_tokend.core.reports import Verdict
from zoho_tokend.core.targets import Shape


class Stage(StrEnum):
    """A part of a refresh that is timed: the label values of ``refresh_duration_seconds{stage}``."""

    ZOHO = "zoho"
    VAULT = "vault"
    TOTAL = "total"


class VaultOperation(StrEnum):
    """A request to Vault: the label values of ``vault_requests_total{operation}``."""

    LIST = "list"
    READ = "read"
    METADATA = "metadata"
    WRITE = "write"
    DELETE = "delete"
    CAPABILITIES = "capabilities"
    LOGIN = "login"
    LOOKUP_SELF = "lookup_self"
    RENEW_SELF = "renew_self"
    REVOKE_SELF = "revoke_self"
    UNWRAP = "unwrap"


class VaultOutcome(StrEnum):
    """How Vault answered: the label values of ``vault_requests_total{outcome}``."""

    OK = "ok"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


class ZohoOutcome(StrEnum):
    """How Zoho's token endpoint answered: the label values of ``zoho_requests_total{outcome}``."""

    ISSUED = "issued"
    THROTTLED = "throttled"
    GRANT_REJECTED = "grant_rejected"
    CLIENT_REJECTED = "client_rejected"
    UNAVAILABLE = "unavailable"


class LoginOutcome(StrEnum):
    """How a login ended: the label values of ``vault_logins_total{outcome}``."""

    SUCCESS = "success"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


class Peer(StrEnum):
    """Whose clock is compared with ours: the label values of ``clock_skew_seconds{peer}``."""

    VAULT = "vault"
    ZOHO = "zoho"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZohoAnswered:
    """A request to Zoho's token endpoint ended, with or without an answer."""

    data_center: str
    outcome: ZohoOutcome
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultAnswered:
    """A request to Vault ended, with or without an answer."""

    operation: VaultOperation
    outcome: VaultOutcome
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCompared:
    """A peer's ``Date`` header was compared with our clock; ``skew`` is theirs minus ours, to the second."""

    peer: Peer
    skew: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultLoggedIn:
    """A login at Vault ended; ``error`` is a sentence, None after a success."""

    method: str
    outcome: LoginOutcome
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSessionChanged:
    """The session's token got a new expiry: by a login, a renewal, or its loss; None where it never expires."""

    expires_at: datetime | None
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """A connection was found in Vault."""

    connection: ConnectionName
    expires_at: datetime | None
    next_refresh_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """A connection is no longer in Vault; its published token was left as it is."""

    connection: ConnectionName


@dataclass(frozen=True, slots=True, kw_only=True)
class IllNamed:
    """A name under the credentials' path is not a valid connection name; its record was left alone."""

    name: str
    rule: str = NAME_RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryEnded:
    """A pass over the credentials ended.

    Attributes:
        error: why the pass is incomplete, as a sentence; None where every listed name was tried.
        unreadable: for how many names Vault gave no usable answer; they are tried again.
        ill_named: how many records do not have a valid connection name.
    """

    connections: int
    took: timedelta
    error: str | None = None
    unreadable: int = 0
    ill_named: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDiscovered:
    """Vault gave no usable answer about one name, but did about others; the next pass tries it again."""

    connection: ConnectionName
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientsUnrestricted:
    """Clients whose records do not name the connections that may use them were found at the start.

    Attributes:
        clients: the first of them by name; ``count`` is how many there are.
    """

    clients: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """A new token was published in Vault.

    Attributes:
        outcome: ``success``, or ``adopted`` where another writer's token lives longer than ours.
        late: how long after it was due the refresh started.
        took: the duration of each stage; ``vault`` is the sum of its requests.
    """

    connection: ConnectionName
    outcome: Outcome
    reason: str
    data_center: str
    expires_at: datetime
    next_refresh_at: datetime
    version: int
    late: timedelta
    took: dict[Stage, timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFailed:
    """A refresh failed; the token in Vault stays as it was.

    Attributes:
        error: one sentence for people.
        next_refresh_at: when it is tried again.
    """

    connection: ConnectionName
    outcome: Outcome
    reason: str
    error: str
    failures: int
    next_refresh_at: datetime
    late: timedelta
    took: dict[Stage, timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshDeferred:
    """A refresh is due and waits for its budget, its client's limit or the leader; emitted once for each wait."""

    connection: ConnectionName
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUnrecorded:
    """Failed requests cannot be recorded in Vault: this process counts them, but the next one will not know them."""

    connection: ConnectionName
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantShared:
    """``others``, which another process refreshes, use the connection's refresh token too."""

    connection: ConnectionName
    others: tuple[ConnectionName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDropped:
    """A person ended the grant before a newly issued token was published: the token was dropped."""

    connection: ConnectionName
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUnsaved:
    """A token from Zoho could not be written to Vault; it is held in memory and written again."""

    connection: ConnectionName
    error: str
    expires_at: datetime
    next_write_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsavedTokenExpired:
    """A token that could never be written to Vault expired in memory."""

    connection: ConnectionName


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflicted:
    """A write met a version that this process did not know; the record with the later expiry stays."""

    connection: ConnectionName


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A token that another process published was found in Vault."""

    connection: ConnectionName
    expires_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderElected:
    """This process became the leader: it starts refreshes from now on."""

    identity: str
    transitions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderLost:
    """This process is no longer the leader: nothing new starts, and what is under way ends."""

    identity: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderSeen:
    """Another process is the leader, and this one stands by."""

    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionTroubled:
    """The lease can be neither read nor written; ``refused`` where only a person can help."""

    error: str
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A connection waits for a person, or for its records to change."""

    connection: ConnectionName
    outcome: Outcome
    error: str
    next_probe_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """A failing connection is tried at once: its records or policy changed, or one that failed with it recovered."""

    connection: ConnectionName


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRotated:
    """Zoho answered with another refresh token; ``stored`` says whether it was written to Vault."""

    connection: ConnectionName
    stored: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshCrashed:
    """A refresh met an unexpected error of our own; its connection backs off, the others go on."""

    connection: ConnectionName
    kind: str
    traceback: str


def trace_of(error: BaseException) -> str:
    """Return the traceback as text; of an error that cannot even be printed, its class name."""
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - a guard that fails guards nothing
        return type(error).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswered:
    """A reader's report of a token that died early was processed, with this verdict."""

    connection: ConnectionName
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsProcessed:
    """A pass over the readers' reports ended; ``error`` is a sentence, None after a success."""

    took: timedelta
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetWritten:
    """A publish target was written with the connection's token; ``error`` is a sentence where that failed."""

    connection: ConnectionName
    target: Shape
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundTaskCrashed:
    """A background task met an unexpected error of our own; it starts again at its next time, all else goes on."""

    task: str
    kind: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonCrashed:
    """The daemon ends after an unexpected error of our own."""

    kind: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The daemon started."""

    version: str
    listen: str
    vault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The run loop is alive; ``lag`` is how late the event loop ran it."""

    at: datetime
    lag: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloading:
    """The settings are about to be reloaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """The settings were reloaded: what changed, and what needs a restart; ``error`` where they were refused."""

    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """The daemon is stopping: nothing new starts, and ``in_flight`` refreshes are finished first."""

    in_flight: int
    unsaved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The daemon stopped; ``unsaved`` tokens were lost with it."""

    in_flight: int
    unsaved: int


Event = (
    ZohoAnswered
    | VaultAnswered
    | ClockCompared
    | VaultLoggedIn
    | VaultSessionChanged
    | Discovered
    | Vanished
    | IllNamed
    | DiscoveryEnded
    | NotDiscovered
    | ClientsUnrestricted
    | Refreshed
    | RefreshFailed
    | RefreshDeferred
    | BudgetUnrecorded
    | GrantShared
    | TokenDropped
    | TokenUnsaved
    | UnsavedTokenExpired
    | Conflicted
    | Followed
    | LeaderElected
    | LeaderLost
    | LeaderSeen
    | ElectionTroubled
    | Parked
    | Woken
    | RefreshTokenRotated
    | RefreshCrashed
    | ReportAnswered
    | ReportsProcessed
    | TargetWritten
    | BackgroundTaskCrashed
    | Started
    | Beat
    | Reloading
    | Reloaded
    | Stopping
    | Stopped
    | DaemonCrashed
)

Sink = Callable[[Event], None]
