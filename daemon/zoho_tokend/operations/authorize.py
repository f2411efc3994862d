"""From a grant to a live connection: reserve its place, write the credential, prove it by a token at Zoho's API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from zoho_tokend.core.consent import Dead, Proof
from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.events import RefreshDeferred, Refreshed, RefreshFailed
from zoho_tokend.core.model import ConnectionName, Published, Secret
from zoho_tokend.engine.one_shot import OneShotRefresh
from zoho_tokend.operations.credential_writer import Credentials, CredentialWriter
from zoho_tokend.operations.person import Person


class AlreadyConnected(TokendError):
    """A credential of this name exists, and replacing it was not asked for."""


class NotProved(TokendError):
    """The credential is in Vault, and its first refresh failed."""


class WritableCredentials(Credentials, Protocol):
    """The credentials in Vault, and the proof that they may be written."""

    async def prove_writable(self, connection: ConnectionName) -> None:
        """Prove that the credential may be written, and change nothing."""
        ...


class Tokens(Protocol):
    """The token records in Vault."""

    async def published(self, connection: ConnectionName) -> Published:
        """Return the token record that is there now."""
        ...


class Prover(Protocol):
    """Zoho's API, as far as it proves a token."""

    async def prove(self, access_token: Secret, *, api_domain: str) -> Proof:
        """Ask whether the API accepts the token."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSlot:
    """The place in Vault of a new credential, checked before a grant is spent on it.

    Attributes:
        place: where in Vault.
        after_version: what the new credential is to follow.
        replaced: the fields of the one that it replaces; None when there is none.
    """

    connection: ConnectionName
    place: str
    after_version: int
    replaced: Mapping[str, object] | None = field(default=None, repr=False)


class Authorization:
    """Turns grants into connections."""

    def __init__(
        self,
        *,
        credentials: WritableCredentials,
        tokens: Tokens,
        prover: Prover,
        one_shot: OneShotRefresh,
        writer: CredentialWriter,
        person: Person,
    ) -> None:
        self._credentials = credentials
        self._tokens = tokens
        self._prover = prover
        self._one_shot = one_shot
        self._writer = writer
        self._person = person

    async def reserve(self, connection: ConnectionName, *, replace: bool) -> WriteSlot:
        """Reserve the place of a credential: prove, before a one-use code is spent, that it is free and writable.

        Raises:
            AlreadyConnected: there is a credential, and it is not to be replaced.
            NowhereToRescue: no rescue file could be written if Vault refused the credential in the end.
            VaultForbidden: the policy does not allow the write.
            VaultUnavailable: Vault gave no usable answer.
        """
        stored = await self._credentials.credential(connection)
        if stored.fields is not None and not replace:
            raise AlreadyConnected(
                f"{connection} has a credential already: pass --replace to put a new one in its place (the old "
                "version stays in Vault's history), or choose another name"
            )
        await self._credentials.prove_writable(connection)
        self._writer.prove_rescuable()
        if stored.fields is not None:
            self._person.say(
                "Each consent adds a refresh token, and Zoho keeps 20 for a user and client: "
                "the 21st silently kills the oldest, wherever that one is used. --revoke-old ends the replaced one."
            )
        return WriteSlot(
            connection=connection,
            place=str(stored.path),
            after_version=stored.version,
            replaced=stored.fields,
        )

    async def connect(self, slot: WriteSlot, fields: Mapping[str, object]) -> bool:
        """Write the credential to Vault and prove it; return False where the proof has to wait.

        Raises:
            NotWritten: Vault did not take it; it is in a rescue file.
            NotProved: it is in Vault, and does not work (yet); the text says why.
        """
        version = await self._writer.write(slot.connection, fields, after_version=slot.after_version)
        self._person.say(f"The credential of {slot.connection} is in Vault, at {slot.place}, as version {version}.")
        return await self.prove(slot.connection)

    async def prove(self, connection: ConnectionName) -> bool:
        """Publish a first token and show it to Zoho's API; return False where the refresh has to wait.

        Raises:
            NotProved: the credential does not work; the text says why.
        """
        match await self._one_shot.refresh(connection):
            case Refreshed(expires_at=expires_at):
                await self._prove_token(connection, expires_at)
                return True
            case RefreshFailed(error=error):
                raise NotProved(f"the credential of {connection} is in Vault, but its first refresh failed: {error}")
            case RefreshDeferred(until=until, reason=reason):
                self._person.say(f"The first refresh waits until {until:%H:%M:%S} UTC ({reason}).")
                return False

    async def _prove_token(self, connection: ConnectionName, expires_at: datetime) -> None:
        self._person.say(f"Its first token is in Vault too, good until {expires_at:%H:%M:%S} UTC.")
        record = (await self._tokens.published(connection)).record
        if record is None:
            raise NotProved(f"the token record of {connection} was changed by somebody else meanwhile")
        proof = await self._prover.prove(record.access_token, api_domain=record.api_domain)
        if isinstance(proof, Dead):
            raise NotProved(
                f"the credential of {connection} is in Vault, and its first token was issued, but {proof.sentence}"
            )
        self._person.say(f"Zoho's API says: {proof.sentence}.")
