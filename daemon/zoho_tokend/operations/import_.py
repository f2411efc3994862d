"""Rows into Vault: a new credential is taken, the same is left alone, and another is replaced only on request."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zoho_tokend.core import backoff
from zoho_tokend.core.errors import Conflict, RefreshError, VaultUnavailable
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.operations.credential_writer import Credentials
from zoho_tokend.operations.import_rows import Fault, Row

Check = Callable[[Row], Awaitable[None]]
"""Raises RefreshError where the daemon could not use the row."""

_TRIES: Final = 4


class Verdict(StrEnum):
    """What became of a row."""

    NEW = "new"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A row that was seen to.

    Attributes:
        number: of the line on which it begins.
        connection: None where no name could be read.
        reason: why it was refused; None otherwise.
    """

    number: int
    connection: ConnectionName | None
    verdict: Verdict
    reason: str | None = None


class Taker:
    """Takes rows, each for itself: what becomes of one is no matter of the others, but for a Vault that stays away.

    Args:
        dry_run: nothing is written; the verdicts are those that there would be.
    """

    def __init__(self, credentials: Credentials, check: Check, *, replace: bool = False, dry_run: bool = False) -> None:
        self._credentials = credentials
        self._check = check
        self._replace = replace
        self._dry_run = dry_run
        self._away: VaultUnavailable | None = None

    async def take(self, row: Row | Fault) -> Taken:
        """What became of the row; never an error."""
        if isinstance(row, Fault):
            return _refused(row, row.reason)
        if self._away is not None:
            return _refused(row, f"not tried: {self._away}")
        try:
            return await self._patiently(row)
        except VaultUnavailable as error:
            self._away = error
            return _refused(row, str(error))
        except Conflict:
            return _refused(row, "it was changed by somebody else meanwhile: run the import again")
        except RefreshError as error:
            return _refused(row, str(error))

    async def _patiently(self, row: Row) -> Taken:
        for failures in range(1, _TRIES):
            try:
                return await self._take(row)
            except VaultUnavailable:
                await asyncio.sleep(backoff.after_failed_write(row.connection, failures).total_seconds())
        return await self._take(row)

    async def _take(self, row: Row) -> Taken:
        await self._check(row)
        stored = await self._credentials.credential(row.connection)
        if stored.fields == row.fields:
            return _taken(row, Verdict.UNCHANGED)
        if stored.fields is not None and not self._replace:
            return _refused(row, "there is another credential of this name already: pass --replace to change it")
        if not self._dry_run:
            await self._credentials.record_credential(row.connection, row.fields, after_version=stored.version)
        return _taken(row, Verdict.NEW if stored.fields is None else Verdict.REPLACED)


def _taken(row: Row, verdict: Verdict) -> Taken:
    return Taken(number=row.number, connection=row.connection, verdict=verdict)


def _refused(row: Row | Fault, reason: str) -> Taken:
    return Taken(number=row.number, connection=row.connection, verdict=Verdict.REFUSED, reason=reason)
