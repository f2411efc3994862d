"""The settings themselves, and what they promise."""

from collections.abc import Iterator

from zoho_tokend.core.instants import span
from zoho_tokend.core.policy import Policy
from zoho_tokend.doctor.finding import Area, Finding
from zoho_tokend.settings import Settings


def unusable(problems: str) -> Iterator[Finding]:
    """Those that keep every command from its work; ``problems`` has a line for each."""
    for problem in problems.splitlines():
        yield Area.SETTINGS.wrong("settings", problem, fix="correct it; `zoho-tokend settings` lists what can be set")


def usable(settings: Settings, policy: Policy) -> Iterator[Finding]:
    """What is in force, and what had better not be."""
    for sentence in settings.warnings:
        yield Area.SETTINGS.warning("VAULT_ADDR", sentence.removeprefix("VAULT_ADDR is "), fix="give an https address")
    records = f"{settings.mount}/{settings.prefix}"
    tokens = f", tokens in {settings.tokens_mount}" if settings.tokens_mount else ""
    yield Area.SETTINGS.ok("records", f"clients and credentials under {records}{tokens}")
    yield Area.SETTINGS.ok(
        "floor", f"REFRESH_AT {settings.refresh_at} promises every job {span(policy.floor)} of a token's hour at least"
    )
