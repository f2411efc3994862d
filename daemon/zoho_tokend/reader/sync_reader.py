"""The reader for threads."""

import time
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import Self

import hvac

from zoho_tokend.reader import zoho_api
from zoho_tokend.reader.copies import Reader
from zoho_tokend.reader.decision import HURRY, MIN_LIFE, TIMEOUT, GiveUp, Look, ReadRequest, Use, Wait
from zoho_tokend.reader.errors import ReaderError, TokenTooOld
from zoho_tokend.reader.memory import LOG, Now, machine_time
from zoho_tokend.reader.record import Token


class TokenReader(Reader):
    """Gives any number of threads the tokens that the daemon keeps in Vault. Make one, and keep it.

    A token is read once and handed out until the daemon has a newer one, about half its life later. Threads that want
    the same one at the same time cause one read. A Vault that is away is a warning in the log ``zoho_tokend.reader``
    while the token at hand will do, and an error after that.

    A copy has the same client and connections of its own. A pickle holds no secret: whoever loads it reads by its own
    environment; with a client that was passed, it is refused.
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
            client: logged in by its owner, who may replace its token at any time; None for one that is made from
                ``VAULT_ADDR``, ``VAULT_TOKEN``, ``VAULT_NAMESPACE`` and ``VAULT_CACERT``.
            mount: of the token records; None for ``ZOHO_TOKEND_TOKENS_MOUNT``, ``ZOHO_TOKEND_MOUNT``, or ``secret``.
            prefix: of all records; None for ``ZOHO_TOKEND_PREFIX``, or ``zoho``.
            now: the time by which tokens live.

        Raises:
            NotConfigured: there is neither a client nor ``VAULT_ADDR``.
        """
        super().__init__(client, mount=mount, prefix=prefix, now=now)
        self._turns: dict[str, Lock] = {}

    def get(self, connection: str, min_life: timedelta = MIN_LIFE, *, timeout: timedelta = TIMEOUT) -> Token:
        """Return a token with so much life left.

        Args:
            timeout: for everything: an unreachable Vault is asked again, and a token that is too old is waited for.
                Zero asks once and waits for nothing.

        Raises:
            ReaderError: there is none; the text says why and what to look at.
        """
        at_hand = self._memory.at_hand(connection, min_life)
        return at_hand or self._fulfil(connection, self._memory.request(min_life=min_life, timeout=timeout))

    def base_url(self, connection: str) -> str:
        """Return the origin of the connection's API, such as ``https://www.zohoapis.eu``.

        Raises:
            ReaderError: there is no token that names it.
        """
        return zoho_api.base_url(self.get(connection))

    def newer(self, dead: Token, *, report: bool = False) -> Token | None:
        """Return the token that has replaced this one, which Zoho refuses; None where Vault shows none.

        Ask Vault at most once, and not at all within a second of the last time. From then on ``get`` looks into Vault,
        at most every 5 seconds, before it hands out the refused token again.

        Args:
            report: tell the daemon of a token that none has replaced yet; a Vault that does not take it is a warning.
        """
        self._memory.mark_dead(dead.connection, dead)
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
        """Report to the daemon that Zoho refuses this token before its time; the daemon finds out for itself.

        From then on ``get`` looks into Vault, at most every 5 seconds, before it hands out the refused token again. The
        daemon replaces the token within a minute or so, where its setting ``REPORTS`` is on and it finds the token dead
        too. What is written is the token's fingerprint. One token is reported once a minute at most.

        Raises:
            NotAllowed: the policy of ``zoho-tokend policy reporter`` is missing.
            ReaderError: Vault did not take the report; the text says why.
        """
        self._memory.mark_dead(connection, token)
        if self._memory.claim_report(connection, token):
            error = self._source.report(connection, token.fingerprint, HURRY)
            if error is not None:
                raise error

    def close(self) -> None:
        """Close the connection to Vault."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def renew(self) -> None:
        """Begin anew in a forked child, with locks and connections of its own."""
        self._turns = {}
        super().renew()

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
        """Look when our turn comes, and return whether it came; a look of another thread meanwhile is enough."""
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
