"""Ports: what the engine needs from outside. Adapters implement these protocols, and tests have fakes of them."""

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
    """The clock, passed in so that tests can replace it."""

    def now(self) -> datetime:
        """Return the present instant, in UTC; it never steps back."""
        ...

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment, for durations."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The names under the credentials' path, deleted ones included.

    Attributes:
        ill_named: those that are not valid connection names.
    """

    names: frozenset[ConnectionName]
    ill_named: frozenset[str]


class CredentialStore(Protocol):
    """The long-lived records: credentials and their clients."""

    async def names(self) -> Listing:
        """List every name that has, or had, a credential.

        Raises:
            VaultUnavailable: Vault gave no usable answer; an empty listing is never a failure.
            NotAllowed: the policy denies the listing.
        """
        ...

    async def credential(self, connection: ConnectionName, *, fresh: bool = False) -> Credential:
        """Read the credential, with its client resolved for its accounts server.

        A named client may come from a cache of one minute, unless ``fresh``.

        Raises:
            NoCredential: there is none, or its latest version is deleted.
            RecordUnreadable: a field is missing or ill-shaped, or the named client is; the text names it.
            NotAllowed: the policy denies the read.
            VaultUnavailable: Vault gave no usable answer.
        """
        ...

    async def rotate(self, credential: Credential, refresh_token: Secret) -> None:
        """Replace the credential's refresh token by this one; all else is kept.

        Raises:
            Conflict: the credential was changed meanwhile; nothing was written.
            NotAllowed: the policy denies the write.
            VaultUnavailable: Vault gave no usable answer; the write may have landed.
        """
        ...


class TokenStore(Protocol):
    """The short-lived records: access tokens."""

    async def recorded(self) -> frozenset[ConnectionName]:
        """List every connection that has a token record, or had one that was not erased with all its versions.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def published(self, connection: ConnectionName) -> Published:
        """Read the connection's token record.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def history(self, connection: ConnectionName) -> tuple[datetime, ...]:
        """Return when each version that Vault still remembers was written, in any order: the record of past issues.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def publish(self, record: TokenRecord, *, after_version: int) -> int:
        """Write the record to Vault, whole; return its version.

        Raises:
            Conflict: the current version is not ``after_version``; nothing was written.
            NotAllowed: the policy denies the write.
            VaultUnavailable: Vault gave no usable answer; the write may have landed.
        """
        ...

    async def unwritable(self, connections: Collection[ConnectionName]) -> frozenset[ConnectionName]:
        """Return those of the connections whose token record the policy does not let us create and update.

        Raises:
            VaultUnavailable.
        """
        ...


class BudgetStore(Protocol):
    """The failed requests of each refresh token, kept for the next process and for others that share it."""

    async def budgets(self) -> frozenset[str]:
        """List the fingerprints of all refresh tokens that have, or had, a budget record.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def budget(self, grant: str) -> BudgetRecord:
        """Read the budget record of the refresh token with this fingerprint; an empty one where there is none.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def remember_budget(self, grant: str, record: BudgetRecord) -> int:
        """Write the record in place of the version that it names; return its new version.

        Raises:
            Conflict: the current version is another one; nothing was written.
            NotAllowed, VaultUnavailable.
        """
        ...


class TokenEndpoint(Protocol):
    """Zoho's token endpoint."""

    def data_center(self, credential: Credential) -> str:
        """Return the name of the credential's data centre (``eu``), for records, logs and metrics."""
        ...

    def api_domain(self, credential: Credential) -> str | None:
        """Return the usual API domain of that data centre, for answers that omit it; None when unknown."""
        ...

    async def issue(self, credential: Credential) -> Issued:
        """Request a new access token; this costs budget, whatever the answer.

        Raises:
            ServerNotAllowed: the accounts server is outside the allow-list; nothing was sent.
            Throttled, ZohoUnavailable, GrantRejected, ClientRejected.
        """
        ...


class ReportStore(Protocol):
    """Readers' reports of tokens that died early: at most one per connection."""

    async def reported(self) -> frozenset[ConnectionName]:
        """List every name that has a report.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def report(self, connection: ConnectionName) -> str | None:
        """Return the fingerprint of the token that is reported dead; None where the record is not a report.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def dismiss(self, connection: ConnectionName) -> None:
        """Delete the connection's report.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...


class TargetStore(Protocol):
    """Second records of tokens, for tools that cannot read ours."""

    async def target_record(self, target: Target, connection: ConnectionName) -> TargetRecord:
        """Read the connection's record at the target.

        Raises:
            TargetTaken: the record there is somebody else's, by its fields or by its mark.
            NotAllowed, VaultUnavailable.
        """
        ...

    async def write_target(self, target: Target, record: TokenRecord, *, after_version: int) -> int:
        """Write this token to the target's record; return its version.

        Raises:
            Conflict: the current version is not ``after_version``; nothing was written.
            NotAllowed, VaultUnavailable.
        """
        ...

    async def was_published(self, connection: ConnectionName, fingerprint: str) -> bool:
        """Return whether the token record holds such a token, in its current version or in one that Vault remembers.

        Raises:
            NotAllowed, VaultUnavailable.
        """
        ...

    async def mark(self, target: Target, connection: ConnectionName) -> None:
        """Mark the connection's record there as ours, for good; its other metadata are kept.

        Raises:
            TargetTaken: the record there is somebody else's.
            NotAllowed, VaultUnavailable.
        """
        ...


class Prover(Protocol):
    """Zoho's API, used to tell a live token from a dead one."""

    async def prove(self, access_token: Secret, *, api_domain: str) -> Proof:
        """Return whether the API accepts the token; trouble on the way is `Unproven`, and not raised.

        Raises:
            ServerNotAllowed: the API domain is outside the allow-list; nothing was sent.
        """


class LeaseStore(Protocol):
    """The one lease that several processes hold in turn."""

    async def read(self) -> Lease | None:
        """Read the lease; None when there is none.

        Raises:
            LeaseUnavailable, LeaseRefused.
        """
        ...

    async def write(self, record: LeaseRecord, *, after_version: str | None) -> Lease:
        """Write this record to the lease; return the lease with its new version.

        Raises:
            Conflict: the lease has another version (with None: it exists); nothing was written.
            LeaseUnavailable: there was no usable answer; the write may have landed.
            LeaseRefused: nothing was written.
        """
        ...

    async def close(self) -> None:
        """Close the connections to the cluster."""
        ...


class Leadership(Protocol):
    """Whether this process is the leader."""

    @property
    def term(self) -> int | None:
        """The number of the present term, read anew before each piece of work; None while this process stands by.

        No two terms have the same number; the term of a single process is 0.
        """
        ...

    @property
    def holder(self) -> str | None:
        """The last known leader, where there is an election; None while there is none."""
        ...

    @property
    def problem(self) -> str:
        """Why this process can neither lead nor stand by; empty where it can."""
        ...

    async def run(self) -> None:
        """Take part in the election, from `campaign` to `resign`."""
        ...

    def campaign(self) -> None:
        """Begin to take part: this process is ready to work."""
        ...

    async def resign(self) -> None:
        """Stop leading, and release the lease so that another may begin at once, if the cluster answers in a moment."""
        ...


class VaultSession(Protocol):
    """The session with Vault: a token of its own that is kept alive."""

    @property
    def alive(self) -> bool:
        """Whether there is a token that Vault is believed to accept."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """When the token expires unless it is renewed; None when it never does, or there is none."""
        ...

    async def open(self) -> None:
        """Open the session: log in, so that there is a token.

        Raises:
            VaultLoginRefused: Vault refuses the login; only a person can help.
            VaultUnavailable: Vault gave no usable answer.
        """
        ...

    async def upkeep(self) -> None:
        """Renew the token, or log in again, where it is time; it is called often and seldom has to do anything."""
        ...

    async def close(self) -> None:
        """Revoke the token if it came from a login, as far as Vault answers in a moment."""
        ...
