"""Live and ready, judged from facts of this process alone: an outage of Zoho, or one broken tenant, is neither."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

LONGEST_SILENCE: Final = timedelta(seconds=60)
LARGEST_DRIFT: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One named question of a probe; ``reason`` says what is wrong, and is empty when nothing is."""

    name: str
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.reason


def liveness(*, heartbeat_age: timedelta, sweep_age: timedelta, clock_drift: timedelta) -> Sequence[Check]:
    """Whether the process would be better off restarted.

    Args:
        heartbeat_age: monotonic time since the run loop last answered the clockwork.
        sweep_age: monotonic time since the last sweep ended.
        clock_drift: how far wall and monotonic time have parted since the start (a step, a suspended machine).
    """
    return (
        Check(name="event-loop", reason=_silence("no heartbeat", heartbeat_age)),
        Check(name="sweep", reason=_silence("no sweep", sweep_age)),
        Check(
            name="clock",
            reason=f"wall and monotonic clock have parted by {clock_drift.total_seconds():.0f} s"
            if abs(clock_drift) > LARGEST_DRIFT
            else "",
        ),
    )


def readiness(
    *,
    vault_session: bool,
    discovered: bool,
    stopping: bool,
    vault_error: str | None = None,
    discovery_error: str | None = None,
    election: str = "",
) -> Sequence[Check]:
    """Whether the process does its job, or stands by to do it: settings are read before there is a process to ask.

    A Vault that goes away or is sealed later takes nobody's readiness: a live session is enough, and the page must
    stay within reach.

    Args:
        vault_error: why there is no session.
        discovery_error: why the last discovery came to nothing.
        election: why this process can neither lead nor stand by; empty where it can.
    """
    return (
        Check(name="settings"),
        Check(name="vault-session", reason="" if vault_session else _because("no live Vault session", vault_error)),
        Check(
            name="discovery",
            reason="" if discovered else _because("the first discovery has not ended", discovery_error),
        ),
        Check(name="leader-election", reason=election),
        Check(name="shutdown", reason="stopping" if stopping else ""),
    )


def _because(what: str, why: str | None) -> str:
    return f"{what}: {why}" if why else what


def _silence(what: str, age: timedelta) -> str:
    return f"{what} for {age.total_seconds():.0f} s" if age > LONGEST_SILENCE else ""
