"""One connection in memory, and the state that a person sees. It holds no credential at rest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from zoho_tokend.core.errors import (
    GrantRejected,
    GrantRevoked,
    Outcome,
    Throttled,
)
from zoho_tokend.core.facts import State
from zoho_tokend.core.lease import FIRST_TERM
from zoho_tokend.core.model import ConnectionName, Credential, Secret, TokenRecord


class Reason(StrEnum):
    """Why a connection is refreshed, or waits: the same words in decisions, logs and /status."""

    NEW = "new"
    DUE = "due"
    EXPIRED = "expired"
    RETRY = "retry"
    CONFIRM = "confirm"
    PROBE = "probe"
    WOKEN = "woken"
    REPORTED = "reported"
    ON_REQUEST = "on_request"
    NOT_DUE = "not_due"
    UNSAVED = "unsaved"
    BUDGET = "budget"
    CLIENT_LIMIT = "client_limit"
    STANDBY = "standby"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is known of the token that stands in Vault; the token itself is not kept."""

    issued_at: datetime
    expires_at: datetime
    api_domain: str
    data_center: str

    @property
    def lifetime(self) -> timedelta:
        """How long it lives from its issue on."""
        return self.expires_at - self.issued_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The last failure: how it ended, and the sentence for a person."""

    outcome: Outcome
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Zoho's refusal of one credential: pending until it is said a second time, and confirmed from then on.

    Attributes:
        outcome: what was refused, the grant or the client.
        stamp: of the credential that it was said of.
        since: when it was first said, by the monotonic clock.
        times: how often it was said.
    """

    outcome: Outcome
    stamp: str | None
    since: float
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A refresh token that Zoho sent in place of the stored one, and Vault has not taken yet."""

    credential: Credential
    refresh_token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What is known of a connection between two refreshes.

    Attributes:
        token: what stands in Vault; None when there is none.
        version: the KV version of the published record; 0 when there is none.
        recalled: whether the budget that other processes, or earlier ones, have spent has been read from Vault.
        term: the last of our reigns in which it was read what stands in Vault; see `ports.Leadership`.
        looked_at: when a standby last read it.
        grant_key: what Zoho counts issues by, as a fingerprint; None until the credential was read.
        server: the accounts server of the credential that was read last.
        stamp: which versions of the credential's records were read last.
        retry_at: when to try again, after a failure; None when the token's age decides.
        retry_reason: why then.
        rejection: what Zoho refused, and how often it has said so.
        parked: only a person or a changed record can help.
        unsaved: a token that Zoho issued and Vault has not taken yet; it is written again, and not issued again.
        rotation: a refresh token that Vault has not taken yet.
        write_at: when these are written; None when nothing is held.
    """

    name: ConnectionName
    token: Token | None = None
    version: int = 0
    recalled: bool = False
    term: int = FIRST_TERM
    looked_at: datetime | None = None
    grant_key: str | None = None
    client_id: str | None = None
    server: str | None = None
    stamp: str | None = None
    refresh_at: float | None = None
    failures: int = 0
    throttles: int = 0
    failure: Failure | None = None
    rejection: Rejection | None = None
    parked: bool = False
    retry_at: datetime | None = None
    retry_reason: Reason = Reason.RETRY
    unsaved: TokenRecord | None = None
    rotation: Rotation | None = None
    write_at: datetime | None = None
    failed_writes: int = 0
    last_success_at: datetime | None = None
    last_attempt_at: datetime | None = None

    @property
    def is_settled(self) -> bool:
        """Whether its token stands in Vault, and nothing but that one's age decides what comes next."""
        return self.token is not None and self.retry_at is None and self.write_at is None

    @property
    def in_trouble(self) -> bool:
        """Whether its last refresh brought no token, or it waits for a person."""
        return self.parked or self.failures > 0

    @property
    def is_unsaved(self) -> bool:
        """Whether something is held that Vault has refused, or was not there to take."""
        return self.failed_writes > 0


_PARKED: Final = {GrantRejected.outcome: State.NEEDS_CONSENT, GrantRevoked.outcome: State.REVOKED}


def state(connection: Connection, now: datetime, *, in_flight: bool) -> State:
    """The connection's state, the one that a person must know first."""
    match connection:
        case Connection(parked=True, failure=failure):
            return _PARKED.get(failure.outcome, State.MISCONFIGURED) if failure else State.MISCONFIGURED
        case _ if connection.is_unsaved:
            return State.UNSAVED
        case Connection(token=None, rejection=Rejection()):
            return State.FAILING
        case Connection(token=None):
            return State.PENDING
        case Connection(token=Token(expires_at=expires_at)) if expires_at <= now:
            return State.EXPIRED
        case _ if in_flight:
            return State.REFRESHING
        case Connection(failure=Failure(outcome=Throttled.outcome)):
            return State.THROTTLED
        case Connection(failure=Failure()):
            return State.FAILING
        case _:
            return State.FRESH
