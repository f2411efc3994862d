"""Process readers' reports: replace a token that died early, once Zoho's API has confirmed that it is dead.

A report about another token than the one in Vault costs no request to Zoho; any other costs one. Each report is deleted
before it is processed, so that none is processed twice, and none can block the others. A reader that still meets a dead
token reports it again.
"""

from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.concurrency import map_concurrently
from zoho_tokend.core.errors import NotAllowed, TokendError, VaultUnavailable
from zoho_tokend.core.events import BackgroundTaskCrashed, ReportAnswered, ReportsProcessed, Sink, trace_of
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName, TokenRecord
from zoho_tokend.core.ports import Clock, Prover, ReportStore, TokenStore
from zoho_tokend.core.reports import RECHECK_AFTER, Verdict, in_turn, verdict
from zoho_tokend.engine.clockwork import Command

# A pass processes so many reports, at about three requests to Vault each, however many there are.
REPORTS_PER_PASS: Final = 64
_AT_ONCE: Final = 8


class Reports:
    """Processes reports. Beyond the fleet it remembers whose turn it is, and which tokens were checked recently."""

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
        """Process the reports whose turn it is, some at a time; where Vault does not answer, an event says so."""
        begun = self._clock.monotonic()
        errors: list[TokendError] = []

        async def process_one(name: ConnectionName) -> None:
            try:
                await self._process_one(name)
            except TokendError as error:
                errors.append(error)
            except Exception as error:  # noqa: BLE001 - unexpected: the other reports are processed
                trace = trace_of(error)
                self._emit(
                    BackgroundTaskCrashed(task=Command.PROCESS_REPORTS, kind=type(error).__name__, traceback=trace)
                )

        try:
            reported = await self._reports.reported()
        except (VaultUnavailable, NotAllowed) as error:
            errors.append(error)
        else:
            turn = in_turn(filter(self._can_process, reported), after=self._last, at_most=REPORTS_PER_PASS)
            self._last = turn[-1] if turn else ""
            await map_concurrently(process_one, turn, at_once=_AT_ONCE)
        took = timedelta(seconds=self._clock.monotonic() - begun)
        self._emit(ReportsProcessed(took=took, error=str(errors[0]) if errors else None))

    def _can_process(self, name: ConnectionName) -> bool:
        """Return whether to process the report now; a connection that is being refreshed gets a new token anyway."""
        if not self._fleet.is_at_rest(name):
            return False
        version, until = self._proved.get(name, (0, self._clock.now()))
        return version != self._fleet[name].version or until <= self._clock.now()

    async def _process_one(self, name: ConnectionName) -> None:
        try:
            fingerprint = await self._reports.report(name)
        finally:
            await self._reports.dismiss(name)
        record = (await self._tokens.published(name)).record if fingerprint else None
        if record is None or record.access_token.fingerprint() != fingerprint:
            found = Verdict.STALE
        else:
            found = await self._check(record)
        self._emit(ReportAnswered(connection=name, verdict=found))

    async def _check(self, record: TokenRecord) -> Verdict:
        name, version = record.connection, self._version(record.connection)
        found = await self._proof(record)
        now = self._clock.now()
        if found is not Verdict.CONFIRMED:
            self._proved = {each: proved for each, proved in self._proved.items() if proved[1] > now}
            self._proved[name] = (version, now + RECHECK_AFTER)
        elif self._fleet.is_at_rest(name) and self._version(name) == version:
            self._fleet.report_dead(name, now)
        return found

    async def _proof(self, record: TokenRecord) -> Verdict:
        try:
            return verdict(await self._prover.prove(record.access_token, api_domain=record.api_domain))
        except NotAllowed:  # the record's API domain is outside the allow-list
            return Verdict.UNPROVEN

    def _version(self, name: ConnectionName) -> int:
        return self._fleet[name].version if name in self._fleet else 0
