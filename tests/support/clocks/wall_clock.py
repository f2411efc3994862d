"""The real clock, for tests against real sockets."""

import time
from datetime import UTC, datetime


class WallClock:
    def now(self) -> datetime:
        return datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)

    def monotonic(self) -> float:
        return time.monotonic()
