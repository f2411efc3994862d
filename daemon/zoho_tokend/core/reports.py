"""Readers' reports of tokens that died early, and the verdict on them.

A token can die early: pushed out by another holder of the refresh token, or revoked
(https://www.zoho.com/accounts/protocol/oauth/token-limits.html). A report proves nothing, for anybody whose policy
allows it can write one: it names the token by its fingerprint, and Zoho's API decides.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from zoho_tokend.core.consent import Alive, AliveWithoutScope, Dead, NoApiAccess, Proof, Unproven
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.policy import TEN_MINUTES

RECHECK_AFTER: Final = TEN_MINUTES
"""How long a token that was not found dead is not checked again, whatever is reported."""


class Verdict(StrEnum):
    """The verdict on a report: the label values of ``reported_tokens_total{verdict}``.

    CONFIRMED: Zoho does not accept the token, which is replaced. REFUTED: Zoho accepts it. UNPROVEN: the check failed.
    STALE: the report is not about the token in Vault.
    """

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNPROVEN = "unproven"
    STALE = "stale"


def verdict(proof: Proof) -> Verdict:
    """Return the verdict that Zoho's answer leads to."""
    match proof:
        case Dead():
            return Verdict.CONFIRMED
        case Alive() | AliveWithoutScope() | NoApiAccess():
            return Verdict.REFUTED
        case Unproven():
            return Verdict.UNPROVEN


def in_turn(names: Iterable[ConnectionName], *, after: str, at_most: int) -> list[ConnectionName]:
    """Return so many of the names, in order from the one after ``after`` on: those left out come first next time."""
    ordered = sorted(names)
    return sorted(ordered, key=lambda name: name <= after)[:at_most]
