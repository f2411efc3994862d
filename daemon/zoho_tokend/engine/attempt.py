"""One refresh under way, and how long each of its stages took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from zoho_tokend.core.connection import Reason
from zoho_tokend.core.errors import RefreshError
from zoho_tokend.core.events import RefreshFailed, Stage
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.ports import Clock


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One refresh under way.

    Attributes:
        late: how long after it was due it began.
        begun: when it began, by the monotonic clock.
        took: how long each stage took so far.
        stamp: of the credential that Zoho was asked with; None while it was not asked.
    """

    name: ConnectionName
    reason: Reason
    late: timedelta
    clock: Clock
    begun: float
    took: dict[Stage, timedelta] = field(default_factory=dict)
    stamp: str | None = None

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """What happens within counts as this stage."""
        begun = self.clock.monotonic()
        try:
            yield
        finally:
            spent = timedelta(seconds=self.clock.monotonic() - begun)
            self.took[stage] = self.took.get(stage, timedelta()) + spent

    def ended(self) -> dict[Stage, timedelta]:
        """The stages, with the total."""
        return {**self.took, Stage.TOTAL: timedelta(seconds=self.clock.monotonic() - self.begun)}

    def failed(self, error: RefreshError, *, failures: int, next_at: datetime) -> RefreshFailed:
        """The refresh ended with this error, and is tried again then."""
        return RefreshFailed(
            connection=self.name,
            outcome=error.outcome,
            reason=self.reason,
            error=str(error),
            failures=failures,
            next_refresh_at=next_at,
            late=self.late,
            took=self.ended(),
        )
