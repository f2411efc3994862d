"""Where requests arrive: a fault may strike, the law is asked, and the journal keeps what happened."""

from collections.abc import Mapping
from datetime import datetime

from zoho_simulator.faults.active import ActiveFaults, Occasion
from zoho_simulator.faults.fault import Fault
from zoho_simulator.journal import Entry, Journal, Violation
from zoho_simulator.rules import clients, data_center
from zoho_simulator.rules.ledger import Ledger
from zoho_simulator.rules.messages import Answer, Request
from zoho_simulator.rules.routes import Endpoint, endpoint
from zoho_simulator.rules.shapes import fingerprint


class Dispatcher:
    """Answers every request of every data centre."""

    def __init__(self, ledgers: Mapping[str, Ledger], active_faults: ActiveFaults, journal: Journal) -> None:
        self._ledgers = ledgers
        self._active_faults = active_faults
        self._journal = journal

    def answer(self, name: str, request: Request, now: datetime) -> Answer:
        """What the data centre of this name sends, and how."""
        route = endpoint(request.path)
        if route is None:
            return data_center.not_found()
        method, place = route
        if request.method != method:
            return data_center.method_not_allowed(method)
        occasion = _occasion(name, place, request)
        misplaced = data_center.misplaced_secrets(request)
        if misplaced:
            self._journal.violations.append(
                Violation(at=now, data_center=name, path=request.path, parameters=misplaced)
            )
        fault = self._active_faults.strikes(occasion)
        said = fault.stand_in if fault and fault.stand_in else self._lawful(occasion, request, fault, now)
        self._journal.entries.append(_entry(occasion, request, said, fault, now))
        return fault.alter(said) if fault else said

    def _lawful(self, occasion: Occasion, request: Request, fault: Fault | None, now: datetime) -> Answer:
        ledger = self._ledgers[occasion.data_center]
        answer = data_center.answer(ledger, occasion.endpoint, request, now)
        if fault is None or not fault.rotates or answer.outcome != "issued":
            return answer
        grant = ledger.by_refresh_token(request.form.get("refresh_token", ""))
        return answer if grant is None else answer.with_fields(refresh_token=ledger.rotate(grant))


def _occasion(name: str, place: Endpoint, request: Request) -> Occasion:
    refresh_token = request.form.get("refresh_token")
    named = (
        request.form if "client_id" in request.form else clients.from_basic(request.headers.get("authorization", ""))
    )
    return Occasion(
        data_center=name,
        endpoint=place,
        client_id=named.get("client_id"),
        refresh_token=fingerprint(refresh_token) if refresh_token else None,
    )


def _entry(occasion: Occasion, request: Request, said: Answer, fault: Fault | None, now: datetime) -> Entry:
    return Entry(
        at=now,
        data_center=occasion.data_center,
        endpoint=occasion.endpoint,
        path=request.path,
        grant_type=request.form.get("grant_type", ""),
        client_id=occasion.client_id,
        refresh_token=occasion.refresh_token,
        outcome=said.outcome,
        status=said.status,
        fault=fault.name if fault and fault.name != "ok" else None,
    )
