"""What happened, in the past tense: frozen, and without a secret.

Logic and adapters emit these to one sink. Logs and metrics are two readers of it; in tests the sink is ``list.append``.
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
    """What Vault was asked for: the label values of ``vault_requests_total{operation}``."""

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
    """Zoho's token endpoint answered a request, or did not."""

    data_center: str
    outcome: ZohoOutcome
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultAnswered:
    """Vault answered one request, or did not."""

    operation: VaultOperation
    outcome: VaultOutcome
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCompared:
    """A peer's ``Date`` header told its time; ``skew`` is theirs minus ours, good to a second."""

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
    """The session's token got a new end: after a login, a renewal, or its loss (``expires_at`` None: it never ends)."""

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
    """A name under the credentials' path is no connection's name; it was left alone."""

    name: str
    rule: str = NAME_RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryEnded:
    """A pass over the credentials ended.

    Attributes:
        error: why it was no whole pass, as a sentence; None where every listed name was tried.
        unreadable: of how many names Vault gave no usable answer; they are tried again.
        ill_named: how many records there have no connection's name.
    """

    connections: int
    took: timedelta
    error: str | None = None
    unreadable: int = 0
    ill_named: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDiscovered:
    """Vault gave no usable answer about one name, and did about others; it is tried again in the next pass."""

    connection: ConnectionName
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientsUnrestricted:
    """Clients whose records do not name the connections that may use them were found at the start.

    Attributes:
        clients: the first of them by name; there are ``count`` in all.
    """

    clients: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """A new token stands in Vault.

    Attributes:
        outcome: ``success``, or ``adopted`` where another writer's token lives longer than ours.
        late: how long after it was due the refresh started.
        took: by stage; ``vault`` is the sum of its requests.
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
    """A refresh brought no new token; what stood in Vault still stands.

    Attributes:
        error: one sentence for a person.
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
    """A refresh is due and waits for its budget, its client's limit or the leader; told once for each wait."""

    connection: ConnectionName
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUnrecorded:
    """Vault does not keep what refresh tokens spend in vain: this process knows it, and the next one will not."""

    connection: ConnectionName
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantShared:
    """The connection's refresh token is in use by ``others`` too, which another process refreshes."""

    connection: ConnectionName
    others: tuple[ConnectionName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDropped:
    """Zoho issued a token, and its grant was ended by a person before the token was published: it was let go."""

    connection: ConnectionName
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUnsaved:
    """Zoho issued a token that Vault has not taken; it is held in memory and written again."""

    connection: ConnectionName
    error: str
    expires_at: datetime
    next_write_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsavedTokenExpired:
    """A token that Vault never took has reached its end in memory."""

    connection: ConnectionName


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflicted:
    """A write found a version that we did not know; the later expiry stays."""

    connection: ConnectionName


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A token was found in Vault that another process has published."""

    connection: ConnectionName
    expires_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderElected:
    """This process leads, and starts refreshes from now on."""

    identity: str
    transitions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderLost:
    """This process leads no more: what is under way ends, and nothing new starts."""

    identity: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderSeen:
    """Another process leads, and this one stands by."""

    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionTroubled:
    """Nothing can be learnt of the lease, or done about it; ``refused`` where only a person can help."""

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
    """A connection in trouble is tried again: its records or policy changed, or another of the same trouble is well."""

    connection: ConnectionName


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRotated:
    """Zoho answered with another refresh token; ``stored`` tells whether Vault took it."""

    connection: ConnectionName
    stored: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshCrashed:
    """A refresh met an error of our own that nobody foresaw; the connection backs off, the others go on."""

    connection: ConnectionName
    kind: str
    traceback: str


def trace_of(error: BaseException) -> str:
    """The traceback as text; of an error that cannot even be printed, its kind."""
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - a guard that fails guards nothing
        return type(error).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswered:
    """A reader said that a token has died before its time, and this is what was found."""

    connection: ConnectionName
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsProcessed:
    """A pass over the readers' reports ended; ``error`` is a sentence, None after a success."""

    took: timedelta
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetWritten:
    """A publish target tells the connection's token; where it does not yet, ``error`` is a sentence."""

    connection: ConnectionName
    target: Shape
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundTaskCrashed:
    """An errand met an error of our own that nobody foresaw; it begins anew at its next time, all else goes on."""

    task: str
    kind: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonCrashed:
    """The daemon ends, for it met an error of our own that nobody foresaw."""

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
    """The run loop is alive; ``lag`` is how late the event loop answered."""

    at: datetime
    lag: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloading:
    """Settings are about to be read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """Settings were read again: what changed, and what waits for a restart; ``error`` where they were refused."""

    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """Nothing new starts; ``in_flight`` refreshes are being finished."""

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
