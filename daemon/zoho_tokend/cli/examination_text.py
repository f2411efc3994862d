"""Findings as text: by area, the levels and subjects in columns; a line each, or at a terminal as many as it takes."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Final

import click

from zoho_tokend.doctor.finding import Finding, Level

_COLOURS: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.WRONG: "red"}
_LEVEL_WIDTH: Final = max(len(level) for level in Level)
_LONGEST_COLUMN: Final = 36
_NARROWEST: Final = 36


def lines(findings: Sequence[Finding], *, width: int | None) -> Iterator[str]:
    """The text; ``width`` is the terminal's, None for a file or another program, which gets a line for each finding."""
    for area, group in groupby(findings, key=lambda finding: finding.area):
        of_area = list(group)
        column = max((len(one.subject) for one in of_area if len(one.subject) <= _LONGEST_COLUMN), default=0)
        yield click.style(area.upper(), bold=True)
        for finding in of_area:
            yield from _lines(finding, column, width)


def _lines(finding: Finding, column: int, width: int | None) -> Iterator[str]:
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
