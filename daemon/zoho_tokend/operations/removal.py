"""Remove a connection: delete its credential in a way that can be undone, and touch nothing else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from zoho_tokend.core.errors import NoCredential
from zoho_tokend.core.model import ConnectionName, Published
from zoho_tokend.operations.credential_writer import StoredCredential


class Records(Protocol):
    """The credentials in Vault."""

    async def credential(self, connection: ConnectionName) -> StoredCredential:
        """Read the record at the credential's path."""
        ...

    async def remove(self, connection: ConnectionName) -> None:
        """Delete the credential's latest version; it can be restored."""
        ...


class Tokens(Protocol):
    """The token records in Vault."""

    async def published(self, connection: ConnectionName) -> Published:
        """Return the token record that is there now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A connection that was removed.

    Attributes:
        where: the credential's path, as a person types it.
        version: of the deleted credential, for its restoration.
        granted: whether it held a refresh token, which stays valid at Zoho.
        token_lives_until: the end of the published token; None when there is none.
    """

    where: str
    version: int
    granted: bool
    token_lives_until: datetime | None


async def remove(connection: ConnectionName, *, records: Records, tokens: Tokens) -> Removed:
    """Delete the credential, softly.

    Raises:
        NoCredential: there is none.
        NotAllowed, VaultUnavailable.
    """
    fields = (await records.credential(connection)).fields
    if fields is None:
        raise NoCredential(f"there is no connection {connection} in Vault: `zoho-tokend connections` lists them")
    record = (await tokens.published(connection)).record
    await records.remove(connection)
    # Read after the deletion, for somebody may have written a version just before it.
    deleted = await records.credential(connection)
    return Removed(
        where=str(deleted.path),
        version=deleted.version,
        granted="refresh_token" in fields,
        token_lives_until=record.expires_at if record else None,
    )
