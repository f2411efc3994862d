"""A refresh token that is in hand gets into Vault, through an outage, or else into a rescue file; never nowhere."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from zoho_tokend.consent.person import Interrupted, NobodyThere, Person
from zoho_tokend.consent.rescue import Rescued, rescue
from zoho_tokend.core import backoff
from zoho_tokend.core.errors import Conflict, NotAllowed, TokendError, VaultUnavailable
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.ports import Clock

PATIENCE: Final = timedelta(minutes=5)
_LEAST_PATIENCE: Final = timedelta(minutes=1)


class Standing(Protocol):
    """What stands under a credential's path."""

    @property
    def place(self) -> object:
        """Where that is; as text, the path that people use."""
        ...

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
            NobodyThere: it does not, for nobody chose a passphrase; where Vault may take it yet, it is held and
                offered instead for as long as the command runs.
        """
        held = Rescued(connection=connection, fields=fields, after_version=after_version)
        patience = self._patience
        while True:
            try:
                return await self._taken(held, within=patience)
            except (VaultUnavailable, Interrupted) as error:
                try:
                    raise await self._rescued(held, str(error)) from None
                except (NobodyThere, Interrupted):
                    self._person.hear("No passphrase was chosen, so the credential is held, and offered further.")
                    patience = max(patience, backoff.CAP_OF_WRITES)
            except (NotAllowed, Conflict) as error:
                raise await self._rescued(held, str(error)) from None

    async def _taken(self, held: Rescued, *, within: timedelta) -> int:
        end = self._clock.monotonic() + within.total_seconds()
        failures, told = 0, ""
        while True:
            try:
                return await record(self._credentials, held, after_version=held.after_version)
            except VaultUnavailable as error:
                failures += 1
                wait = backoff.after_failed_write(held.connection, failures)
                if self._clock.monotonic() + wait.total_seconds() > end:
                    raise
                if str(error) != told:
                    self._person.hear(told := str(error))
                await self._person.wait(wait, "The credential is held; next try")

    async def _rescued(self, held: Rescued, why: str) -> NotKept:
        self._person.hear(f"Vault did not take the credential: {why}.")
        passphrase = await self._person.choose_passphrase(
            "It is now kept in a file that is encrypted to a passphrase of yours"
        )
        path = rescue(held, passphrase, self._folder)
        return NotKept(
            f"the credential of {held.connection} is safe in {path}, and not in Vault yet: "
            f"when Vault takes writes again, run `zoho-tokend authorize finish {path}`"
        )


async def record(credentials: Credentials, held: Rescued, *, after_version: int) -> int:
    """The credential stands in Vault; answers its version. A write of ours whose answer was lost is recognised.

    Raises:
        Conflict: another credential was written meanwhile; nothing was changed.
        NotAllowed, VaultUnavailable.
    """
    try:
        return await credentials.record_credential(held.connection, held.fields, after_version=after_version)
    except Conflict:
        standing = await credentials.credential(held.connection)
        if standing.fields == held.fields:
            return standing.version
        raise
