"""Connections as text and as JSON. Nothing secret is shown."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import click

from zoho_tokend.cli.terminal import fitting
from zoho_tokend.core.facts import HEALTHY, WAITING_FOR_A_PERSON, State
from zoho_tokend.core.instants import relative, span
from zoho_tokend.core.model import ClientCredentialsGrant, Credential, TokenRecord
from zoho_tokend.operations.snapshot import Detail, Summary
from zoho_tokend.vault.kv import Version

_HEADINGS = ("NAME", "STATE", "LIFE LEFT", "VERSION", "DATA CENTRE", "CLIENT")
_NEWEST = 5
_GAP = 2
_NARROWEST = 12


def summary_lines(summaries: Sequence[Summary], now: datetime, *, width: int | None) -> Iterator[str]:
    """Yield the list: a line for each connection, and its problem below it.

    At a terminal, a name that would make the lines too wide gets a line of its own.
    """
    rows = [_HEADINGS, *(_cells(summary, now) for summary in summaries)]
    widths = _widths(rows)
    widths[0] = min(widths[0], max(width - sum(widths[1:]) - _GAP * len(widths[1:]), _NARROWEST) if width else 128)
    yield _line(_HEADINGS, widths)
    for row, summary in zip(rows[1:], summaries, strict=True):
        if len(summary.name) > widths[0]:
            yield summary.name
        yield _line(row if len(summary.name) <= widths[0] else ("", *row[1:]), widths, colour=_colour(summary.state))
        if summary.problem:
            yield fitting(summary.problem, width, indent="    ")


def detail_lines(detail: Detail, now: datetime, *, width: int | None) -> Iterator[str]:
    """Yield everything about one connection but secrets."""
    problem = f": {detail.summary.problem}" if detail.summary.problem else ""
    yield fitting(f"{detail.summary.name} is {detail.summary.state}{problem}", width)
    for heading, facts in (("Credential", _credential(detail, now)), ("Token", _token(detail, now))):
        yield f"\n{click.style(heading, bold=True)}"
        yield from (f"  {line}" for line in _aligned([fact for fact in facts if fact[1]]))


def _cells(summary: Summary, now: datetime) -> tuple[str, ...]:
    left = span(summary.expires_at - now) if summary.expires_at else "-"
    client = summary.client or ("-" if summary.state is State.MISCONFIGURED else "inline")
    return (summary.name, summary.state, left, str(summary.version), summary.data_center or "-", client)


def _credential(detail: Detail, now: datetime) -> Iterator[tuple[str, str]]:
    yield "where", f"{detail.document.where}, version {detail.document.version}"
    # Whoever may write the record chooses their names, and a terminal obeys some characters.
    yield "fields", ", ".join(sorted(name if name.isprintable() else ascii(name) for name in detail.document.values))
    yield "client", detail.summary.client or ""
    if detail.credential:
        yield "grant", _grant(detail)
        yield "accounts server", str(detail.credential.accounts_server)
        yield "scope", detail.credential.scope or ""
        yield (
            "refresh at",
            f"{detail.credential.refresh_at:.0%} of a token's life" if detail.credential.refresh_at else "",
        )
    yield "authorized", _moment(detail.authorized_at, now)
    yield from _versions(detail.versions, now)


def _grant(detail: Detail) -> str:
    match detail.credential:
        case Credential(grant=ClientCredentialsGrant(soid=soid)):
            return f"the client's own (client credentials), for {soid}"
        case _:
            return f"a refresh token with the fingerprint {detail.fingerprint}"


def _token(detail: Detail, now: datetime) -> Iterator[tuple[str, str]]:
    record = detail.record
    yield "version", str(detail.summary.version)
    if record:
        floor = f"; a reader may count on {span(detail.floor)}" if detail.floor else ""
        yield "life left", f"{span(record.expires_at - now)} of {span(record.expires_at - record.issued_at)}{floor}"
        yield "issued", _moment(record.issued_at, now)
        yield "due", _moment(record.refresh_after, now)
        yield "expires", _moment(record.expires_at, now)
        yield "API domain", record.api_domain
        yield "scope", record.scope
    yield "budget", f"{detail.budget} issues left in the present ten minutes, by the versions below"
    yield from _versions(detail.issues, now)


def _versions(versions: Sequence[Version], now: datetime) -> Iterator[tuple[str, str]]:
    for version in reversed(versions[-_NEWEST:]):
        deleted = ", deleted" if version.deleted else ""
        yield f"version {version.number}", f"written {_moment(version.written_at, now)}{deleted}"


def _moment(moment: datetime | None, now: datetime) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC ({relative(moment - now)})"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = _widths(rows)
    return (_line(row, widths) for row in rows)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _line(row: Sequence[str], widths: Sequence[int], *, colour: str | None = None) -> str:
    """Return the cells in columns, the second one, the state, in its colour."""
    cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
    if colour:
        cells[1] = click.style(cells[1], fg=colour)
    return (" " * _GAP).join(cells).rstrip()


def _colour(state: State) -> str:
    if state in HEALTHY:
        return "green"
    return "red" if state in (WAITING_FOR_A_PERSON | {State.EXPIRED}) - {State.REVOKED} else "yellow"


Json = Mapping[str, object]


def summary_json(summary: Summary, now: datetime) -> dict[str, object]:
    """Return one connection of the list."""
    left = None if summary.expires_at is None else max(int((summary.expires_at - now).total_seconds()), 0)
    return {
        "name": summary.name,
        "state": summary.state,
        "data_center": summary.data_center,
        "client": summary.client,
        "expires_at": _instant_json(summary.expires_at),
        "life_left_seconds": left,
        "version": summary.version,
        "problem": summary.problem,
    }


def detail_json(detail: Detail, now: datetime) -> dict[str, object]:
    """Return everything about one connection but secrets."""
    credential = {
        "path": detail.document.where,
        "version": detail.document.version,
        "fields": sorted(detail.document.values),
        **_credential_json(detail.credential),
        "authorized_at": _instant_json(detail.authorized_at),
        "refresh_token_fingerprint": detail.fingerprint,
        "versions": [_version_json(version) for version in detail.versions],
    }
    token = _token_json(detail.record) | {
        "floor_seconds": None if detail.floor is None else int(detail.floor.total_seconds()),
        "versions": [_version_json(version) for version in detail.issues],
    }
    return {
        **summary_json(detail.summary, now),
        "budget_remaining": detail.budget,
        "credential": credential,
        "token": token,
    }


def _credential_json(credential: Credential | None) -> Json:
    if credential is None:
        return {}
    asks_itself = isinstance(credential.grant, ClientCredentialsGrant)
    return {
        "grant_type": "client_credentials" if asks_itself else "refresh_token",
        "accounts_server": str(credential.accounts_server),
        "scope": credential.scope,
        "soid": credential.grant.soid if isinstance(credential.grant, ClientCredentialsGrant) else None,
        "refresh_at": credential.refresh_at,
    }


def _token_json(record: TokenRecord | None) -> dict[str, object]:
    if record is None:
        return {}
    return {
        "issued_at": _instant_json(record.issued_at),
        "refresh_after": _instant_json(record.refresh_after),
        "expires_at": _instant_json(record.expires_at),
        "api_domain": record.api_domain,
        "scope": record.scope,
    }


def _version_json(version: Version) -> Json:
    return {"version": version.number, "written_at": _instant_json(version.written_at), "deleted": version.deleted}


def _instant_json(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
