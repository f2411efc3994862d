"""Facts about connections and the daemon, for tests of whatever shows them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from zoho_tokend.core.facts import ConnectionFacts, DaemonFacts, State
from zoho_tokend.core.model import ConnectionName

NOON: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)

_FRESH: Final = ConnectionFacts(
    name=ConnectionName("crm-prod"),
    state=State.FRESH,
    data_center="eu",
    issued_at=NOON - timedelta(minutes=10),
    expires_at=NOON + timedelta(minutes=50),
    floor=timedelta(minutes=25),
    next_refresh_at=NOON + timedelta(minutes=18),
    last_success_at=NOON - timedelta(minutes=10),
    last_attempt_at=NOON - timedelta(minutes=10),
    version=3,
    failures=0,
    budget_remaining=8,
    error=None,
    outcome=None,
)
_DAEMON: Final = DaemonFacts(
    version="1.2.3",
    now=NOON,
    started_at=NOON - timedelta(days=3, hours=4),
    floor=timedelta(minutes=25),
    vault_alive=True,
    vault_expires_at=NOON + timedelta(minutes=44),
    unsaved=0,
    leader=True,
    credentials="secret/zoho/credentials",
)


def a_row(name: str = "crm-prod", state: State = State.FRESH, **changes: Any) -> ConnectionFacts:
    """A healthy connection, ten minutes after its refresh, at noon."""
    return replace(_FRESH, name=ConnectionName(name), state=state, **changes)


def a_daemon(**changes: Any) -> DaemonFacts:
    """A healthy daemon at noon, that promises 25 minutes."""
    return replace(_DAEMON, **changes)
