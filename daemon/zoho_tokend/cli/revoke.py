"""``zoho-tokend revoke``: the end of a connection's grant, at Zoho and in Vault."""

import asyncio

import click

from zoho_tokend.app.operator import operator
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.parameters import CONNECTION
from zoho_tokend.cli.terminal import Terminal
from zoho_tokend.core.consent import Revocation
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.operations.revocation import Ended, Revoking
from zoho_tokend.settings import Settings


@click.command()
@click.argument("name", type=CONNECTION)
@click.option("--yes", is_flag=True, help="Do not ask.")
@report_errors
def revoke(name: ConnectionName, *, yes: bool) -> None:
    """Revoke the grant of connection NAME at Zoho, and mark it as revoked in Vault.

    Its refresh token and every access token that it brought die at once: jobs that use one are answered 401
    INVALID_TOKEN from their next call on. So do those of every other connection with the same refresh token. There is
    no way back but a new consent.
    """
    settings = load()
    if not yes:
        click.echo(
            f"Revoking ends the refresh token of {name} and every access token that it brought, at once:\n"
            "jobs that use one are answered 401 INVALID_TOKEN from their next call on, and find none in Vault.\n"
            "There is no way back but a new consent.",
            err=True,
        )
        click.confirm(f"Revoke the grant of {name}?", abort=True, err=True)
    asyncio.run(_revoke(settings, name))


async def _revoke(settings: Settings, name: ConnectionName) -> None:
    terminal = Terminal()
    async with operator(settings) as here:
        revoking = Revoking(
            records=here.registry, targets=here.targets, credentials=here.store, zoho=here.zoho, clock=here.clock
        )
        for sentence in sentences(name, await revoking.revoke(name)):
            terminal.say(sentence)


def sentences(name: ConnectionName, ended: Ended) -> tuple[str, ...]:
    """How it ended, for a person."""
    was = "is revoked" if ended.how is Revocation.REVOKED else "was dead already"
    if ended.version is None:
        return (
            f"The grant of {name} {was}, at Zoho.",
            f"Somebody stored another credential of {name} meanwhile: it stays, and so does its token.",
        )
    return (
        f"The grant of {name} {was}, at Zoho.",
        f"Its credential says so, as version {ended.version}; a running daemon sees it within DISCOVERY_INTERVAL.",
        "Its dead token is withdrawn from Vault.",
        f"To connect it again: zoho-tokend authorize … {name} --replace",
        f"To forget it: zoho-tokend connections remove {name}",
    )
