"""``zoho-tokend refresh``: one refresh now, in this process."""

import asyncio
import sys
from typing import Final

import click

from zoho_tokend.app.operator import operator
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.parameters import CONNECTION
from zoho_tokend.core.connection import Reason
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.events import RefreshDeferred, Refreshed, RefreshFailed
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.engine.one_shot import Ended
from zoho_tokend.settings import Settings

_WHY: Final = {
    Reason.BUDGET: "the budget of its refresh token for ten minutes is spent",
    Reason.CLIENT_LIMIT: "Zoho throttles its client",
}


@click.command()
@click.argument("name", type=CONNECTION)
@report_errors
def refresh(name: ConnectionName) -> None:
    """Ask Zoho for a new token for connection NAME, now, and put it into Vault.

    Safe beside a running daemon: it costs one issue of the same budget, and a newer record never loses to an older one.
    The old token goes on working until its own end. Exit code 1 when there is no new token.
    """
    ended = asyncio.run(_refresh(load(), name))
    click.echo(sentence(ended), err=True)
    if not isinstance(ended, Refreshed):
        sys.exit(1)


def sentence(ended: Ended) -> str:
    """How it ended, for a person."""
    name = ended.connection
    match ended:
        case Refreshed(outcome=Outcome.ADOPTED):
            return (
                f"Somebody else has just published a token of {name} that lives longer: it stays, as version "
                f"{ended.version}, good until {ended.expires_at:%H:%M:%S} UTC."
            )
        case Refreshed():
            return f"{name} has a new token, version {ended.version}, good until {ended.expires_at:%H:%M:%S} UTC."
        case RefreshFailed(error=error):
            return f"{name} has no new token: {error}."
        case RefreshDeferred(reason=reason, until=until):
            why = _WHY[Reason(reason)]
            return f"{name} has no new token, for Zoho was not asked: {why}; try again at {until:%H:%M:%S} UTC."


async def _refresh(settings: Settings, name: ConnectionName) -> Ended:
    async with operator(settings) as here:
        return await here.one_shot.refresh(name)
