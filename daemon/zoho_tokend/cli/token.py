"""``zoho-tokend token``: print the token in Vault, for scripts."""

import asyncio
import sys
from datetime import timedelta

import click

from zoho_tokend.app.adapters import vault
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.parameters import CONNECTION, DURATION
from zoho_tokend.clock import SystemClock
from zoho_tokend.core.model import ConnectionName, TokenRecord
from zoho_tokend.settings import Settings


@click.command()
@click.argument("name", type=CONNECTION)
@click.option("--header", is_flag=True, help="Print the Authorization header's value instead: Zoho-oauthtoken …")
@click.option(
    "--min-life",
    type=DURATION,
    default="1m",
    show_default=True,
    help="Refuse a token with less life left; 0s accepts any token, even an expired one.",
)
@report_errors
def token(name: ConnectionName, *, header: bool, min_life: timedelta) -> None:
    """Print the access token of connection NAME, from Vault.

    Needs only a policy that reads the token record. Zoho is not asked.

    \b
    zoho-tokend token crm-prod --header | sed 's/^/Authorization: /' | curl -H @- https://www.zohoapis.eu/crm/v8/org
    """
    record = asyncio.run(_record(load(), name))
    if record is None:
        click.echo(f"zoho-tokend: there is no token for {name}: is it a connection, and does the daemon run?", err=True)
        sys.exit(1)
    left = record.expires_at - SystemClock().now()
    if min_life and left < min_life:
        _refuse(name, left, min_life)
    access_token = record.access_token.reveal()
    click.echo(f"Zoho-oauthtoken {access_token}" if header else access_token)


def _refuse(name: str, left: timedelta, min_life: timedelta) -> None:
    seconds = left.total_seconds()
    age = f"expired {-seconds:.0f} s ago" if seconds <= 0 else f"has {seconds:.0f} s left"
    click.echo(
        f"zoho-tokend: the token of {name} {age}, and {min_life.total_seconds():.0f} s were asked for: "
        "see the daemon's /status, or pass --min-life 0s to take it as it is",
        err=True,
    )
    sys.exit(1)


async def _record(settings: Settings, connection: ConnectionName) -> TokenRecord | None:
    session, store = vault(settings, clock=SystemClock(), emit=lambda _event: None, role="reader")
    try:
        await session.open()
        return (await store.published(connection)).record
    finally:
        await session.close()
