"""``zoho-tokend connections``: list, show, import and remove."""

import asyncio
import json
import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta

import click

from zoho_tokend.app.adapters import layout_of
from zoho_tokend.app.operator import Operator, operator
from zoho_tokend.cli.connection_view import detail_json, detail_lines, summary_json, summary_lines
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.import_file import import_file
from zoho_tokend.cli.parameters import CONNECTION
from zoho_tokend.cli.running_daemon import local_address, pickup_sentence
from zoho_tokend.cli.terminal import fitting, terminal_width
from zoho_tokend.concurrency import map_concurrently
from zoho_tokend.core.facts import HEALTHY
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.operations import removal
from zoho_tokend.operations.removal import Removed
from zoho_tokend.operations.snapshot import Detail, Inventory, Summary
from zoho_tokend.settings import Settings


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
@report_errors
def connections(context: click.Context, *, as_json: bool) -> None:
    """List the connections, as Vault shows them; no secret is shown.

    States are judged by the records alone; `connections show` asks the daemon, too.
    """
    if context.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError("--json comes after the subcommand")
        return
    summaries, ill_named, now = asyncio.run(_summaries(load()))
    if as_json:
        click.echo(json.dumps([summary_json(summary, now) for summary in summaries], indent=2))
    elif summaries:
        click.echo("\n".join(summary_lines(summaries, now, width=terminal_width())))
    for name in ill_named:
        click.echo(f"Ignored: {name!r} is not a valid connection name", err=True)
    click.echo(_summary(summaries), err=True)


@connections.command(short_help="Show everything about one connection but secrets.")
@click.argument("name", type=CONNECTION)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@report_errors
def show(name: ConnectionName, *, as_json: bool) -> None:
    """Show everything about connection NAME but secrets.

    The refresh token is shown as a fingerprint: two connections with the same one share one budget.
    """
    detail, daemon, now = asyncio.run(_detail(load(), name))
    if as_json:
        click.echo(json.dumps(detail_json(detail, now) | {"daemon": daemon}, indent=2))
        return
    click.echo("\n".join(detail_lines(detail, now, width=terminal_width())))
    click.echo("\n" + fitting(f"{daemon}.", terminal_width()))


@connections.command(short_help="Delete a connection; it can be restored.")
@click.argument("name", type=CONNECTION)
@click.option("--yes", is_flag=True, help="Do not ask.")
@report_errors
def remove(name: ConnectionName, *, yes: bool) -> None:
    """Delete the credential of connection NAME: its token is not refreshed any more.

    The deletion can be undone with the command that is printed. It does not revoke the grant at Zoho: run
    `zoho-tokend revoke NAME` first for that.
    """
    settings = load()
    if not yes:
        click.echo(
            f"{name} will not be refreshed any more; its last token stays valid until it expires.\n"
            f"The grant at Zoho stays valid: to revoke it, answer no, and run `zoho-tokend revoke {name}` first.",
            err=True,
        )
        click.confirm(f"Remove {name}?", abort=True, err=True)
    removed = asyncio.run(_remove(settings, name))
    click.echo(f"The credential of {name} is deleted; a running daemon forgets it at its next refresh.", err=True)
    if removed.token_lives_until:
        click.echo(
            f"The published token stays valid until {removed.token_lives_until:%Y-%m-%d %H:%M:%S} UTC.", err=True
        )
        for target in settings.publish_targets:
            click.echo(f"So does its {target.shape} at {layout_of(settings).target(target, name)}.", err=True)
    if removed.granted:
        click.echo(
            f"The grant at Zoho is not revoked: to end it, restore the credential and run `zoho-tokend revoke {name}`.",
            err=True,
        )
    click.echo("To restore it:", err=True)
    click.echo(f"vault kv undelete -versions={removed.version} {shlex.quote(removed.where)}")


connections.add_command(import_file)


async def _summaries(settings: Settings) -> tuple[Sequence[Summary], Sequence[str], datetime]:
    async with operator(settings) as here:
        listing = await here.store.names()
        inventory, names = _inventory(here), sorted(listing.names)
        found = await map_concurrently(
            inventory.summary, names, at_once=settings.concurrency, crashed=inventory.crashed
        )
        return [summary for summary in found if summary], sorted(listing.ill_named), here.clock.now()


async def _detail(settings: Settings, name: ConnectionName) -> tuple[Detail, str, datetime]:
    async with operator(settings) as here:
        detail = await _inventory(here).detail(name)
        daemon = await pickup_sentence(name, local_address(settings.listen), within=timedelta())
        return detail, daemon, here.clock.now()


async def _remove(settings: Settings, name: ConnectionName) -> Removed:
    async with operator(settings) as here:
        return await removal.remove(name, records=here.registry, tokens=here.store)


def _inventory(here: Operator) -> Inventory:
    return Inventory(here.registry, here.store, location=here.servers.location, policy=here.policy, clock=here.clock)


def _summary(summaries: Sequence[Summary]) -> str:
    if not summaries:
        return "There is no connection in Vault: make one with `zoho-tokend authorize`."
    well = sum(summary.state in HEALTHY for summary in summaries)
    return f"{well} of {len(summaries)} are well."
