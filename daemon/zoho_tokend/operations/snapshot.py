"""Read from Vault what a person wants to know of a connection, and leave out what is secret."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core import budget
from zoho_tokend.core.errors import GrantRevoked, NoCredential, NotAllowed, RecordUnreadable, RefreshError
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import ConnectionName, Credential, Published, RefreshTokenGrant, TokenRecord
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.policy import LONGEST_NORMAL_REFRESH, Policy
from zoho_tokend.core.ports import Clock
from zoho_tokend.vault import codec
from zoho_tokend.vault.kv import Version
from zoho_tokend.vault.record_fields import RecordFields
from zoho_tokend.vault.registry import Registry
from zoho_tokend.vault.store import VaultStore

_NOTHING_PUBLISHED: Final = Published(version=0, record=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One connection among many.

    Attributes:
        client: the name of its client; None where the credential brings its own, or cannot be read.
        expires_at: of the token in Vault; None where there is none.
        version: the KV version of the token record; 0 when there never was one.
        problem: what is wrong, as a sentence; None where nothing is.
    """

    name: ConnectionName
    state: State
    data_center: str | None
    client: str | None
    expires_at: datetime | None
    version: int
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """Everything about one connection that may be shown.

    Attributes:
        document: the credential's record; only the names of its fields may be shown.
        credential: None where it cannot be used.
        authorized_at: None where the credential does not say.
        versions: of the credential.
        issues: the versions of the token record.
        floor: the least life that a reader may ever find in this token; None without a token.
        budget: how many issues its refresh token has left in the present ten minutes, by these.
    """

    summary: Summary
    document: RecordFields
    credential: Credential | None
    authorized_at: datetime | None
    record: TokenRecord | None
    versions: tuple[Version, ...]
    issues: tuple[Version, ...]
    floor: timedelta | None
    budget: int

    @property
    def fingerprint(self) -> str | None:
        """Of the refresh token; None where there is none."""
        match self.credential:
            case Credential(grant=RefreshTokenGrant(refresh_token=refresh_token)):
                return refresh_token.fingerprint()
            case _:
                return None


class Inventory:
    """Reads connections, and changes nothing."""

    def __init__(
        self, registry: Registry, store: VaultStore, *, location: Callable[[Origin], str], policy: Policy, clock: Clock
    ) -> None:
        self._registry = registry
        self._store = store
        self._location = location
        self._policy = policy
        self._clock = clock

    async def summary(self, connection: ConnectionName) -> Summary | None:
        """Read one connection for the list; return None where its credential is deleted.

        Raises:
            VaultUnavailable.
        """
        try:
            document = (await self._registry.credential(connection)).content
            if document is None:
                return None
            credential = await self._usable(connection, document)
            published = await self._store.published(connection)
        except (NotAllowed, RecordUnreadable) as error:
            return self._summary(connection, None, error, _NOTHING_PUBLISHED)
        return self._summary(connection, document, credential, published)

    def crashed(self, connection: ConnectionName, error: Exception) -> Summary:
        """Return the summary of a connection whose records raised an unforeseen error."""
        problem = RecordUnreadable(f"its records led to a {type(error).__name__}: look at them, and report the defect")
        return self._summary(connection, None, problem, _NOTHING_PUBLISHED)

    async def detail(self, connection: ConnectionName) -> Detail:
        """Read everything about one connection.

        Raises:
            NoCredential: there is none.
            NotAllowed, VaultUnavailable.
        """
        document = (await self._registry.credential(connection)).content
        if document is None:
            raise NoCredential(f"there is no connection {connection} in Vault: `zoho-tokend connections` lists them")
        credential = await self._usable(connection, document)
        published = await self._store.published(connection)
        issues = await self._registry.token_versions(connection)
        return Detail(
            summary=self._summary(connection, document, credential, published),
            document=document,
            credential=credential if isinstance(credential, Credential) else None,
            authorized_at=codec.authorized_at(document),
            record=published.record,
            versions=await self._registry.credential_versions(connection),
            issues=issues,
            floor=self._floor(published.record, credential) if published.record else None,
            budget=self._budget(issues),
        )

    async def _usable(self, connection: ConnectionName, document: RecordFields) -> Credential | RefreshError:
        """Return the credential, or why it cannot be used."""
        try:
            return await self._store.credential_of(connection, document)
        except RecordUnreadable as error:
            return error

    def _summary(
        self,
        connection: ConnectionName,
        document: RecordFields | None,
        credential: Credential | RefreshError,
        published: Published,
    ) -> Summary:
        usable, record = isinstance(credential, Credential), published.record
        problem = None if isinstance(credential, Credential) else credential
        state, sentence = verdict(problem, record, now=self._clock.now(), policy=self._policy)
        home = self._location(credential.accounts_server) if isinstance(credential, Credential) else None
        return Summary(
            name=connection,
            state=state,
            data_center=record.data_center if record else home,
            client=codec.client_name(document) if usable and document else None,
            expires_at=record.expires_at if record else None,
            version=published.version,
            problem=sentence,
        )

    def _floor(self, record: TokenRecord, credential: Credential | RefreshError) -> timedelta:
        refresh_at = credential.refresh_at if isinstance(credential, Credential) else None
        return self._policy.floor_of(record.expires_at - record.issued_at, refresh_at)

    def _budget(self, issues: tuple[Version, ...]) -> int:
        spent = tuple(version.written_at for version in issues)
        return budget.remaining(spent, self._clock.now(), limit=self._policy.issues_per_ten_minutes)


def verdict(
    problem: RefreshError | None, record: TokenRecord | None, *, now: datetime, policy: Policy
) -> tuple[State, str | None]:
    """Judge the state; return it, and what is wrong as a sentence, None where nothing is.

    Args:
        problem: why the credential cannot be used; None where it can.
        record: the token record; None where there is none.
    """
    if problem is not None:
        return State.REVOKED if isinstance(problem, GrantRevoked) else State.MISCONFIGURED, str(problem)
    if record is None:
        return State.PENDING, "there is no token yet: does the daemon run?"
    if record.expires_at <= now:
        return State.EXPIRED, "its token has expired: does the daemon run?"
    if record.refresh_after + LONGEST_NORMAL_REFRESH + policy.sweep_interval < now:
        since = f"{record.refresh_after:%H:%M:%S} UTC"
        return State.FAILING, f"its token should have been replaced since {since}: does the daemon run?"
    return State.FRESH, None
