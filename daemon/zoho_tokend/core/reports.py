"""Reports of readers that a token has died before its time, and what is made of them; pure.

A token can die early: pushed out by another holder of the refresh token, or revoked
(https://www.zoho.com/accounts/protocol/oauth/token-limits.html). Anybody whose policy allows it may say so, so a report
is believed by nobody: it names the token by its fingerprint, and Zoho's API has the last word.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from zoho_tokend.core.consent import Alive, AliveWithoutScope, Dead, NoApiAccess, Proof, Unproven
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES

REST: Final = TEN_MINUTES
"""How long a token that was not found dead is not proved again, whatever is said of it."""


class Verdict(StrEnum):
    """What became of a report: the label values of ``reported_tokens_total{verdict}``.

    CONFIRMED: Zoho does not take the token, which is replaced. REFUTED: it does. UNPROVEN: it could not be asked.
    STALE: the report is not about the token that stands in Vault.
    """

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNPROVEN = "unproven"
    STALE = "stale"


def verdict(proof: Proof) -> Verdict:
    """What Zoho's answer makes of a report."""
    match proof:
        case Dead():
            return Verdict.CONFIRMED
        case Alive() | AliveWithoutScope() | NoApiAccess():
            return Verdict.REFUTED
        case Unproven():
            return Verdict.UNPROVEN


def in_turn(names: Iterable[ConnectionName], *, after: str, at_most: int) -> list[ConnectionName]:
    """So many of the names, from the one that follows ``after`` on: whoever is left out is first the next time."""
    ordered = sorted(names)
    return sorted(ordered, key=lambda name: name <= after)[:at_most]
