"""How each flow obtains a grant from the person: in a browser, from the console, on another device, or not at all."""

import os
import secrets
import sys
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import click

from zoho_tokend.app.operator import Operator
from zoho_tokend.cli.terminal import Terminal, ask_secret, has_desktop
from zoho_tokend.core.consent import DeviceCode, GrantCode
from zoho_tokend.core.errors import TokendError
from zoho_tokend.core.model import Client, ClientCredentialsGrant
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.registration import ClientKind, Registration
from zoho_tokend.operations.credential_fields import client_credentials_fields, refresh_token_fields
from zoho_tokend.operations.device_flow import DeviceFlow
from zoho_tokend.web.redirect import Ending, RedirectListener, redirect_listener
from zoho_tokend.zoho.consent import ConsentRequest, answers, consent_request, grant_code

Fields = dict[str, object]
Obtain = Callable[[Operator, Terminal, Registration, str | None], Awaitable[Fields]]
"""From an application and the scope asked for to the fields of a credential."""


class WrongKind(TokendError):
    """The client is of a type that this flow is not for."""


class NoRedirectUri(TokendError):
    """There is no redirect URI to come back to."""


@dataclass(slots=True, kw_only=True)
class Browser:
    """Consent in a browser.

    Attributes:
        redirect_uri: as registered; None for the client's own.
        paste: the person pastes the redirected address.
        open_it: open the browser of this machine, where there is one.
    """

    redirect_uri: str | None
    paste: bool
    open_it: bool
    _listener: RedirectListener | None = field(default=None, init=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack, init=False)

    async def obtain(self, here: Operator, terminal: Terminal, client: Registration, scope: str | None) -> Fields:
        """The fields of a credential."""
        _check_kind(client, ClientKind.SERVER, ClientKind.MOBILE)
        request = self._request(client, scope or "")
        if not self.paste:
            self._listener = await self._stack.enter_async_context(
                redirect_listener(request.redirect_uri, answers=partial(answers, request=request))
            )
        self._show(terminal, request)
        code = grant_code(await self._redirect(terminal), request, here.servers)
        granted = await here.zoho.exchange(code, _at(here, client, code.accounts_server))
        terminal.say("Zoho has granted it.")
        return refresh_token_fields(
            granted, client=client.name, accounts_server=code.accounts_server, scope=scope, now=here.clock.now()
        )

    @asynccontextmanager
    async def ending(self, terminal: Terminal) -> AsyncIterator[None]:
        """The browser ends on a page that says how the block ended."""
        async with self._stack:
            try:
                yield
            except TokendError as error:
                await self._end(Ending(heading="Not connected", sentences=[*terminal.said, _sentence(error)], ok=False))
                raise
            await self._end(Ending(heading="Connected", sentences=terminal.said, ok=True))

    async def _end(self, ending: Ending) -> None:
        if self._listener is not None:
            await self._listener.end(ending)

    def _request(self, client: Registration, scope: str) -> ConsentRequest:
        redirect_uri = self.redirect_uri or client.redirect_uri
        if not redirect_uri:
            raise NoRedirectUri(
                f"the client {client.name} has no redirect URI: pass --redirect-uri, as it is registered in the console"
            )
        return consent_request(
            accounts_server=client.accounts_server,
            client_id=client.client_id,
            scope=scope,
            redirect_uri=redirect_uri,
            random_bytes=secrets.token_bytes,
        )

    def _show(self, terminal: Terminal, request: ConsentRequest) -> None:
        terminal.said.clear()
        click.echo("Open this page, sign in as the user whose data the jobs shall see, and accept:\n", err=True)
        click.echo(request.url + "\n", err=True)
        if self.open_it and not self.paste and has_desktop(os.environ, sys.platform):
            webbrowser.open(request.url)

    async def _redirect(self, terminal: Terminal) -> str:
        if self._listener is None:
            return ask_secret("The address that the browser ended on").reveal()
        click.echo("Waiting for the browser to come back … (Ctrl-C ends it; nothing is spent yet)", err=True)
        redirect = await terminal.interruption.unless(self._listener.redirect())
        click.echo("The browser is back.", err=True)
        return redirect


async def self_client(here: Operator, terminal: Terminal, client: Registration, scope: str | None) -> Fields:
    """The fields of a credential, from a code that the console made."""
    _check_kind(client, ClientKind.SELF)
    terminal.say(
        "In Zoho's API console: Self Client, Generate Code, choose scopes and a duration, Create. "
        "The code lives 3 to 10 minutes, as chosen there, and is good for one use."
    )
    code = GrantCode(code=ask_secret("Code"), accounts_server=client.accounts_server)
    granted = await here.zoho.exchange(code, _at(here, client, client.accounts_server))
    terminal.say("Zoho has granted it.")
    return refresh_token_fields(
        granted, client=client.name, accounts_server=client.accounts_server, scope=scope, now=here.clock.now()
    )


async def device(here: Operator, terminal: Terminal, client: Registration, scope: str | None) -> Fields:
    """The fields of a credential, from a consent on another device."""
    _check_kind(client, ClientKind.DEVICE)
    flow = DeviceFlow(here.zoho, client, servers=here.servers, person=terminal, clock=here.clock)
    code = await flow.begin(scope or "")
    _show_code(code)
    granted, server = await flow.finish(code)
    terminal.say("Zoho has granted it.")
    return refresh_token_fields(granted, client=client.name, accounts_server=server, scope=scope, now=here.clock.now())


def client_credentials(grant: ClientCredentialsGrant) -> Obtain:
    """The fields of a credential without a user; the grant is tried once, before anything is stored."""

    async def obtain(here: Operator, terminal: Terminal, client: Registration, _scope: str | None) -> Fields:
        _check_kind(client, ClientKind.SELF, ClientKind.SERVER)
        server = client.accounts_server
        await here.zoho.issue_to_client(_at(here, client, server), grant, accounts_server=server)
        terminal.say("Zoho issues tokens to this client.")
        return client_credentials_fields(grant, client=client.name, accounts_server=server, now=here.clock.now())

    return obtain


def _at(here: Operator, client: Registration, server: Origin) -> Client:
    return client.at(server, here.servers.location(server))


def _sentence(error: TokendError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _show_code(code: DeviceCode) -> None:
    click.echo("\nOn any device, open\n", err=True)
    click.secho(f"    {code.page}\n", bold=True, err=True)
    click.echo("and enter\n", err=True)
    click.secho(f"    {'  '.join(code.user_code)}\n", bold=True, fg="green", err=True)
    click.echo(f"within {code.lifetime.total_seconds() / 60:.0f} minutes.", err=True)
    if code.ready_page:
        click.echo(f"With the code filled in: {code.ready_page}", err=True)


def _check_kind(client: Registration, *kinds: ClientKind) -> None:
    if client.kind is not None and client.kind not in kinds:
        commands = {
            ClientKind.SERVER: "web",
            ClientKind.MOBILE: "web",
            ClientKind.SELF: "self-client",
            ClientKind.DEVICE: "device",
        }
        raise WrongKind(
            f"the client {client.name} is of the kind {client.kind}: use `authorize {commands[client.kind]}` for it"
        )
