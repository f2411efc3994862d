"""What the use cases need from outside, as few verbs as will do. Adapters carry these out; tests have fakes of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from zoho_tokend.core.budget import BudgetRecord
from zoho_tokend.core.consent import Proof
from zoho_tokend.core.lease import Lease, LeaseRecord
from zoho_tokend.core.model import ConnectionName, Credential, Issued, Published, Secret, TokenRecord
from zoho_tokend.core.targets import Target, TargetRecord


class Clock(Protocol):
    """Time, asked for and never taken."""

    def now(self) -> datetime:
        """The present instant, in UTC; it never steps back."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment, for durations."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The names under the credentials' path, deleted ones included.

    Attributes:
        ill_named: those that cannot be a connection's name.
    """

    names: frozenset[ConnectionName]
    ill_named: frozenset[str]


class CredentialStore(Protocol):
    """The long-lived records."""

    async def names(self) -> Listing:
        """Every name that has, or had, a credential.

        Raises:
            VaultUnavailable: Vault gave no usable answer; an empty listing is a true one.
            NotAllowed: the policy does not let us list.
        """
        ...

    async def credential(self, connection: ConnectionName, *, fresh: bool = False) -> Credential:
        """The credential with its client resolved for its accounts server, read now.

        A named client may be as old as a minute, unless ``fresh``.

        Raises:
            NoCredential: there is none, or its latest version is deleted.
            RecordUnreadable: a field is missing or ill-shaped, or the named client is; the text names it.
            NotAllowed: the policy denies the read.
            VaultUnavailable: Vault gave no usable answer.
        """
        ...

    async def rotate(self, credential: Credential, refresh_token: Secret) -> None:
        """The credential holds this refresh token in place of the one it was read with; all else is kept.

        Raises:
            Conflict: the credential was changed meanwhile; nothing was written.
            NotAllowed: the policy denies the write.
            VaultUnavailable: Vault gave no usable answer; the write may have landed.
        """
        ...


class TokenStore(Protocol):
    """The short-lived records."""

    async def recorded(self) -> frozenset[ConnectionName]:
        """Every connection that has a token record, or had one that was not erased with all its versions.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def published(self, connection: ConnectionName) -> Published:
        """What stands there now.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def history(self, connection: ConnectionName) -> tuple[datetime, ...]:
        """When each version that Vault still remembers was written, in any order: our memory of issues.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def publish(self, record: TokenRecord, *, after_version: int) -> int:
        """The record stands in Vault, whole; answers its version.

        Raises:
            Conflict: the current version is not ``after_version``; nothing was written.
            NotAllowed: the policy denies the write.
            VaultUnavailable: Vault gave no usable answer; the write may have landed.
        """
        ...

    async def unwritable(self, connections: Collection[ConnectionName]) -> frozenset[ConnectionName]:
        """Those of the connections whose token record the policy does not let us create and update.

        Raises:
            VaultUnavailable.
        """
        ...


class BudgetStore(Protocol):
    """What each refresh token has spent in vain, for the next process and for others that share it."""

    async def budgets(self) -> frozenset[str]:
        """The fingerprints of all refresh tokens of which something is, or was, remembered.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def budget(self, grant: str) -> BudgetRecord:
        """What is remembered of the refresh token with this fingerprint; an empty record where nothing is.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def remember_budget(self, grant: str, record: BudgetRecord) -> int:
        """Write the record in place of the version that it names; returns its new version.

        Raises:
            Conflict: the current version is another one; nothing was written.
            NotAllowed, VaultUnavailable.
        """
        ...


class TokenEndpoint(Protocol):
    """Zoho's token endpoint."""

    def data_center(self, credential: Credential) -> str:
        """The name of the data centre that the credential belongs to (``eu``), for records, logs and metrics."""
        ...

    def api_domain(self, credential: Credential) -> str | None:
        """Where that data centre's tokens are used, for answers that never told; None when it is not known."""
        ...

    async def issue(self, credential: Credential) -> Issued:
        """A new access token; costs budget, whatever the answer.

        Raises:
            ServerNotAllowed: the accounts server is outside the allow-list; nothing was sent.
            Throttled, ZohoUnavailable, GrantRejected, ClientRejected.
        """
        ...


class ReportStore(Protocol):
    """What readers say of tokens that died before their time: at most one report a connection."""

    async def reported(self) -> frozenset[ConnectionName]:
        """Every name under which somebody has left a report.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def report(self, connection: ConnectionName) -> str | None:
        """The fingerprint of the token that is said to be dead; None where what stands there is no report.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def dismiss(self, connection: ConnectionName) -> None:
        """No report stands there any more.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...


class TargetStore(Protocol):
    """Second records of tokens, for tools that cannot read ours."""

    async def target_record(self, target: Target, connection: ConnectionName) -> TargetRecord:
        """What the connection's record there tells now.

        Raises:
            TargetTaken: a record stands there that is somebody else's, by its fields or by its mark.
            NotAllowed, VaultUnavailable.
        """
        ...

    async def write_target(self, target: Target, record: TokenRecord, *, after_version: int) -> int:
        """The record there tells this token; answers its version.

        Raises:
            Conflict: the current version is not ``after_version``; nothing was written.
            NotAllowed, VaultUnavailable.
        """
        ...

    async def was_published(self, connection: ConnectionName, fingerprint: str) -> bool:
        """Whether the connection's token record tells such a token, or told it in a version that is remembered.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def mark(self, target: Target, connection: ConnectionName) -> None:
        """Mark the connection's record there as ours, for good; whatever else its metadata say is kept.

        Raises:
            TargetTaken: a record stands there that is somebody else's.
            NotAllowed, VaultUnavailable.
        """
        ...


class Prover(Protocol):
    """Zoho's API, as far as it tells a living token from a dead one."""

    async def prove(self, access_token: Secret, *, api_domain: str) -> Proof:
        """Whether it takes the token. Trouble on the way proves nothing, and is no error.

        Raises:
            ServerNotAllowed: the API domain is none that may be sent a token; nothing was sent.
        """


class LeaseStore(Protocol):
    """The place of the one lease that several processes hold in turn."""

    async def read(self) -> Lease | None:
        """The lease as it is now; None when there is none.

        Raises:
            LeaseUnavailable, LeaseRefused.
        """
        ...

    async def write(self, record: LeaseRecord, *, after_version: str | None) -> Lease:
        """The lease is this record; answers it with its new version.

        Raises:
            Conflict: the lease is not of that version (None: there is one), and nothing was written.
            LeaseUnavailable: there was no usable answer; the write may have landed.
            LeaseRefused: nothing was written.
        """
        ...

    async def close(self) -> None:
        """Nothing is kept open."""
        ...


class Leadership(Protocol):
    """Whether this process is the one that works."""

    @property
    def term(self) -> int | None:
        """The number of the present reign, asked anew for each thing that is begun; None while it stands by.

        No two reigns have the same number; that of a process which has no other beside it is 0.
        """
        ...

    @property
    def holder(self) -> str | None:
        """Who was last known to lead, where there is an election; None while nobody does."""
        ...

    @property
    def problem(self) -> str:
        """Why this process can neither lead nor stand by; empty where it can."""
        ...

    async def run(self) -> None:
        """Stand in the election from `stand` to `leave`."""
        ...

    def stand(self) -> None:
        """This process could work from now on."""
        ...

    async def leave(self) -> None:
        """It leads no more, and another may begin at once, as far as that can be told it in a moment."""
        ...


class VaultSession(Protocol):
    """Our standing with Vault: a token of its own that is kept alive."""

    @property
    def alive(self) -> bool:
        """Whether there is a token that Vault is believed to accept."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends unless it is renewed; None when it never does, or there is none."""
        ...

    async def open(self) -> None:
        """There is a token.

        Raises:
            VaultLoginRefused: Vault refuses the login; only a person can help.
            VaultUnavailable: Vault gave no usable answer.
        """
        ...

    async def upkeep(self) -> None:
        """The token is renewed, or replaced by a new login, where it is time; called often, it seldom has to do it."""
        ...

    async def close(self) -> None:
        """A token that we logged in for is revoked, as far as Vault answers in a moment."""
        ...
