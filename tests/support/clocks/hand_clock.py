"""A clock that a test moves by hand."""

from datetime import datetime, timedelta

from tests.support.samples.builders import NOON


class HandClock:
    def __init__(self) -> None:
        self._passed = timedelta()

    def pass_by(self, time: timedelta) -> None:
        self._passed += time

    def now(self) -> datetime:
        return NOON + self._passed

    def monotonic(self) -> float:
        return self._passed.total_seconds()
