"""What the demo shows: each connection with the life left in its token, and what to try beside it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from zoho_tokend.core.facts import HEALTHY, ConnectionFacts, State

_BAR_WIDTH = 24


def table(connections: Sequence[ConnectionFacts], *, now: datetime, lifetime: timedelta, refreshes: int) -> Table:
    """Return the table: one row for each connection, by name."""
    rows = Table(
        title="A job that reads a token from Vault, at any moment, finds one with life left",
        caption=f"{refreshes} refreshes so far; a token lives {lifetime.total_seconds():.0f} s here, an hour at Zoho",
        title_style="bold",
        expand=False,
    )
    for heading in ("connection", "state", "life left", "", "next refresh", "version in Vault"):
        rows.add_column(heading, no_wrap=True, justify="right" if heading in {"", "version in Vault"} else "left")
    for each in sorted(connections, key=lambda facts: facts.name):
        left = max((each.expires_at - now) if each.expires_at else timedelta(), timedelta())
        rows.add_row(
            each.name, _state(each.state), _bar(left / lifetime), _seconds(left), _next(each, now), str(each.version)
        )
    return rows


def things_to_try(commands: Sequence[str], *, secret: str) -> RenderableType:
    """Return a panel of commands for a second terminal, and a note on the token in them."""
    text = Text("In another terminal, from this folder:\n\n", style="dim")
    for command in commands:
        text.append(command + "\n", style="cyan")
    text.append(f"\n{secret}", style="dim")
    return Panel(text, title="try", title_align="left", expand=False)


def screen(rows: Table, panel: RenderableType) -> RenderableType:
    """Return the whole screen."""
    return Group(rows, panel, Text("Ctrl-C stops everything that this started.", style="dim"))


def _state(state: State) -> Text:
    style = "green" if state in HEALTHY else "yellow" if state is State.PENDING else "bold red"
    return Text(state, style=style)


def _bar(share: float) -> Text:
    filled = round(min(share, 1.0) * _BAR_WIDTH)
    style = "green" if share > 1 / 3 else "yellow" if share > 1 / 10 else "red"
    return Text("█" * filled, style=style).append("░" * (_BAR_WIDTH - filled), style="dim")


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"


def _next(each: ConnectionFacts, now: datetime) -> str:
    if each.next_refresh_at is None:
        return "under way"
    return f"in {max((each.next_refresh_at - now).total_seconds(), 0):.0f} s"
