"""The state of a connection as far as Vault alone shows it; pure. What is under way, only the daemon knows."""

from datetime import datetime

from zoho_tokend.core.errors import GrantRevoked, RefreshError
from zoho_tokend.core.facts import State
from zoho_tokend.core.model import TokenRecord
from zoho_tokend.core.policy import LONGEST_NORMAL_REFRESH, Policy


def verdict(
    problem: RefreshError | None, record: TokenRecord | None, *, now: datetime, policy: Policy
) -> tuple[State, str | None]:
    """The state, and what is wrong as a sentence; None where nothing is.

    Args:
        problem: why the credential cannot be used; None where it can.
        record: the token record; None where there is none.
    """
    if problem is not None:
        return State.REVOKED if isinstance(problem, GrantRevoked) else State.MISCONFIGURED, str(problem)
    if record is None:
        return State.PENDING, "there is no token yet: does the daemon run?"
    if record.expires_at <= now:
        return State.EXPIRED, "its token has expired: does the daemon run?"
    if record.refresh_after + LONGEST_NORMAL_REFRESH + policy.sweep_interval < now:
        since = f"{record.refresh_after:%H:%M:%S} UTC"
        return State.FAILING, f"its token should have been replaced since {since}: does the daemon run?"
    return State.FRESH, None
