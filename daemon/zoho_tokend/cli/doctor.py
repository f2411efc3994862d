"""``zoho-tokend doctor``: what is wrong with this set-up, and how it is mended."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from http.client import HTTPException
from urllib.parse import quote

import click

from zoho_tokend.app.doctor import examined
from zoho_tokend.cli.examination_text import lines
from zoho_tokend.cli.group import load, told_plainly
from zoho_tokend.cli.running_daemon import get, local_address
from zoho_tokend.cli.width import terminal_width
from zoho_tokend.core.errors import BadSettings
from zoho_tokend.doctor.connection import DaemonsView
from zoho_tokend.doctor.finding import Finding, Level, worst
from zoho_tokend.doctor.judging.settings import unusable


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON: [{area, subject, level, finding, fix}].")
@told_plainly
def doctor(*, as_json: bool) -> None:
    """Examine this set-up, from the settings outwards; each finding is one line, with the fix.

    Run it with the daemon's own settings and login, for it judges what these may do. It changes nothing, and asks Zoho
    for no token. Exit code 1 when something is wrong, 0 when there are warnings at most.
    """
    findings = _findings()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for line in lines(findings, width=terminal_width()):
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
