"""``zoho-tokend authorize``: from a registered application to a connection that lives, for each client type."""

import asyncio
from pathlib import Path

import click

from zoho_tokend.app.operator import operator
from zoho_tokend.cli import obtaining
from zoho_tokend.cli.becoming import Wish, become_a_connection, finish_rescued
from zoho_tokend.cli.durations import DURATION
from zoho_tokend.cli.group import load, told_plainly
from zoho_tokend.cli.names import CLIENT, CONNECTION
from zoho_tokend.cli.obtaining import Obtain
from zoho_tokend.cli.terminal import Terminal, ask_secret
from zoho_tokend.consent.keeping import PATIENCE
from zoho_tokend.consent.rescue import recover
from zoho_tokend.core.model import ClientCredentialsGrant, ConnectionName

_SCOPES = "One or several, separated by commas: ZohoCRM.modules.ALL,ZohoCRM.org.READ"


@click.group(short_help="Make a connection of a grant, for each client type.")
def authorize() -> None:
    """Make a connection of a grant: one command for each client type of Zoho's console.

    \b
    the type in the console                     the command
    Server-based Application                    authorize web
    Mobile / Desktop Application                authorize web
    Self Client                                 authorize self-client, client-credentials
    Non-browser Mobile Application              authorize device
    Client-based (JavaScript) Application       none: it never gets a refresh token

    The refresh token goes from Zoho's answer straight into Vault. Add the client first: zoho-tokend client add
    """


def _wish(command: click.decorators.FC) -> click.decorators.FC:
    """What every flow is told."""
    for option in (
        click.option(
            "--patience",
            type=DURATION,
            default=PATIENCE,
            show_default="5m",
            help="How long Vault is asked again before the credential goes into an encrypted file.",
        ),
        click.option("--revoke-old", is_flag=True, help="With --replace: revoke the old grant when the new one works."),
        click.option("--replace", is_flag=True, help="Put a new credential in the place of one that is there."),
        click.option("--client", type=CLIENT, required=True, help="The client's name, as given to `client add`."),
        click.argument("connection", type=CONNECTION),
    ):
        command = option(command)
    return command


@authorize.command(short_help="Consent in a browser (server-based, mobile/desktop).")
@_wish
@click.option("--scope", required=True, help=_SCOPES)
@click.option("--redirect-uri", help="As registered in the console; the client's own where not given.")
@click.option("--paste", is_flag=True, help="Ask for the address that the browser ends on, instead of listening.")
@click.option("--no-browser", is_flag=True, help="Print the address to open, and open nothing.")
@told_plainly
def web(
    *,
    connection: ConnectionName,
    client: str,
    replace: bool,
    revoke_old: bool,
    scope: str,
    redirect_uri: str | None,
    paste: bool,
    no_browser: bool,
) -> None:
    """Consent in a browser (server-based and mobile/desktop clients)."""
    wish = _checked(Wish(connection=connection, client=client, scope=scope, replace=replace, revoke_old=revoke_old))
    browser = obtaining.Browser(redirect_uri=redirect_uri, paste=paste, open_it=not no_browser)
    asyncio.run(_web(wish, browser))


@authorize.command("self-client", short_help="Exchange a code that the console made.")
@_wish
@click.option("--scope", help="What was chosen in the console, for the record; Zoho's answer wins.")
@told_plainly
def self_client(*, connection: ConnectionName, client: str, replace: bool, revoke_old: bool, scope: str | None) -> None:
    """Exchange a code that the console made for a self client.

    In Zoho's API console: Self Client, Generate Code, scopes, a duration. The code lives 3 to 10 minutes.
    """
    wish = _checked(Wish(connection=connection, client=client, scope=scope, replace=replace, revoke_old=revoke_old))
    asyncio.run(_simple(wish, obtaining.self_client))


@authorize.command(short_help="Consent on another device, with a code shown here.")
@_wish
@click.option("--scope", required=True, help=_SCOPES)
@told_plainly
def device(*, connection: ConnectionName, client: str, replace: bool, revoke_old: bool, scope: str) -> None:
    """Consent on another device, with a code that is shown here (non-browser clients)."""
    wish = _checked(Wish(connection=connection, client=client, scope=scope, replace=replace, revoke_old=revoke_old))
    asyncio.run(_simple(wish, obtaining.device))


@authorize.command("client-credentials", short_help="Let a self client ask for itself, without a user.")
@_wish
@click.option("--scope", required=True, help=_SCOPES)
@click.option("--soid", required=True, help="The service and organisation: ZohoCRM.<org id>")
@told_plainly
def client_credentials(
    *, connection: ConnectionName, client: str, replace: bool, revoke_old: bool, scope: str, soid: str
) -> None:
    """Let a self client ask for itself: no user, no consent, no refresh token."""
    wish = _checked(Wish(connection=connection, client=client, scope=scope, replace=replace, revoke_old=revoke_old))
    grant = ClientCredentialsGrant(soid=soid, scope=scope)
    asyncio.run(_simple(wish, obtaining.client_credentials(grant)))


@authorize.command(short_help="Put a rescued credential into Vault.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@told_plainly
def finish(*, file: Path) -> None:
    """Put into Vault what FILE holds: a credential that Vault did not take when it was new."""
    rescued = recover(file, ask_secret("Passphrase"))
    asyncio.run(finish_rescued(load(), rescued, file))


async def _web(wish: Wish, browser: obtaining.Browser) -> None:
    terminal = Terminal()
    with terminal.interruption.heeded():
        async with operator(load()) as here, browser.ending(terminal):
            await become_a_connection(here, terminal, wish, browser.obtain)


async def _simple(wish: Wish, obtain: Obtain) -> None:
    terminal = Terminal()
    with terminal.interruption.heeded():
        async with operator(load()) as here:
            await become_a_connection(here, terminal, wish, obtain)


def _checked(wish: Wish) -> Wish:
    if wish.revoke_old and not wish.replace:
        raise click.UsageError("--revoke-old goes with --replace: there is nothing old otherwise")
    return wish
