"""Fleets of invented connections for whatever shows many: one of every state, and one of ten thousand.

What Zoho's answers mean is read by the product itself from the samples of its answers.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from tests.support.samples.fact_samples import NOON, a_row
from tests.support.samples.zoho_samples import sample
from zoho_tokend.core.errors import Outcome, RecordUnreadable, RefreshError, VaultUnavailable
from zoho_tokend.core.facts import ConnectionFacts, State
from zoho_tokend.zoho.wire import refusal

MINUTE: Final = timedelta(minutes=1)
FLOOR: Final = timedelta(minutes=29, seconds=14)
LARGE: Final = 10_000

_MISSING: Final = RecordUnreadable("secret/zoho/credentials/books-trial: the field 'client_secret' is empty")
_SEALED: Final = VaultUnavailable("Vault at https://vault.example:8200 is sealed")


def a_fleet() -> Sequence[ConnectionFacts]:
    """Fifteen connections at noon, one at least in every state."""
    return [
        _ill("crm-apac", State.EXPIRED, refusal(sample("html-502")), left=-14, center="in", failures=9, retry=2),
        _ill("desk-legacy", State.NEEDS_CONSENT, refusal(sample("invalid-code")), left=-200, failures=2, retry=190),
        _ill("crm-marketing", State.NEEDS_CONSENT, refusal(sample("invalid-code")), left=21, failures=2, retry=341),
        _ill("books-trial", State.MISCONFIGURED, _MISSING, left=None, failures=2, retry=352),
        _ill(
            "crm-japan", State.MISCONFIGURED, refusal(sample("invalid-client-secret")), left=12, center="jp", retry=355
        ),
        _ill("sales-us", State.UNSAVED, _SEALED, left=31, center="us", retry=1),
        _ill("crm-sandbox", State.FAILING, refusal(sample("unavailable-503")), left=30, failures=2, retry=0.3),
        _ill("reports-eu", State.THROTTLED, refusal(sample("throttle-at-400")), left=33, retry=8),
        _well("onboarding", State.PENDING, left=None),
        _well("crm-uk", State.REFRESHING, left=32.1, center="uk", next_refresh_at=None),
        _well("billing-eu", left=58),
        _well("crm-prod", left=47.5),
        _well("crm-us", left=39, center="us"),
        _well("support-au", left=36.6, center="au"),
        _well("warehouse", left=52.25),
    ]


def a_well_fleet() -> Sequence[ConnectionFacts]:
    """The connections of that fleet which are well."""
    return [row for row in a_fleet() if row.state in {State.FRESH, State.REFRESHING}]


def a_large_fleet(size: int = LARGE) -> Sequence[ConnectionFacts]:
    """So many connections, of which one in 400 is not well."""
    return [_one_of_many(number) for number in range(size)]


def _one_of_many(number: int) -> ConnectionFacts:
    name, left = f"tenant-{number:05}", 31 + number * 7 % 28
    if number % 800 == 17:
        return _ill(name, State.NEEDS_CONSENT, refusal(sample("invalid-code")), left=left, retry=300)
    if number % 800 == 417:
        return _ill(name, State.FAILING, refusal(sample("unavailable-503")), left=left, failures=3, retry=1)
    return _well(name, left=left)


def _well(name: str, state: State = State.FRESH, *, left: float | None, **changes: Any) -> ConnectionFacts:
    return a_row(name, state, **(_token(left) | _elsewhere(changes)))


def _ill(
    name: str, state: State, error: RefreshError, *, left: float | None, retry: float, failures: int = 1, **changes: Any
) -> ConnectionFacts:
    """``left`` is how many minutes its token has left, ``retry`` in how many minutes it is tried again."""
    told = {"error": str(error), "outcome": Outcome(error.outcome), "failures": failures}
    return a_row(
        name, state, **(_token(left) | _elsewhere(changes) | told | {"next_refresh_at": NOON + retry * MINUTE})
    )


def _token(left: float | None) -> dict[str, Any]:
    if left is None:
        none = dict.fromkeys(("issued_at", "expires_at", "last_success_at", "data_center"))
        return none | {"floor": FLOOR, "next_refresh_at": NOON, "version": 0}
    expires_at = NOON + left * MINUTE
    issued_at = expires_at - 60 * MINUTE
    return {
        "floor": FLOOR,
        "issued_at": issued_at,
        "expires_at": expires_at,
        "last_success_at": issued_at,
        "next_refresh_at": expires_at - 30 * MINUTE,
    }


def _elsewhere(changes: dict[str, Any]) -> dict[str, Any]:
    center = changes.pop("center", None)
    return changes | ({"data_center": center} if center else {})
