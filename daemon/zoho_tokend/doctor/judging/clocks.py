"""Our clock against those of Vault and Zoho: a token's life is counted by it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from zoho_tokend.core.instants import span
from zoho_tokend.doctor.finding import Area, Finding

NOTABLE: Final = timedelta(seconds=30)
HARMFUL: Final = timedelta(minutes=5)

_FIX: Final = "let this machine's clock (or theirs) follow a time server"


def clocks(skews: Mapping[str, timedelta]) -> Iterator[Finding]:
    """A finding for each peer; a skew is its clock minus ours."""
    for peer, skew in skews.items():
        seen = "agrees with ours, to within 2 s"
        if abs(skew) > timedelta(seconds=2):
            seen = f"is {span(abs(skew))} {'ahead of' if skew > timedelta() else 'behind'} ours"
        if abs(skew) > HARMFUL:
            harm = "tokens seem to live so much longer or shorter than they do"
            yield Area.CLOCKS.wrong(peer, f"its clock {seen}: {harm}", fix=_FIX)
        elif abs(skew) > NOTABLE:
            yield Area.CLOCKS.warning(peer, f"its clock {seen}", fix=_FIX)
        else:
            yield Area.CLOCKS.ok(peer, f"its clock {seen}")
