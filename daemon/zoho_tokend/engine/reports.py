"""Heeding readers: a token that died before its time is replaced, once Zoho's API has confirmed that it is dead.

A report that is not about the token in Vault costs nothing at Zoho; one that is costs one call. Each is dismissed
before anything is made of it: whatever it says, none is answered twice, and none costs another one. A reader that still
meets a dead token says so again.
"""

from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.concurrency import map_concurrently
from zoho_tokend.core.errors import NotAllowed, TokendError, VaultUnavailable
from zoho_tokend.core.events import BackgroundTaskCrashed, ReportAnswered, ReportsProcessed, Sink, trace_of
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName, TokenRecord
from zoho_tokend.core.ports import Clock, Prover, ReportStore, TokenStore
from zoho_tokend.core.reports import REST, Verdict, in_turn, verdict
from zoho_tokend.engine.clockwork import Command

# A flood of reports costs Vault some three requests for each of so many connections in a pass, and no more.
AT_MOST: Final = 64
_AT_ONCE: Final = 8


class Reports:
    """Answers reports. Its memory, beyond the fleet, is whose turn it is, and which tokens were proved lately."""

    def __init__(
        self, *, fleet: Fleet, reports: ReportStore, tokens: TokenStore, prover: Prover, clock: Clock, emit: Sink
    ) -> None:
        self._fleet = fleet
        self._reports = reports
        self._tokens = tokens
        self._prover = prover
        self._clock = clock
        self._emit = emit
        self._last = ""
        self._proved: dict[ConnectionName, tuple[int, datetime]] = {}

    async def process(self) -> None:
        """Every report that can be answered now is, some at a time; where Vault does not answer, an event says so."""
        begun = self._clock.monotonic()
        errors: list[TokendError] = []

        async def answer(name: ConnectionName) -> None:
            try:
                await self._answer(name)
            except TokendError as error:
                errors.append(error)
            except Exception as error:  # noqa: BLE001 - nobody foresaw it: the other reports are answered
                trace = trace_of(error)
                self._emit(
                    BackgroundTaskCrashed(task=Command.PROCESS_REPORTS, kind=type(error).__name__, traceback=trace)
                )

        try:
            reported = await self._reports.reported()
        except (VaultUnavailable, NotAllowed) as error:
            errors.append(error)
        else:
            turn = in_turn(filter(self._is_heard, reported), after=self._last, at_most=AT_MOST)
            self._last = turn[-1] if turn else ""
            await map_concurrently(answer, turn, at_once=_AT_ONCE)
        took = timedelta(seconds=self._clock.monotonic() - begun)
        self._emit(ReportsProcessed(took=took, error=str(errors[0]) if errors else None))

    def _is_heard(self, name: ConnectionName) -> bool:
        """A connection that is being refreshed, or waits to be, gets a new token anyway: its report can wait too."""
        if not self._fleet.is_at_rest(name):
            return False
        version, until = self._proved.get(name, (0, self._clock.now()))
        return version != self._fleet[name].version or until <= self._clock.now()

    async def _answer(self, name: ConnectionName) -> None:
        try:
            fingerprint = await self._reports.report(name)
        finally:
            await self._reports.dismiss(name)
        record = (await self._tokens.published(name)).record if fingerprint else None
        if record is None or record.access_token.fingerprint() != fingerprint:
            found = Verdict.STALE
        else:
            found = await self._look_into(record)
        self._emit(ReportAnswered(connection=name, verdict=found))

    async def _look_into(self, record: TokenRecord) -> Verdict:
        name, version = record.connection, self._version(record.connection)
        found = await self._proof(record)
        now = self._clock.now()
        if found is not Verdict.CONFIRMED:
            self._proved = {each: proved for each, proved in self._proved.items() if proved[1] > now}
            self._proved[name] = (version, now + REST)
        elif self._fleet.is_at_rest(name) and self._version(name) == version:
            self._fleet.report_dead(name, now)
        return found

    async def _proof(self, record: TokenRecord) -> Verdict:
        try:
            return verdict(await self._prover.prove(record.access_token, api_domain=record.api_domain))
        except NotAllowed:  # the record names an API domain that is sent no token
            return Verdict.UNPROVEN

    def _version(self, name: ConnectionName) -> int:
        return self._fleet[name].version if name in self._fleet else 0
