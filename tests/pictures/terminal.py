"""A picture of a terminal: what a command drew there, as SVG that loads nothing."""

import re
from collections.abc import Callable
from io import StringIO
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import pyte
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.support.people.person import LINES

_THEME: Final = TerminalTheme(
    background=(18, 21, 24),
    foreground=(216, 220, 224),
    normal=[
        (88, 96, 105),
        (244, 137, 141),
        (92, 194, 140),
        (227, 171, 80),
        (140, 182, 242),
        (200, 160, 230),
        (110, 200, 205),
        (216, 220, 224),
    ],
)
# pyte's own names of the eight colours, where they are not rich's.
_NAMES: Final = {"brown": "yellow"}
# A little larger than rich lays it out for, and no line clipped, so that the lines of a box meet from row to row.
_LINE_CLIP: Final = re.compile(r' clip-path="url\(#terminal-line-\d+\)"')
_FORMAT: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="%s">
<style>
.{unique_id}-matrix {{
  font: 21px/{line_height}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
}}
.{unique_id}-title {{ font: bold 18px system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def picture(drawn: bytes, *, columns: int, title: str, hide: Callable[[str], str] = str) -> str:
    """The screen after this was drawn, to its last line that is not empty.

    Args:
        hide: what becomes of a line's text before it is shown; it must not change its length.
    """
    screen = pyte.Screen(columns, LINES)
    pyte.ByteStream(screen).feed(drawn)
    console = Console(record=True, width=columns, file=StringIO(), force_terminal=True, legacy_windows=False)
    last = max((row for row in range(screen.lines) if screen.display[row].strip()), default=0)
    for row in range(last + 1):
        console.print(_line(screen, row, hide), no_wrap=True, overflow="crop")
    drawing = console.export_svg(title=title, theme=_THEME, code_format=_FORMAT % title, unique_id="terminal")
    unclipped = _LINE_CLIP.sub("", drawing)
    return "\n".join(filter(None, map(str.strip, unclipped.splitlines()))) + "\n"


def _line(screen: Any, row: int, hide: Callable[[str], str]) -> Text:
    shown = hide(screen.display[row])
    assert len(shown) == screen.columns
    styles = [_style(screen.buffer[row][column]) for column in range(screen.columns)]
    runs = groupby(zip(styles, shown, strict=True), key=itemgetter(0))
    line = Text.assemble(*(("".join(character for _, character in run), style) for style, run in runs))
    line.rstrip()
    return line


def _style(cell: Any) -> Style:
    return Style(color=_colour(cell.fg), bold=cell.bold, italic=cell.italics)


def _colour(name: str) -> Color | None:
    if name == "default":
        return None
    return Color.parse(f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else _NAMES.get(name, name))
