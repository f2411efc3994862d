"""What Zoho was asked, without a secret, so that a test can count it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from zoho_simulator.rules.routes import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and how it ended.

    Attributes:
        grant_type: as the form said it; empty where there is none.
        refresh_token: the fingerprint of the one that was sent; None where there is none.
        outcome: ``issued``, or the error that was answered, or ``http_<status>``; what the law said, where a fault then
            altered or lost it.
        status: that goes with the outcome.
        fault: the one that struck; None for none.
    """

    at: datetime
    data_center: str
    endpoint: Endpoint
    path: str
    grant_type: str = ""
    client_id: str | None = None
    refresh_token: str | None = None
    outcome: str
    status: int
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A request that no well-kept client sends; ``parameters`` are the names that did not belong in a URL."""

    at: datetime
    data_center: str
    path: str
    parameters: tuple[str, ...]


@dataclass(slots=True)
class Journal:
    """Every request, in order."""

    entries: list[Entry] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def requests(
        self, *, data_center: str | None = None, refresh_token: str | None = None, client_id: str | None = None
    ) -> list[Entry]:
        """The requests to the token endpoint that agree with everything given; ``refresh_token`` by fingerprint."""
        return [
            entry
            for entry in self.entries
            if entry.endpoint is Endpoint.TOKEN
            and data_center in {None, entry.data_center}
            and refresh_token in {None, entry.refresh_token}
            and client_id in {None, entry.client_id}
        ]

    def api_calls(self) -> list[Entry]:
        """The requests to the CRM."""
        return [entry for entry in self.entries if entry.endpoint is Endpoint.API]

    def busiest(self, window: timedelta = timedelta(minutes=10)) -> dict[str, int]:
        """The most token requests that each refresh token, by fingerprint, had in any such window."""
        moments: dict[str, list[datetime]] = {}
        for entry in self.requests():
            if entry.refresh_token is not None:
                moments.setdefault(entry.refresh_token, []).append(entry.at)
        return {refresh_token: max(_in_windows(at, window)) for refresh_token, at in moments.items()}

    def clear(self) -> None:
        """Nothing was ever asked."""
        self.entries.clear()
        self.violations.clear()


def _in_windows(moments: list[datetime], window: timedelta) -> Iterator[int]:
    first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - window:
            first += 1
        yield last - first + 1
