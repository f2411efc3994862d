"""Connections as lines for people. Nothing secret comes this far."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from zoho_tokend.core.facts import State
from zoho_tokend.core.model import ClientCredentialsGrant, Credential
from zoho_tokend.inventory.reading import Detail, Glance
from zoho_tokend.vault.kv import Version
from zoho_tokend.web.durations import relative, span

_HEADINGS = ("NAME", "STATE", "LIFE LEFT", "VERSION", "DATA CENTRE", "CLIENT")
_NEWEST = 5


def glance_lines(glances: Sequence[Glance], now: datetime) -> Iterator[str]:
    """The list: a line for each, and its problem below it."""
    lines = _aligned([_HEADINGS, *(_cells(glance, now) for glance in glances)])
    yield next(lines)
    for line, glance in zip(lines, glances, strict=True):
        yield line
        if glance.problem:
            yield f"    {glance.problem}"


def detail_lines(detail: Detail, now: datetime) -> Iterator[str]:
    """Everything of one connection that is no secret."""
    yield f"{detail.glance.name} is {detail.glance.state}" + (
        f": {detail.glance.problem}" if detail.glance.problem else ""
    )
    for heading, facts in (("Credential", _credential(detail, now)), ("Token", _token(detail, now))):
        yield f"\n{heading}"
        yield from (f"  {line}" for line in _aligned([fact for fact in facts if fact[1]]))


def _cells(glance: Glance, now: datetime) -> tuple[str, ...]:
    left = span(glance.expires_at - now) if glance.expires_at else "-"
    client = glance.client or ("-" if glance.state is State.MISCONFIGURED else "inline")
    return (glance.name, glance.state, left, str(glance.version), glance.data_center or "-", client)


def _credential(detail: Detail, now: datetime) -> Iterator[tuple[str, str]]:
    yield "where", f"{detail.document.where}, version {detail.document.version}"
    yield "fields", ", ".join(sorted(detail.document.fields))
    yield "client", detail.glance.client or ""
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
            return f"a refresh token of the fingerprint {detail.fingerprint}"


def _token(detail: Detail, now: datetime) -> Iterator[tuple[str, str]]:
    record = detail.record
    yield "version", str(detail.glance.version)
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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
