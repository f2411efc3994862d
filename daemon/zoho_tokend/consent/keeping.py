"""A refresh token that is in hand gets into Vault, through an outage, or else into a rescue file; never nowhere."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from zoho_tokend.consent.person import Person
from zoho_tokend.consent.rescue import Rescued, rescue
from zoho_tokend.core import backoff
from zoho_tokend.core.errors import Conflict, NotAllowed, TokendError, VaultUnavailable
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.ports import Clock

PATIENCE: Final = timedelta(minutes=5)


class Standing(Protocol):
    """What stands under a credential's path."""

    @property
    def version(self) -> int:
        """To be named in the next write; 0 when there never was one."""
        ...

    @property
    def fields(self) -> Mapping[str, object] | None:
        """None when there is none, or it is deleted."""
        ...


class Credentials(Protocol):
    """The credentials in Vault, as a person writes them."""

    async def credential(self, connection: ConnectionName) -> Standing:
        """What stands under the credential's path."""
        ...

    async def record_credential(
        self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int
    ) -> int:
        """The credential stands in Vault, whole; answers its version."""
        ...


class NotKept(TokendError):
    """Vault did not take the credential; it lies in a rescue file, and the text says how to finish."""


class Keeper:
    """Writes a new credential, and does not give up while the person waits.

    Args:
        folder: where a rescue file is put.
        patience: for how long Vault is asked again before that.
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

    async def keep(self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int) -> int:
        """The credential stands in Vault; answers its version.

        Raises:
            NotKept: it lies in a rescue file.
        """
        end = self._clock.monotonic() + self._patience.total_seconds()
        failures = 0
        while True:
            try:
                return await self._write(connection, fields, after_version=after_version)
            except VaultUnavailable as error:
                failures += 1
                wait = backoff.after_failed_write(connection, failures)
                if self._clock.monotonic() + wait.total_seconds() > end:
                    raise await self._rescue(connection, fields, after_version, error) from None
                await self._person.wait(wait, f"{error}. The credential is held; next try")
            except (NotAllowed, Conflict) as error:
                raise await self._rescue(connection, fields, after_version, error) from None

    async def _write(self, connection: ConnectionName, fields: Mapping[str, object], *, after_version: int) -> int:
        try:
            return await self._credentials.record_credential(connection, fields, after_version=after_version)
        except Conflict:
            standing = await self._credentials.credential(connection)
            if standing.fields == fields:  # ours, whose answer was lost
                return standing.version
            raise

    async def _rescue(
        self, connection: ConnectionName, fields: Mapping[str, object], after_version: int, error: TokendError
    ) -> NotKept:
        self._person.hear(f"Vault did not take the credential: {error}.")
        passphrase = await self._person.choose_passphrase(
            "It is now kept in a file that is encrypted to a passphrase of yours"
        )
        rescued = Rescued(connection=connection, fields=fields, after_version=after_version)
        path = rescue(rescued, passphrase, self._folder)
        return NotKept(
            f"the credential of {connection} is safe in {path}, and not in Vault yet: "
            f"when Vault takes writes again, run `zoho-tokend authorize finish {path}`"
        )
