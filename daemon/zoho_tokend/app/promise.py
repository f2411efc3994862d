"""From the settings to the numbers that decide, and so to the floor that is promised."""

from zoho_tokend.core.policy import Policy
from zoho_tokend.settings import Settings


def policy_of(settings: Settings) -> Policy:
    """How eagerly these settings have tokens replaced."""
    return Policy(
        refresh_at=settings.refresh_at,
        issues_per_ten_minutes=settings.issues_per_ten_minutes,
        sweep_interval=settings.sweep_interval,
    )
