"""The policy: the numbers that the settings decide, and the floor that follows from them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

# https://www.zoho.com/crm/developer/docs/api/v8/token-validity.html
ZOHO_LIFETIME: Final = timedelta(hours=1)
# The window of Zoho's limit on issues: https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html
TEN_MINUTES: Final = timedelta(minutes=10)
# How far apart the clocks of two machines may be.
LARGEST_SKEW: Final = timedelta(minutes=2)
# No access token of Zoho lives longer; a record that claims so is not believed.
LONGEST_LIFE: Final = timedelta(hours=24)
# A request to Zoho times out within 30 s; the rest is for requests to Vault.
LONGEST_NORMAL_REFRESH: Final = timedelta(seconds=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How eagerly tokens are replaced.

    Attributes:
        refresh_at: the share of a token's life after which it is replaced.
        issues_per_ten_minutes: the most issues for one refresh token in any ten minutes; Zoho allows 10.
        sweep_interval: how often the fleet is searched for what is due.
    """

    refresh_at: float = 0.5
    issues_per_ten_minutes: int = 8
    sweep_interval: timedelta = timedelta(seconds=1)

    def lead(self, lifetime: timedelta, refresh_at: float | None = None) -> timedelta:
        """Return how long before its expiry a token of this lifetime is replaced."""
        return lifetime * (1 - (self.refresh_at if refresh_at is None else refresh_at))

    def floor_of(self, lifetime: timedelta, refresh_at: float | None = None) -> timedelta:
        """Return the least time to live that a reader may ever find in a token of this lifetime."""
        return max(self.lead(lifetime, refresh_at) - LONGEST_NORMAL_REFRESH - self.sweep_interval, timedelta())

    @property
    def floor(self) -> timedelta:
        """The floor of Zoho's one-hour tokens, which is the promise of the product."""
        return self.floor_of(ZOHO_LIFETIME)

    @property
    def pace(self) -> timedelta:
        """The time between requests with one refresh token where its budget is spent evenly."""
        return TEN_MINUTES / self.issues_per_ten_minutes
