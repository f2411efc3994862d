"""Write a new credential to Vault, through an outage; or else to a rescue file, so that it is never lost."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from zoho_tokend.core import backoff
from zoho_tokend.core.errors import Conflict, NotAllowed, TokendError, VaultUnavailable
from zoho_tokend.core.model import ConnectionName, Secret
from zoho_tokend.core.ports import Clock
from zoho_tokend.operations.person import Interrupted, NobodyThere, Person
from zoho_tokend.operations.rescue_file import Rescued, RescueNotWritten, prove_room, rescue

PATIENCE: Final = timedelta(minutes=5)
_LEAST_PATIENCE: Final = timedelta(minutes=1)


class StoredCredential(Protocol):
    """The record at a credential's path."""

    @property
    def path(self) -> object:
        """The path, as people write it."""
        ...

    @property
    def version(self) -> int:
        """The KV version that the next write has to name; 0 where there never was a record."""
        ...

    @property
    def fields(self) -> Mapping[str, object] | None:
        """The fields; None where there is no record, or it is deleted."""
        ...


class Credentials(Protocol):
    """The credentials in Vault, as a person writes them."""

    async def credential(self, connection: ConnectionName) -> StoredCredential:
        """Read the record at the credential's path."""
        ...

    async def record_credential(
        self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int
    ) -> int:
        """Write the whole credential; return its version."""
        ...


class NotWritten(TokendError):
    """Vault did not take the credential; it is in a rescue file, and the text says how to finish."""


class NowhereToRescue(TokendError):
    """A credential that Vault does not take could not be written to a file either."""


class CredentialWriter:
    """Writes a new credential, and does not give up while the person waits.

    Args:
        folder: where a rescue file is written; where that fails, the person is asked for another.
        patience: how long Vault is retried before that.
    """

    def __init__(
        self,
        credentials: Credentials,
        person: Person,
        *,
        clock: Clock,
        folder: Path,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._credentials = credentials
        self._person = person
        self._clock = clock
        self._folder = folder
        self._patience = patience

    def prove_rescuable(self) -> None:
        """Prove that a rescue file can be written, before a one-use code is spent.

        Raises:
            NowhereToRescue.
        """
        try:
            prove_room(self._folder)
        except RescueNotWritten as error:
            raise NowhereToRescue(
                f"nothing is spent yet, but if Vault did not take the credential it would be lost: {error}: "
                "name a folder that can be written with --rescue-folder"
            ) from None

    async def write(self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int) -> int:
        """Write the credential to Vault; returns its version.

        Raises:
            NotWritten: it is in a rescue file.
            NobodyThere, Interrupted: it does not, for nobody chose a passphrase or a folder. That is so only where
                another credential was stored meanwhile: where Vault may take it yet, it is held instead, and offered
                for as long as the command runs.
        """
        held = Rescued(connection=connection, fields=fields, after_version=after_version)
        patience = self._patience
        waits_for: tuple[type[TokendError], ...] = (VaultUnavailable,)
        while True:
            try:
                return await self._taken(held, within=patience, waits_for=waits_for)
            except (VaultUnavailable, NotAllowed, Interrupted) as error:
                try:
                    raise await self._rescued(held, str(error)) from None
                except (NobodyThere, Interrupted):
                    self._person.say("No file was written. The credential is held in memory, and Vault is retried.")
                    patience = max(patience, backoff.CAP_OF_WRITES)
                    waits_for = (VaultUnavailable, NotAllowed)
            except Conflict as error:
                raise await self._rescued(held, str(error)) from None

    async def _taken(self, held: Rescued, *, within: timedelta, waits_for: tuple[type[TokendError], ...]) -> int:
        end = self._clock.monotonic() + within.total_seconds()
        failures, said = 0, ""
        while True:
            try:
                return await record(self._credentials, held, after_version=held.after_version)
            except waits_for as error:
                failures += 1
                wait = backoff.after_failed_write(held.connection, failures)
                if self._clock.monotonic() + wait.total_seconds() > end:
                    raise
                if str(error) != said:
                    self._person.say(said := str(error))
                await self._person.wait(wait, "The credential is held; next try")

    async def _rescued(self, held: Rescued, why: str) -> NotWritten:
        self._person.say(f"Vault did not take the credential: {why}.")
        passphrase = await self._person.choose_passphrase(
            "It is now kept in a file that is encrypted to a passphrase of yours"
        )
        path = await self._rescue(held, passphrase)
        return NotWritten(
            f"the credential of {held.connection} is safe in {path}, and not in Vault yet: "
            f"when Vault takes writes again, run `zoho-tokend authorize finish {path}`"
        )

    async def _rescue(self, held: Rescued, passphrase: Secret) -> Path:
        """Write the file, in another folder where this one fails; the credential is held meanwhile."""
        folder = self._folder
        while True:
            try:
                return rescue(held, passphrase, folder)
            except RescueNotWritten as error:
                self._person.say(f"The credential is held, for {error}.")
                folder = await self._person.choose_folder("It needs a folder that can be written")


async def record(credentials: Credentials, held: Rescued, *, after_version: int) -> int:
    """Write the credential; return its version. An earlier write of ours whose answer was lost is recognised.

    Raises:
        Conflict: another credential was written meanwhile; nothing was changed.
        NotAllowed, VaultUnavailable.
    """
    try:
        return await credentials.record_credential(held.connection, held.fields, after_version=after_version)
    except Conflict:
        stored = await credentials.credential(held.connection)
        if stored.fields == held.fields:
            return stored.version
        raise
