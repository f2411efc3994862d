"""``zoho-tokend authorize``: from a registered application to a connection that lives, for each client type."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from pathlib import Path

import click

from zoho_tokend.app.operator import operator
from zoho_tokend.cli import obtaining
from zoho_tokend.cli.becoming import AuthorizeRequest, authorize_connection, finish_rescued
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.obtaining import Obtain
from zoho_tokend.cli.parameters import CLIENT, CONNECTION, DURATION
from zoho_tokend.cli.terminal import Terminal, ask_secret
from zoho_tokend.core.model import ClientCredentialsGrant, ConnectionName, GrantType
from zoho_tokend.operations.rescue_file import recover

_SCOPES = "One or several, separated by commas: ZohoCRM.modules.ALL,ZohoCRM.org.READ"
_SCOPES_AS_BEFORE = f"{_SCOPES}; with --replace, those before where not given."


@click.group()
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


def _requesting(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of every flow, which reach it as one request."""

    @wraps(command)
    def request(
        *,
        connection: ConnectionName,
        client: str | None,
        replace: bool,
        revoke_old: bool,
        patience: timedelta,
        rescue_folder: Path,
        scope: str | None = None,
        **own: object,
    ) -> None:
        if revoke_old and not replace:
            raise click.UsageError("--revoke-old goes with --replace: there is nothing old otherwise")
        if client is None and not replace:
            raise click.UsageError("--client is missing: only --replace takes it from the credential that is there")
        made = AuthorizeRequest(
            connection=connection,
            client=client,
            scope=scope,
            replace=replace,
            revoke_old=revoke_old,
            patience=patience,
            rescue_folder=rescue_folder,
        )
        command(request=made, **own)

    told = report_errors(request)
    for option in (
        click.option(
            "--patience",
            type=DURATION,
            default="5m",
            show_default=True,
            help="How long Vault is asked again before the credential goes into an encrypted file.",
        ),
        click.option(
            "--rescue-folder",
            type=click.Path(path_type=Path, file_okay=False),
            default=".",
            show_default=True,
            help="Where that file is put.",
        ),
        click.option("--revoke-old", is_flag=True, help="With --replace: revoke the old grant when the new one works."),
        click.option("--replace", is_flag=True, help="Put a new credential in the place of one that is there."),
        click.option(
            "--client",
            type=CLIENT,
            help="The client's name, as given to `client add`; with --replace, the one before where not given.",
        ),
        click.argument("connection", type=CONNECTION),
    ):
        told = option(told)
    return told


@authorize.command(short_help="Consent in a browser (server-based, mobile/desktop).")
@_requesting
@click.option("--scope", help=_SCOPES_AS_BEFORE)
@click.option("--redirect-uri", help="As registered in the console; the client's own where not given.")
@click.option("--paste", is_flag=True, help="Ask for the address that the browser ends on, instead of listening.")
@click.option("--no-browser", is_flag=True, help="Print the address to open, and open nothing.")
def web(*, request: AuthorizeRequest, redirect_uri: str | None, paste: bool, no_browser: bool) -> None:
    """Consent in a browser (server-based and mobile/desktop clients)."""
    browser = obtaining.Browser(redirect_uri=redirect_uri, paste=paste, open_it=not no_browser)
    asyncio.run(_web(_with_scope(request), browser))


@authorize.command("self-client", short_help="Exchange a code that the console made.")
@_requesting
@click.option("--scope", help="What was chosen in the console, for the record; Zoho's answer wins.")
def self_client(*, request: AuthorizeRequest) -> None:
    """Exchange a code that the console made for a self client.

    In Zoho's API console: Self Client, Generate Code, scopes, a duration. The code lives 3 to 10 minutes.
    """
    asyncio.run(_simple(request, obtaining.self_client))


@authorize.command(short_help="Consent on another device, with a code shown here.")
@_requesting
@click.option("--scope", help=_SCOPES_AS_BEFORE)
def device(*, request: AuthorizeRequest) -> None:
    """Consent on another device, with a code that is shown here (non-browser clients)."""
    asyncio.run(_simple(_with_scope(request), obtaining.device))


@authorize.command("client-credentials", short_help="Let a self client ask for itself, without a user.")
@_requesting
@click.option("--scope", required=True, help=_SCOPES)
@click.option("--soid", required=True, help="The service and organisation: ZohoCRM.<org id>")
def client_credentials(*, request: AuthorizeRequest, soid: str) -> None:
    """Let a self client ask for itself: no user, no consent, no refresh token."""
    grant = ClientCredentialsGrant(soid=soid, scope=request.scope or "")
    asyncio.run(_simple(replace(request, grant_type=GrantType.CLIENT_CREDENTIALS), obtaining.client_credentials(grant)))


@authorize.command(short_help="Put a rescued credential into Vault.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Put it in the place of one that was stored meanwhile.")
@report_errors
def finish(*, file: Path, replace: bool) -> None:
    """Put into Vault what FILE holds: a credential that Vault did not take when it was new."""
    rescued = recover(file, ask_secret("Passphrase"))
    asyncio.run(finish_rescued(load(), rescued, file, replace=replace))


def _with_scope(request: AuthorizeRequest) -> AuthorizeRequest:
    if request.scope is None and not request.replace:
        raise click.UsageError("--scope is missing: only --replace takes it from the credential that is there")
    return replace(request, scope_needed=True)


async def _web(request: AuthorizeRequest, browser: obtaining.Browser) -> None:
    terminal = Terminal()
    with terminal.interruption.heeded():
        async with operator(load()) as here, browser.ending(terminal):
            await authorize_connection(here, terminal, request, browser.obtain)


async def _simple(request: AuthorizeRequest, obtain: Obtain) -> None:
    terminal = Terminal()
    with terminal.interruption.heeded():
        async with operator(load()) as here:
            await authorize_connection(here, terminal, request, obtain)
