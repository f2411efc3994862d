"""How far this machine's clock and Vault's are apart; pure.

The daemon writes expiries by its own clock. A reader whose clock is late would use a token after its end, so it reckons
by the later of the two clocks: a token is then given up too early at worst, never used too late.
"""

from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.reader.record import Token

# The Date header is cut to whole seconds, and an answer takes its time.
TOLERANCE: Final = timedelta(minutes=1)
_NONE: Final = timedelta()


def skew(local: datetime, *, vault: datetime | None, token: Token | None) -> timedelta:
    """How far Vault's clock is ahead of ours (negative: behind it); zero within ``TOLERANCE``.

    A token that was issued in the future tells the same, where Vault's clock is not known or agrees with ours.

    Args:
        vault: as its ``Date`` header said.
        token: the one that has just been read; None where none was.
    """
    by_header = vault - local if vault is not None else _NONE
    if abs(by_header) > TOLERANCE:
        return by_header
    by_issue = token.issued_at - local if token is not None else _NONE
    return by_issue if by_issue > TOLERANCE else _NONE
