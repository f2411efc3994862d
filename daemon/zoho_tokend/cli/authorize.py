"""``zoho-tokend authorize``: from a registered application to a live connection, for each client type."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from pathlib import Path

import click

from zoho_tokend.app.operator import operator
from zoho_tokend.cli import consent_flows
from zoho_tokend.cli.authorize_flow import AuthorizeRequest, authorize_connection, finish_rescued
from zoho_tokend.cli.consent_flows import Obtain
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.parameters import CLIENT, CONNECTION, DURATION
from zoho_tokend.cli.terminal import Terminal, ask_secret
from zoho_tokend.core.model import ClientCredentialsGrant, ConnectionName, GrantType
from zoho_tokend.operations.rescue_file import recover

_SCOPES = "One or several, separated by commas: ZohoCRM.modules.ALL,ZohoCRM.org.READ"
_SCOPES_AS_BEFORE = f"{_SCOPES}. With --replace, the default is the old scope."


@click.group()
def authorize() -> None:
    """Connect: get a grant from Zoho and store it. There is a command for each client type of Zoho's console.

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
    """Add the options of every flow to the command, which gets them as one request."""

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
            raise click.UsageError("--revoke-old needs --replace: without it there is nothing to revoke")
        if client is None and not replace:
            raise click.UsageError("--client is missing: only --replace can take it from the old credential")
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

    decorated = report_errors(request)
    for option in (
        click.option(
            "--patience",
            type=DURATION,
            default="5m",
            show_default=True,
            help="How long to retry Vault before the credential goes into an encrypted file.",
        ),
        click.option(
            "--rescue-folder",
            type=click.Path(path_type=Path, file_okay=False),
            default=".",
            show_default=True,
            help="Where to write the encrypted file of a credential that Vault does not take.",
        ),
        click.option("--revoke-old", is_flag=True, help="With --replace: revoke the old grant when the new one works."),
        click.option("--replace", is_flag=True, help="Replace the credential of an existing connection."),
        click.option(
            "--client",
            type=CLIENT,
            help="The client's name, as given to `client add`. With --replace, the default is the old client.",
        ),
        click.argument("connection", type=CONNECTION),
    ):
        decorated = option(decorated)
    return decorated


@authorize.command(short_help="Consent in a browser (server-based, mobile/desktop).")
@_requesting
@click.option("--scope", help=_SCOPES_AS_BEFORE)
@click.option("--redirect-uri", help="As registered in the console; by default, the client's own.")
@click.option("--paste", is_flag=True, help="Ask for the address that the browser ends on instead of listening for it.")
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
def web(*, request: AuthorizeRequest, redirect_uri: str | None, paste: bool, no_browser: bool) -> None:
    """Consent in a browser (server-based and mobile/desktop clients)."""
    browser = consent_flows.Browser(redirect_uri=redirect_uri, paste=paste, open_it=not no_browser)
    asyncio.run(_web(_with_scope(request), browser))


@authorize.command("self-client", short_help="Exchange a code that the console made.")
@_requesting
@click.option("--scope", help="The scope chosen in the console, for the record; Zoho's answer wins.")
def self_client(*, request: AuthorizeRequest) -> None:
    """Exchange a code that the console made for a self client.

    In Zoho's API console: Self Client, Generate Code, scopes, a duration. The code is valid for 3 to 10 minutes.
    """
    asyncio.run(_simple(request, consent_flows.self_client))


@authorize.command(short_help="Consent on another device, with a code shown here.")
@_requesting
@click.option("--scope", help=_SCOPES_AS_BEFORE)
def device(*, request: AuthorizeRequest) -> None:
    """Consent on another device, with a code that is shown here (non-browser clients)."""
    asyncio.run(_simple(_with_scope(request), consent_flows.device))


@authorize.command("client-credentials", short_help="Give a client tokens of its own, without a user.")
@_requesting
@click.option("--scope", required=True, help=_SCOPES)
@click.option("--soid", required=True, help="The service and organisation: ZohoCRM.<org id>")
def client_credentials(*, request: AuthorizeRequest, soid: str) -> None:
    """Give a client tokens of its own (client credentials): no user, no consent, no refresh token."""
    grant = ClientCredentialsGrant(soid=soid, scope=request.scope or "")
    asyncio.run(
        _simple(replace(request, grant_type=GrantType.CLIENT_CREDENTIALS), consent_flows.client_credentials(grant))
    )


@authorize.command(short_help="Put a rescued credential into Vault.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Replace a credential that was stored meanwhile.")
@report_errors
def finish(*, file: Path, replace: bool) -> None:
    """Put into Vault the credential in FILE, which Vault did not take when it was new."""
    rescued = recover(file, ask_secret("Passphrase"))
    asyncio.run(finish_rescued(load(), rescued, file, replace=replace))


def _with_scope(request: AuthorizeRequest) -> AuthorizeRequest:
    if request.scope is None and not request.replace:
        raise click.UsageError("--scope is missing: only --replace can take it from the old credential")
    return replace(request, scope_needed=True)


async def _web(request: AuthorizeRequest, browser: consent_flows.Browser) -> None:
    terminal = Terminal()
    with terminal.interruption.watched():
        async with operator(load()) as here, browser.ending(terminal):
            await authorize_connection(here, terminal, request, browser.obtain)


async def _simple(request: AuthorizeRequest, obtain: Obtain) -> None:
    terminal = Terminal()
    with terminal.interruption.watched():
        async with operator(load()) as here:
            await authorize_connection(here, terminal, request, obtain)
