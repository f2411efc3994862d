"""``zoho-tokend client``: the applications that are registered in Zoho's API console."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import click

from zoho_tokend.app.operator import operator
from zoho_tokend.cli.group import load, told_plainly
from zoho_tokend.cli.names import CLIENT
from zoho_tokend.cli.servers import ACCOUNTS_SERVER
from zoho_tokend.cli.terminal import Terminal, secret_of
from zoho_tokend.core.errors import Conflict, RecordUnreadable, TokendError
from zoho_tokend.core.model import Secret
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.registration import ClientKind, Registration, oddities
from zoho_tokend.settings import Settings
from zoho_tokend.zoho.datacenters import DATA_CENTERS

_LOCATIONS = [center.location for center in DATA_CENTERS]
_SECRET_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


class ClientExists(TokendError):
    """There is a client of this name, and it is not to be replaced."""


@click.group(short_help="Applications of Zoho's API console: add, list.")
def client() -> None:
    """Applications of Zoho's API console, by a name of yours."""


@client.command(short_help="Record an application in Vault.")
@click.argument("name", type=CLIENT)
@click.option("--client-id", required=True, help="As the console shows it.")
@click.option(
    "--kind",
    type=click.Choice([*(kind.value for kind in ClientKind), "javascript"]),
    required=True,
    help="Its type in the console.",
)
@click.option(
    "--accounts-server",
    "--data-center",
    type=ACCOUNTS_SERVER,
    required=True,
    help="Where it is registered: a data centre (eu) or an origin (https://accounts.zoho.eu).",
)
@click.option("--redirect-uri", help="As it is registered, to the letter; server and mobile clients have one.")
@click.option("--secret-file", type=_SECRET_FILE, help="Read the secret from a file; - is standard input.")
@click.option(
    "--secret-for",
    type=click.Choice(_LOCATIONS),
    help="The secret is that of this data centre alone (multi-DC clients have one for each).",
)
@click.option("--replace", "replacing", is_flag=True, help="Change a client that is there.")
@told_plainly
def add(
    *,
    name: str,
    client_id: str,
    kind: str,
    accounts_server: Origin,
    redirect_uri: str | None,
    secret_file: Path | None,
    secret_for: str | None,
    replacing: bool,
) -> None:
    """Record application NAME in Vault.

    The secret is asked for without echo, or read from --secret-file; it is never an argument.
    With --replace, what is not given anew stays as it is.
    """
    refuse_javascript(kind)
    secret = secret_of("Client secret", secret_file)
    registration = Registration(
        name=name,
        client_id=client_id,
        client_secret=None if secret_for else secret,
        kind=ClientKind(kind),
        accounts_server=accounts_server,
        redirect_uri=redirect_uri,
        secrets={secret_for: secret} if secret_for else {},
    )
    where = asyncio.run(_add(load(), registration, replacing=replacing))
    click.echo(f"The client {name} is in Vault, at {where}.", err=True)


@client.command("list", short_help="List the applications in Vault.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@told_plainly
def list_clients(*, as_json: bool) -> None:
    """List the applications in Vault; no secret is shown."""
    rows = [_row(found) for found in asyncio.run(_clients(load()))]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("There is no client in Vault: add one with `zoho-tokend client add NAME`.", err=True)
    for row in rows:
        click.echo("  ".join(str(value) for value in row.values() if value))


def refuse_javascript(kind: str) -> None:
    """A JavaScript client never gets a refresh token, so no connection can live on it.

    https://zoho.com/accounts/protocol/oauth/javascript-applications.html

    Raises:
        TokendError: it is one.
    """
    if kind == "javascript":
        raise TokendError(
            "a client-based (JavaScript) application never gets a refresh token, so nothing can be kept fresh with it: "
            f"register another type in Zoho's API console ({', '.join(ClientKind)})"
        )


async def _add(settings: Settings, registration: Registration, *, replacing: bool) -> str:
    async with operator(settings) as here:
        standing = await here.registry.client_standing(registration.name)
        if standing.fields is not None:
            if not replacing:
                raise ClientExists(f"there is a client {registration.name} already: pass --replace to change it")
            registration = _merged(await here.registry.client(registration.name), registration)
        for oddity in oddities(registration):
            Terminal().hear(f"Note: {oddity}; it is stored as it is.")
        try:
            return await here.registry.record_client(replace(registration, version=standing.version))
        except Conflict:
            raise TokendError(f"the client {registration.name} was changed meanwhile: try again") from None


def _merged(old: Registration, new: Registration) -> Registration:
    secrets: dict[str, Secret] = {**old.secrets, **new.secrets}
    return replace(
        new,
        client_secret=new.client_secret or old.client_secret,
        redirect_uri=new.redirect_uri or old.redirect_uri,
        secrets=secrets,
    )


async def _clients(settings: Settings) -> tuple[Registration | RecordUnreadable, ...]:
    async with operator(settings) as here:
        return await here.registry.clients()


def _row(found: Registration | RecordUnreadable) -> dict[str, object]:
    if isinstance(found, RecordUnreadable):
        return {"problem": str(found)}
    return {
        "name": found.name,
        "kind": found.kind,
        "client_id": found.client_id,
        "accounts_server": str(found.accounts_server),
        "redirect_uri": found.redirect_uri,
        "secrets_for": ", ".join(sorted(found.secrets)),
    }
