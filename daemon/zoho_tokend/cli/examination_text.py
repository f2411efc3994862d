"""Findings as text: by area, the levels and subjects in columns; a line each, wrapped at a terminal alone."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Final

import click

from zoho_tokend.doctor.finding import Finding, Level

_COLOURS: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.WRONG: "red"}
_LEVEL_WIDTH: Final = max(len(level) for level in Level)
_LONGEST_COLUMN: Final = 36
_NARROWEST: Final = 30


def lines(findings: Sequence[Finding], *, width: int | None) -> Iterator[str]:
    """The text; ``width`` is the terminal's, None for a file or another program, which gets a line for each finding."""
    for area, group in groupby(findings, key=lambda finding: finding.area):
        of_area = list(group)
        column = max((len(one.subject) for one in of_area if len(one.subject) <= _LONGEST_COLUMN), default=0)
        yield click.style(area.upper(), bold=True)
        for finding in of_area:
            yield from _lines(finding, column, width)


def _lines(finding: Finding, column: int, width: int | None) -> Iterator[str]:
    told = f"{finding.subject:<{column}}  {finding.finding}" + (f" → {finding.fix}" if finding.fix else "")
    level = click.style(f"{finding.level:<{_LEVEL_WIDTH}}", fg=_COLOURS[finding.level])
    margin = _LEVEL_WIDTH + 4
    room = None if width is None else max(width - margin, _NARROWEST)
    first, *rest = [told] if room is None else _wrapped(told, column + 2, room)
    yield f"  {level}  {first}"
    yield from (" " * margin + line for line in rest)


def _wrapped(told: str, indent: int, room: int) -> list[str]:
    """Later lines stand under the finding, where there is room for that."""
    hanging = " " * (indent if indent <= room - _NARROWEST else 2)
    return wrap(told, room, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False) or [told]
