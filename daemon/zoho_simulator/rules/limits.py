"""How much Zoho hands out, and the meters that count it.

Zoho's pages disagree with each other; the defaults are their usual reading, and every number is a setting:
https://zoho.com/accounts/protocol/oauth/token-limits.html,
https://help.zoho.com/portal/en/community/topic/kaizen-43-tokens-and-limitations.
"""

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class CountedBy(StrEnum):
    """Whose issues are added up.

    Zoho's CRM pages say the refresh token, the wording of its Accounts page can be read as the whole application:
    https://zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html,
    https://zoho.com/accounts/protocol/oauth/token-limits.html.
    """

    REFRESH_TOKEN = "refresh_token"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers of one simulated Zoho.

    Attributes:
        token_lifetime: of an access token; one hour in truth.
        window: the span in which issues are added up; it rolls.
        issues_per_window: token calls that one ``counted_by`` gets in the window; failed calls count too.
        throttled_calls_count: whether a call that was throttled prolongs the throttle, as one team saw it happen.
        active_access_tokens: of one refresh token; the next one silently kills the oldest.
        refresh_tokens_per_user: of one client; the next one silently kills the first, with its access tokens.
        refresh_tokens_per_window: refresh tokens that one user's codes of one client bring in the window.
        codes_per_window: grant codes that one client gets in the window
            (https://zohohelp.com/crm/developer/docs/api/v8/token-validity.html); those of the control API do not count.
        code_lifetime: of a grant code of the web flow.
        self_client_code_lifetime: of a grant code made in the console: 3, 5, 7 or 10 minutes
            (https://www.bigin.com/developer/docs/apis/self-client-generate-code.html).
        device_code_lifetime: of a device code.
        device_poll_interval: the least time between two polls.
    """

    token_lifetime: timedelta = timedelta(hours=1)
    window: timedelta = timedelta(minutes=10)
    issues_per_window: int = 10
    counted_by: CountedBy = CountedBy.REFRESH_TOKEN
    throttled_calls_count: bool = False
    active_access_tokens: int = 10
    refresh_tokens_per_user: int = 20
    refresh_tokens_per_window: int = 10
    codes_per_window: int = 10
    code_lifetime: timedelta = timedelta(minutes=2)
    self_client_code_lifetime: timedelta = timedelta(minutes=3)
    device_code_lifetime: timedelta = timedelta(minutes=5)
    device_poll_interval: timedelta = timedelta(seconds=5)


class Meter:
    """Adds up what happened in a rolling window, for each key by itself."""

    def __init__(self, *, most: int, window: timedelta, refused_count: bool = False) -> None:
        self._most = most
        self._window = window
        self._refused_count = refused_count
        self._happened: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def admit(self, key: str, now: datetime) -> bool:
        """Whether the key has one left; it is then spent."""
        happened = self._happened[key]
        while happened and happened[0] <= now - self._window:
            happened.popleft()
        admitted = len(happened) < self._most
        if admitted or self._refused_count:
            happened.append(now)
        return admitted
