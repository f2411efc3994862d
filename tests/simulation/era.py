"""When a simulation plays: seconds of the virtual loop, and instants."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(2027, 1, 1, tzinfo=UTC)
YEAR: Final = 365.25 * 24 * 3600
EPISODES_A_YEAR: Final = 12
"""How often a connection meets trouble in a year, by our reckoning; the quiet weeks between are jumped over."""


def instant(seconds: float) -> datetime:
    """The true instant at which the loop's clock shows so many seconds."""
    return EPOCH + timedelta(seconds=seconds)


def seconds(moment: datetime) -> float:
    """The other way round."""
    return (moment - EPOCH).total_seconds()
