"""Time as the event loop tells it: under looptime, hours pass in milliseconds."""

import asyncio
from datetime import datetime, timedelta

from tests.support.samples.builders import NOON


class LoopClock:
    """Noon when the loop's time is nought."""

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()
