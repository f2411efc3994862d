"""``zoho-tokend doctor``: what is wrong with this set-up, and how it is mended."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from http.client import HTTPException
from itertools import groupby
from textwrap import wrap
from typing import Final
from urllib.parse import quote

import click

from zoho_tokend.app.doctor import examined
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.running_daemon import get, local_address
from zoho_tokend.cli.terminal import terminal_width
from zoho_tokend.core.errors import BadSettings
from zoho_tokend.doctor.finding import Finding, Level, worst
from zoho_tokend.doctor.records import DaemonsView
from zoho_tokend.doctor.vault_checks import unusable


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON: [{area, subject, level, finding, fix}].")
@report_errors
def doctor(*, as_json: bool) -> None:
    """Examine this set-up, from the settings outwards; each finding is one line, with the fix.

    Run it with the daemon's own settings and login, for it judges what these may do. It changes nothing, and asks Zoho
    for no token. Exit code 1 when something is wrong, 0 when there are warnings at most.
    """
    findings = _findings()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for line in finding_lines(findings, width=terminal_width()):
            click.echo(line)
        counts = Counter(finding.level for finding in findings)
        click.echo(f"\n{counts[Level.WRONG]} wrong, {counts[Level.WARNING]} to be looked at, {counts[Level.OK]} ok.")
    sys.exit(1 if worst(findings) is Level.WRONG else 0)


def _findings() -> Sequence[Finding]:
    try:
        settings = load()
        return asyncio.run(examined(settings, _daemons_view(local_address(settings.listen))))
    except BadSettings as error:
        return list(unusable(str(error)))


def _daemons_view(address: str) -> Mapping[str, DaemonsView] | None:
    """What the daemon there says of each connection; None where none answers."""
    found: dict[str, DaemonsView] = {}
    page: str | None = ""
    try:
        while page is not None:
            status, text = get(address, f"/status?limit=1000&after={quote(page)}" if page else "/status?limit=1000")
            if status != HTTPStatus.OK:
                return None
            document = json.loads(text)
            found |= {
                row["name"]: DaemonsView(state=row["state"], error=row["error"]) for row in document["connections"]
            }
            page = document["after"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
    return found


_COLOURS: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.WRONG: "red"}
_LEVEL_WIDTH: Final = max(len(level) for level in Level)
_LONGEST_COLUMN: Final = 36
_NARROWEST: Final = 36


def finding_lines(findings: Sequence[Finding], *, width: int | None) -> Iterator[str]:
    """The text; ``width`` is the terminal's, None for a file or another program, which gets a line for each finding."""
    for area, group in groupby(findings, key=lambda finding: finding.area):
        of_area = list(group)
        column = max((len(one.subject) for one in of_area if len(one.subject) <= _LONGEST_COLUMN), default=0)
        yield click.style(area.upper(), bold=True)
        for finding in of_area:
            yield from _finding_lines(finding, column, width)


def _finding_lines(finding: Finding, column: int, width: int | None) -> Iterator[str]:
    level = click.style(f"{finding.level:<{_LEVEL_WIDTH}}", fg=_COLOURS[finding.level])
    told = f"{finding.subject:<{column}}  {finding.finding}"
    fix = f"→ {finding.fix}" if finding.fix else ""
    if width is None:
        yield f"  {level}  {told} {fix}".rstrip()
        return
    margin = _LEVEL_WIDTH + 4
    room = max(width - margin, _NARROWEST)
    indent = " " * (column + 2 if column + 2 <= room - _NARROWEST else 2)
    first, *rest = _wrapped(told, room, later=indent)
    yield f"  {level}  {first}"
    yield from (" " * margin + line for line in rest + _wrapped(indent + fix, room, later=f"{indent}  "))


def _wrapped(text: str, room: int, *, later: str) -> list[str]:
    return wrap(text, room, subsequent_indent=later, break_long_words=False, break_on_hyphens=False)
