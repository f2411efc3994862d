"""The numbers that the settings decide, and the promise that follows from them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

# https://www.zoho.com/crm/developer/docs/api/v8/token-validity.html
ZOHO_LIFETIME: Final = timedelta(hours=1)
# The window of Zoho's limit on issues: https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html
TEN_MINUTES: Final = timedelta(minutes=10)
# How far apart the clocks of two machines may be and still be believed.
LARGEST_SKEW: Final = timedelta(minutes=2)
# No access token of Zoho's lives longer; a record that says so is not believed.
LONGEST_LIFE: Final = timedelta(hours=24)
# A call to Zoho is given up within 30 s; the rest is for Vault's answers.
LONGEST_NORMAL_REFRESH: Final = timedelta(seconds=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How eagerly tokens are replaced.

    Attributes:
        refresh_at: the share of a token's life after which it is replaced.
        issues_per_ten_minutes: the most issues for one refresh token in any ten minutes; Zoho allows 10.
        sweep_interval: how often it is asked what is due.
    """

    refresh_at: float = 0.5
    issues_per_ten_minutes: int = 8
    sweep_interval: timedelta = timedelta(seconds=1)

    def lead(self, lifetime: timedelta, refresh_at: float | None = None) -> timedelta:
        """How long before its end a token of this lifetime is replaced."""
        return lifetime * (1 - (self.refresh_at if refresh_at is None else refresh_at))

    def floor_of(self, lifetime: timedelta, refresh_at: float | None = None) -> timedelta:
        """The least life that a reader may ever find in a token of this lifetime."""
        return max(self.lead(lifetime, refresh_at) - LONGEST_NORMAL_REFRESH - self.sweep_interval, timedelta())

    @property
    def floor(self) -> timedelta:
        """The floor of Zoho's one-hour tokens: the promise."""
        return self.floor_of(ZOHO_LIFETIME)

    @property
    def pace(self) -> timedelta:
        """How far apart requests for one refresh token are where its budget is spent evenly."""
        return TEN_MINUTES / self.issues_per_ten_minutes
