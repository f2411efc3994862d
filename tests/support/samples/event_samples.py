"""One of every event, for tests of whatever reads them."""

from datetime import UTC, datetime, timedelta
from typing import Final

from zoho_tokend.core import events
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.events import Event, Stage
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.reports import Verdict
from zoho_tokend.core.targets import Shape

NOON: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONNECTION: Final = ConnectionName("crm-prod")
TOOK: Final = {
    Stage.ZOHO: timedelta(milliseconds=203.4),
    Stage.VAULT: timedelta(milliseconds=13),
    Stage.TOTAL: timedelta(milliseconds=217),
}

REFRESHED: Final = events.Refreshed(
    connection=CONNECTION,
    outcome=Outcome.SUCCESS,
    reason="due",
    data_center="eu",
    expires_at=NOON + timedelta(hours=1),
    next_refresh_at=NOON + timedelta(minutes=28),
    version=12,
    late=timedelta(seconds=1),
    took=TOOK,
)
REFRESH_FAILED: Final = events.RefreshFailed(
    connection=CONNECTION,
    outcome=Outcome.ZOHO_UNAVAILABLE,
    reason="due",
    error="Zoho gave no usable answer.",
    failures=2,
    next_refresh_at=NOON + timedelta(seconds=10),
    late=timedelta(),
    took=TOOK,
)

ONE_OF_EVERY: Final[tuple[Event, ...]] = (
    events.ZohoAnswered(data_center="eu", outcome=events.ZohoOutcome.ISSUED, took=timedelta(seconds=1)),
    events.VaultAnswered(
        operation=events.VaultOperation.READ, outcome=events.VaultOutcome.OK, took=timedelta(milliseconds=4)
    ),
    events.ClockCompared(peer=events.Peer.ZOHO, skew=timedelta(seconds=2)),
    events.VaultLoggedIn(method="approle", outcome=events.LoginOutcome.SUCCESS),
    events.VaultSessionChanged(expires_at=NOON, alive=True),
    events.Discovered(connection=CONNECTION, expires_at=None, next_refresh_at=NOON),
    events.Vanished(connection=CONNECTION),
    events.IllNamed(name="crm prod"),
    events.DiscoveryEnded(connections=3, took=timedelta(milliseconds=9)),
    events.NotDiscovered(connection=CONNECTION, error="Vault failed (status 500)."),
    events.ClientsUnrestricted(clients=("app", "jobs"), count=2),
    events.GrantShared(connection=CONNECTION, others=(ConnectionName("crm-other"),)),
    events.BudgetUnrecorded(connection=CONNECTION, error="Vault's policy denies it."),
    events.TokenDropped(connection=CONNECTION, error="The grant was revoked."),
    REFRESHED,
    REFRESH_FAILED,
    events.RefreshDeferred(connection=CONNECTION, reason="budget", until=NOON),
    events.TokenUnsaved(connection=CONNECTION, error="Vault is sealed.", expires_at=NOON, next_write_at=NOON),
    events.UnsavedTokenExpired(connection=CONNECTION),
    events.Conflicted(connection=CONNECTION),
    events.Followed(connection=CONNECTION, expires_at=NOON, version=7),
    events.LeaderElected(identity="tokend-0_3f9a", transitions=4),
    events.LeaderLost(identity="tokend-0_3f9a", reason="the process stops"),
    events.LeaderSeen(holder="tokend-1_77c1"),
    events.ElectionTroubled(error="The API server answered 503.", refused=False),
    events.Parked(
        connection=CONNECTION, outcome=Outcome.GRANT_REJECTED, error="Authorize it again.", next_probe_at=NOON
    ),
    events.Woken(connection=CONNECTION),
    events.RefreshTokenRotated(connection=CONNECTION, stored=True),
    events.RefreshCrashed(connection=CONNECTION, kind="KeyError", traceback="Traceback…\nKeyError: 'x'"),
    events.ReportAnswered(connection=CONNECTION, verdict=Verdict.CONFIRMED),
    events.ReportsProcessed(took=timedelta(milliseconds=12)),
    events.TargetWritten(connection=CONNECTION, target=Shape.AIRFLOW_CONNECTION),
    events.BackgroundTaskCrashed(task="discover", kind="KeyError", traceback="Traceback…\nKeyError: 'x'"),
    events.DaemonCrashed(kind="KeyError", traceback="Traceback…\nKeyError: 'x'"),
    events.Started(version="1.2.3", listen="127.0.0.1:8080", vault="https://vault.example:8200"),
    events.Beat(at=NOON, lag=timedelta(milliseconds=3)),
    events.Reloading(),
    events.Reloaded(changed=("LOG_LEVEL",)),
    events.Stopping(in_flight=1, unsaved=0),
    events.Stopped(in_flight=0, unsaved=0),
)
