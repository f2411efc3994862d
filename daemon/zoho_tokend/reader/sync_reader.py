"""The reader for threads."""

import os
import time
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import Self

import hvac

from zoho_tokend.reader import zoho_api
from zoho_tokend.reader.decision import HURRY, MIN_LIFE, TIMEOUT, GiveUp, Look, ReadRequest, Use, Wait
from zoho_tokend.reader.errors import ReaderError, TokenTooOld
from zoho_tokend.reader.forks import renew_in_child
from zoho_tokend.reader.memory import LOG, Memory, Now, machine_time
from zoho_tokend.reader.record import Token
from zoho_tokend.reader.vault_source import vault_source


class TokenReader:
    """Gives any number of threads the tokens that the daemon keeps in Vault. Make one, and keep it.

    A token is read once and handed out until the daemon has a newer one, about half its life later. Threads that want
    the same one at the same time cause one read. A Vault that is away is a warning in the log ``zoho_tokend.reader``
    while the token at hand will do, and an error after that.
    """

    def __init__(
        self,
        client: hvac.Client | None = None,
        *,
        mount: str | None = None,
        prefix: str | None = None,
        now: Now = machine_time,
    ) -> None:
        """Prepare to read; nothing is asked yet.

        Args:
            client: logged in by its owner, who may replace its token at any time; None for one that heeds
                ``VAULT_ADDR``, ``VAULT_TOKEN``, ``VAULT_NAMESPACE`` and ``VAULT_CACERT``.
            mount: of the token records; None for ``ZOHO_TOKEND_TOKENS_MOUNT``, ``ZOHO_TOKEND_MOUNT``, or ``secret``.
            prefix: of all records; None for ``ZOHO_TOKEND_PREFIX``, or ``zoho``.
            now: the time by which tokens live.

        Raises:
            NotConfigured: there is neither a client nor ``VAULT_ADDR``.
        """
        self._source = vault_source(client, os.environ, mount=mount, prefix=prefix)
        self._memory = Memory(now)
        self._turns: dict[str, Lock] = {}
        renew_in_child(self, TokenReader._renew)

    def get(self, connection: str, min_life: timedelta = MIN_LIFE, *, timeout: timedelta = TIMEOUT) -> Token:
        """A token with so much life left.

        Args:
            timeout: for everything: an unreachable Vault is asked again, and a token that is too old is waited for.
                Zero asks once and waits for nothing.

        Raises:
            ReaderError: there is none; the text says why and what to look at.
        """
        at_hand = self._memory.at_hand(connection, min_life)
        return at_hand or self._fulfil(connection, self._memory.request(min_life=min_life, timeout=timeout))

    def base_url(self, connection: str) -> str:
        """The origin of the connection's API, such as ``https://www.zohoapis.eu``.

        Raises:
            ReaderError: there is no token to tell it.
        """
        return zoho_api.base_url(self.get(connection))

    def newer(self, dead: Token, *, report: bool = False) -> Token | None:
        """The token that has replaced this one, which Zoho refuses; None where Vault shows none.

        Asks Vault at most once, and not at all within a second of the last time.

        Args:
            report: tell the daemon of a token that none has replaced yet; a Vault that does not take it is a warning.
        """
        request = self._memory.request(min_life=MIN_LIFE, timeout=timedelta(), instead_of=dead)
        try:
            return self._fulfil(dead.connection, request)
        except TokenTooOld:
            if report:
                self._report_or_warn(dead)
            return None
        except ReaderError:
            return None

    def report_dead(self, connection: str, token: Token) -> None:
        """The daemon is told that Zoho refuses this token before its time, and finds out for itself.

        It replaces the token within a minute or so, where its setting ``REPORTS`` is on and it finds it dead too. What
        is written is the token's fingerprint. One token is reported once a minute at most; further calls do nothing.

        Raises:
            NotAllowed: the policy of ``zoho-tokend policy reporter`` is missing.
            ReaderError: Vault did not take the report; the text says why.
        """
        if self._memory.claim_report(connection, token):
            error = self._source.report(connection, token.fingerprint, HURRY)
            if error is not None:
                raise error

    def close(self) -> None:
        """The connection to Vault is closed."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _renew(self) -> None:
        self._turns = {}
        self._memory.renew()
        self._source.renew()

    def _report_or_warn(self, dead: Token) -> None:
        try:
            self.report_dead(dead.connection, dead)
        except ReaderError as error:
            LOG.warning("the dead token of %s was not reported: %s", dead.connection, error)

    def _fulfil(self, connection: str, request: ReadRequest) -> Token:
        while True:
            match self._memory.decide(connection, request):
                case Use(token):
                    return token
                case GiveUp(error):
                    raise error
                case Wait(span):
                    time.sleep(span.total_seconds())
                case Look(within, meanwhile):
                    if not self._look(connection, request, within, wait=meanwhile is None) and meanwhile is not None:
                        return meanwhile

    def _look(self, connection: str, request: ReadRequest, within: timedelta, *, wait: bool) -> bool:
        """Whether it came to our turn; another thread may have looked meanwhile, which then is enough."""
        turn = self._turns.setdefault(connection, Lock())
        if not turn.acquire(timeout=within.total_seconds() if wait else 0):
            return False
        try:
            step = self._memory.decide(connection, request)
            if isinstance(step, Look):
                self._memory.learn(connection, self._source.look(connection, step.within))
        finally:
            turn.release()
        return True
