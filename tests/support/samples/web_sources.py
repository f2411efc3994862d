"""The web application's sources, all well unless a test says otherwise."""

from datetime import timedelta
from typing import Any

from tests.support.samples.fact_samples import a_daemon, a_row
from zoho_tokend.core.health import liveness, readiness
from zoho_tokend.telemetry.metrics import Metrics
from zoho_tokend.web.app import Sources

LIVE = liveness(heartbeat_age=timedelta(), sweep_age=timedelta(), clock_drift=timedelta())
READY = readiness(vault_session=True, discovered=True, stopping=False)


def sources(**changes: Any) -> Sources:
    """A healthy daemon with one fresh connection."""
    render = Metrics(version="1.2.3", data_centers=("eu",), login_methods=("token",)).render

    async def no_check() -> None:
        """Vault is as the facts say."""

    usual: dict[str, Any] = {
        "live": lambda: LIVE,
        "ready": lambda: READY,
        "check_vault": no_check,
        "daemon": a_daemon,
        "connections": lambda: [a_row()],
        "render": render,
    }
    return Sources(**(usual | changes))
