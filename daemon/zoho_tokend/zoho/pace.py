"""How fast a device polls. Pure."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Self

_SHORTEST: Final = timedelta(seconds=1)
_LONGEST: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class PollPace:
    """The wait before each poll: as long as Zoho asks, a second at least and two minutes at most.

    Zoho's pages name 30 s and 5 s, so its own answer rules, and ``slow_down`` doubles it: a device code lives for five
    minutes only. https://zoho.com/accounts/protocol/oauth/devices/polling-request.html
    """

    wait: timedelta

    def __post_init__(self) -> None:
        object.__setattr__(self, "wait", min(max(self.wait, _SHORTEST), _LONGEST))

    def slower(self) -> Self:
        """The pace after ``slow_down``."""
        return replace(self, wait=self.wait * 2)
