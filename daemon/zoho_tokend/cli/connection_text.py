"""How connections are shown: as JSON for scripts, and as lines for people. Nothing secret comes this far."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from zoho_tokend.core.model import ClientCredentialsGrant, Credential, TokenRecord
from zoho_tokend.core.policy import LONGEST_NORMAL_REFRESH, Policy
from zoho_tokend.inspecting.inspector import Detail, Glance
from zoho_tokend.web.durations import span

Json = Mapping[str, object]

_HEADINGS = ("NAME", "STATE", "LIFE LEFT", "VERSION", "DATA CENTRE", "CLIENT")


def glance_json(glance: Glance, now: datetime) -> Json:
    """One connection of the list, for a script."""
    return {
        "name": glance.name,
        "state": glance.state,
        "data_center": glance.data_center,
        "client": glance.client,
        "expires_at": _instant(glance.expires_at),
        "life_left_seconds": _seconds_left(glance.expires_at, now),
        "version": glance.version,
        "problem": glance.problem,
    }


def glance_lines(glances: Sequence[Glance], now: datetime) -> Iterator[str]:
    """The list, for a person: a line for each, and its problem below it."""
    cells = [_HEADINGS, *(_cells(glance, now) for glance in glances)]
    problems = [None, *(glance.problem for glance in glances)]
    for line, problem in zip(_aligned(cells), problems, strict=True):
        yield line
        if problem:
            yield f"    {problem}"


def detail_json(detail: Detail, now: datetime, policy: Policy) -> dict[str, object]:
    """Everything of one connection that is no secret."""
    return {
        **glance_json(detail.glance, now),
        "budget_remaining": detail.budget,
        "credential": {
            "path": detail.document.where,
            "version": detail.document.version,
            "fields": sorted(detail.document.fields),
            **_credential(detail.credential),
            "authorized_at": _instant(detail.authorized_at),
            "refresh_token_fingerprint": detail.fingerprint,
            "versions": [_version(version) for version in detail.versions],
        },
        "token": {
            **_token(detail.record, policy),
            "versions": [_version(version) for version in detail.issues],
        },
    }


def detail_lines(shown: Mapping[str, object]) -> Iterator[str]:
    """The same as lines: a name, and what stands behind it."""
    width = max(len(name) for name in (*shown, *_within(shown)))
    for name, value in shown.items():
        if isinstance(value, Mapping):
            yield f"\n{name}"
            yield from (f"  {inner:<{width}}  {_text(each)}" for inner, each in value.items() if each is not None)
        elif value is not None:
            yield f"{name:<{width + 2}}  {_text(value)}"


def _within(shown: Mapping[str, object]) -> Iterable[str]:
    return [name for value in shown.values() if isinstance(value, Mapping) for name in value]


def _text(value: object) -> str:
    match value:
        case [dict(), *_]:
            return f"\n{' ' * 4}".join(["", *(" ".join(map(str, each.values())) for each in value)])
        case list():
            return ", ".join(map(str, value)) or "none"
        case _:
            return str(value)


def _cells(glance: Glance, now: datetime) -> tuple[str, ...]:
    left = span(glance.expires_at - now) if glance.expires_at else "-"
    return (glance.name, glance.state, left, str(glance.version), glance.data_center or "-", glance.client or "-")


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _credential(credential: Credential | None) -> Json:
    if credential is None:
        return {}
    grant = credential.grant
    by_itself = isinstance(grant, ClientCredentialsGrant)
    return {
        "grant": "client_credentials" if by_itself else "refresh_token",
        "accounts_server": str(credential.accounts_server),
        "scope": credential.scope,
        "soid": grant.soid if isinstance(grant, ClientCredentialsGrant) else None,
        "refresh_at": credential.refresh_at,
    }


def _token(record: TokenRecord | None, policy: Policy) -> Json:
    if record is None:
        return {}
    floor = record.expires_at - record.refresh_after - LONGEST_NORMAL_REFRESH - policy.sweep_interval
    return {
        "issued_at": _instant(record.issued_at),
        "expires_at": _instant(record.expires_at),
        "refresh_after": _instant(record.refresh_after),
        "floor_seconds": max(round(floor.total_seconds()), 0),
        "api_domain": record.api_domain,
        "accounts_server": record.accounts_server,
        "scope": record.scope,
    }
