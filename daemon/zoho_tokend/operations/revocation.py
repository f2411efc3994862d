"""The end of a grant: revoked at Zoho first, and then said so in Vault, where the daemon and every job see it.

The other way round, a Zoho that is away would leave a grant that lives on and that nobody could revoke any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from zoho_tokend.core.consent import Revocation
from zoho_tokend.core.errors import (
    ClientRejected,
    Conflict,
    NoCredential,
    NotAllowed,
    ServerNotAllowed,
    Throttled,
    TokendError,
    VaultUnavailable,
    ZohoUnavailable,
)
from zoho_tokend.core.model import Client, ConnectionName, Credential, RefreshTokenGrant, Secret
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.ports import Clock, CredentialStore
from zoho_tokend.operations.credential_writer import Credentials, StoredCredential

_TRIES: Final = 3


class NothingToRevoke(TokendError):
    """The connection has no refresh token."""


class NotRevoked(TokendError):
    """The grant may live on, and Vault is as it was."""


class NotMarked(TokendError):
    """The grant is dead, and Vault does not say so (yet)."""


class Records(Credentials, Protocol):
    """What is marked in Vault."""

    async def prove_writable(self, connection: ConnectionName) -> None:
        """The credential may be written; nothing was changed."""
        ...

    async def withdraw_token(self, connection: ConnectionName) -> None:
        """The token record is gone, so that no write of it that is under way succeeds."""
        ...


class Targets(Protocol):
    """Second records of tokens in Vault."""

    async def withdraw(self, connection: ConnectionName) -> None:
        """None tells a token of the connection any more."""
        ...


class Revoker(Protocol):
    """Zoho, as far as it ends grants."""

    async def revoke(self, refresh_token: Secret, client: Client, *, accounts_server: Origin) -> Revocation:
        """The refresh token is dead, and every access token that it brought."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A grant that is dead.

    Attributes:
        version: of the credential that says so; None where another grant stands in its place by now.
    """

    how: Revocation
    version: int | None


class Revoking:
    """Ends grants."""

    def __init__(
        self, *, records: Records, targets: Targets, credentials: CredentialStore, zoho: Revoker, clock: Clock
    ) -> None:
        self._records = records
        self._targets = targets
        self._credentials = credentials
        self._zoho = zoho
        self._clock = clock

    async def revoke(self, connection: ConnectionName) -> Ended:
        """The grant is dead, the credential says so in place of its refresh token, and its dead token is withdrawn.

        Done again, it finishes what was left undone.

        Raises:
            NoCredential, NothingToRevoke, RecordUnreadable, NotAllowed, VaultUnavailable: nothing was begun.
            NotRevoked: Zoho did not do it, or was not reached; nothing was changed in Vault.
            NotMarked: Zoho did it, and Vault did not take the mark.
        """
        stored = await self._records.credential(connection)
        if stored.fields is None:
            raise NoCredential(f"there is no connection {connection} in Vault")
        if is_marked(stored.fields):
            await self._withdraw(connection)
            return Ended(how=Revocation.ALREADY_DEAD, version=stored.version)
        credential, refresh_token = await self._grant(connection, stored)
        await self._records.prove_writable(connection)
        how = await self._end(credential, refresh_token)
        version = await self._mark(connection, stored, refresh_token)
        if version is not None:
            await self._withdraw(connection)
        return Ended(how=how, version=version)

    async def _grant(self, connection: ConnectionName, stored: StoredCredential) -> tuple[Credential, Secret]:
        credential = await self._credentials.credential(connection, fresh=True)
        if credential.version != stored.version:
            raise NotRevoked(f"the credential of {connection} is just being changed by somebody else: try again")
        if not isinstance(credential.grant, RefreshTokenGrant):
            raise NothingToRevoke(
                f"{connection} has nothing to revoke: its client asks for itself, without a refresh token; "
                f"`zoho-tokend connections remove {connection}` stops that, and its last token dies within the hour"
            )
        return credential, credential.grant.refresh_token

    async def _end(self, credential: Credential, refresh_token: Secret) -> Revocation:
        try:
            return await self._zoho.revoke(refresh_token, credential.client, accounts_server=credential.accounts_server)
        except (ZohoUnavailable, Throttled, ClientRejected, ServerNotAllowed) as error:
            raise NotRevoked(
                f"nothing was changed in Vault, for {credential.connection} is not revoked: {error}"
            ) from None

    async def _mark(self, connection: ConnectionName, stored: StoredCredential, refresh_token: Secret) -> int | None:
        """The version that says so; None where somebody has put another grant in its place meanwhile."""
        now = self._clock.now()
        try:
            for _ in range(_TRIES):
                if not _holds(stored, refresh_token):
                    return stored.version if is_marked(stored.fields or {}) else None
                try:
                    fields = marked(stored.fields or {}, now)
                    return await self._records.record_credential(connection, fields, after_version=stored.version)
                except Conflict:
                    stored = await self._records.credential(connection)
        except (VaultUnavailable, NotAllowed) as error:
            raise NotMarked(
                f"the grant of {connection} is revoked at Zoho, but Vault did not take the mark ({error}): "
                "run the command again, which is harmless"
            ) from None
        raise NotMarked(f"the grant of {connection} is revoked at Zoho, but its credential changes all the time")

    async def _withdraw(self, connection: ConnectionName) -> None:
        try:
            await self._records.withdraw_token(connection)
            await self._targets.withdraw(connection)
        except (VaultUnavailable, NotAllowed) as error:
            raise NotMarked(
                f"the grant of {connection} is revoked and its credential says so, but its dead token still stands in "
                f"Vault ({error}): run the command again, which is harmless"
            ) from None


def marked(fields: Mapping[str, object], now: datetime) -> dict[str, object]:
    """The fields of a credential whose grant was revoked then: all as they are, but for the refresh token."""
    kept = {name: value for name, value in fields.items() if name != "refresh_token"}
    return {**kept, "revoked_at": now.strftime("%Y-%m-%dT%H:%M:%SZ")}


def is_marked(fields: Mapping[str, object]) -> bool:
    """Whether they say that the grant was revoked, and nobody has given a new one since."""
    return "revoked_at" in fields and "refresh_token" not in fields


def _holds(stored: StoredCredential, refresh_token: Secret) -> bool:
    return stored.fields is not None and stored.fields.get("refresh_token") == refresh_token.reveal()
