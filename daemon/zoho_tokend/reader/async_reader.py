"""The reader for asyncio: the rules of ``TokenReader``, without a blocked event loop."""

import asyncio
import os
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Self

import hvac

from zoho_tokend.reader import zoho_api
from zoho_tokend.reader.decision import HURRY, MIN_LIFE, TIMEOUT, GiveUp, Look, ReadRequest, Use, Wait
from zoho_tokend.reader.errors import ReaderError, TokenTooOld
from zoho_tokend.reader.forks import renew_in_child
from zoho_tokend.reader.memory import LOG, Memory, Now, Sight, machine_time
from zoho_tokend.reader.record import Token
from zoho_tokend.reader.vault_source import vault_source


class AsyncTokenReader:
    """Gives any number of tasks the tokens that the daemon keeps in Vault. Make one, and keep it.

    It outlives an event loop, as where each invocation of a function has one of its own.

    Each method does what that of ``TokenReader`` does. hvac blocks, so it is asked in the loop's default executor; what
    was asked is made use of even where the task that asked is cancelled.
    """

    def __init__(
        self,
        client: hvac.Client | None = None,
        *,
        mount: str | None = None,
        prefix: str | None = None,
        now: Now = machine_time,
    ) -> None:
        """Prepare to read; nothing is asked yet. The arguments and errors are those of ``TokenReader``."""
        self._source = vault_source(client, os.environ, mount=mount, prefix=prefix)
        self._memory = Memory(now)
        self._looks: dict[str, asyncio.Future[Sight]] = {}
        self._reports: set[asyncio.Future[ReaderError | None]] = set()
        renew_in_child(self, AsyncTokenReader._renew)

    async def get(self, connection: str, min_life: timedelta = MIN_LIFE, *, timeout: timedelta = TIMEOUT) -> Token:  # noqa: ASYNC109  # it bounds a wait for the daemon, and cancels nothing
        """A token with so much life left.

        Raises:
            ReaderError: there is none; the text says why and what to look at.
        """
        at_hand = self._memory.at_hand(connection, min_life)
        return at_hand or await self._fulfil(connection, self._memory.request(min_life=min_life, timeout=timeout))

    async def base_url(self, connection: str) -> str:
        """The origin of the connection's API, such as ``https://www.zohoapis.eu``.

        Raises:
            ReaderError: there is no token to tell it.
        """
        return zoho_api.base_url(await self.get(connection))

    async def newer(self, dead: Token, *, report: bool = False) -> Token | None:
        """The token that has replaced this one, which Zoho refuses; None where Vault shows none.

        Args:
            report: tell the daemon of a token that none has replaced yet; a Vault that does not take it is a warning.
        """
        request = self._memory.request(min_life=MIN_LIFE, timeout=timedelta(), instead_of=dead)
        try:
            return await self._fulfil(dead.connection, request)
        except TokenTooOld:
            if report:
                await self._report_or_warn(dead)
            return None
        except ReaderError:
            return None

    async def report_dead(self, connection: str, token: Token) -> None:
        """The daemon is told that Zoho refuses this token before its time, and finds out for itself.

        Raises:
            NotAllowed: the policy of ``zoho-tokend policy reporter`` is missing.
            ReaderError: Vault did not take the report; the text says why.
        """
        if self._memory.claim_report(connection, token):
            loop = asyncio.get_running_loop()
            report = loop.run_in_executor(None, self._source.report, connection, token.fingerprint, HURRY)
            self._reports.add(report)
            report.add_done_callback(self._reports.discard)
            error = await asyncio.shield(report)
            if error is not None:
                raise error

    async def aclose(self) -> None:
        """The connection to Vault is closed, once what is being asked has been answered."""
        loop = asyncio.get_running_loop()
        if looks := [look for look in self._looks.values() if look.get_loop() is loop]:
            await asyncio.wait(looks)
        if reports := [report for report in self._reports if report.get_loop() is loop]:
            await asyncio.wait(reports)
        self._source.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _renew(self) -> None:
        self._looks, self._reports = {}, set()
        self._memory.renew()
        self._source.renew()

    async def _report_or_warn(self, dead: Token) -> None:
        try:
            await self.report_dead(dead.connection, dead)
        except ReaderError as error:
            LOG.warning("the dead token of %s was not reported: %s", dead.connection, error)

    async def _fulfil(self, connection: str, request: ReadRequest) -> Token:
        while True:
            match self._memory.decide(connection, request):
                case Use(token):
                    return token
                case GiveUp(error):
                    raise error
                case Wait(span):
                    await asyncio.sleep(span.total_seconds())
                case Look(_, Token() as meanwhile) if self._under_way(connection):
                    return meanwhile
                case Look(within, _):
                    await asyncio.wait([self._look(connection, within)], timeout=within.total_seconds())

    def _look(self, connection: str, within: timedelta) -> asyncio.Future[Sight]:
        """The one look at this connection that is under way; it begins now where there was none."""
        look = self._under_way(connection)
        if look is None:
            look = asyncio.get_running_loop().run_in_executor(None, self._source.look, connection, within)
            look.add_done_callback(partial(self._seen, connection))
            self._looks[connection] = look
        return look

    def _under_way(self, connection: str) -> asyncio.Future[Sight] | None:
        """The look at this connection in this event loop; one of a loop that has ended is never heard of again."""
        look = self._looks.get(connection)
        return look if look is not None and look.get_loop() is asyncio.get_running_loop() else None

    def _seen(self, connection: str, look: asyncio.Future[Sight]) -> None:
        if self._looks.get(connection) is look:
            del self._looks[connection]
        if not look.cancelled():
            self._memory.learn(connection, look.result())
