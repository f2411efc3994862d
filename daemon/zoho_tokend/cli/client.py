"""``zoho-tokend client``: the applications that are registered in Zoho's API console."""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import click

from zoho_tokend.app.operator import operator
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.parameters import ACCOUNTS_SERVER, CLIENT
from zoho_tokend.cli.terminal import NotTyped, Terminal, ask_secret, secret_of
from zoho_tokend.core.errors import Conflict, NoClient, RecordUnreadable, TokendError
from zoho_tokend.core.model import GrantType, Secret
from zoho_tokend.core.origin import Origin
from zoho_tokend.core.registration import ClientKind, Registration, oddities, parse_connections, parse_grant_types
from zoho_tokend.settings import Settings
from zoho_tokend.zoho.datacenters import DATA_CENTERS, ELSEWHERE

T = TypeVar("T")

_LOCATIONS = [*(center.location for center in DATA_CENTERS), ELSEWHERE]
_SECRET_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


class ClientExists(TokendError):
    """A client of this name exists, and replacing it was not asked for."""


class _Listed(click.ParamType[T]):
    """A list that limits the use of an application, as in its record."""

    def __init__(self, name: str, parse: Callable[[str], T]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> T:
        try:
            return self._parse(str(value))
        except ValueError as error:
            self.fail(f"it {error}", param, ctx)


_CONNECTIONS = _Listed("names", parse_connections)
_GRANT_TYPES = _Listed("types", parse_grant_types)


@click.group()
def client() -> None:
    """Add and list the applications of Zoho's API console, each by a name of your choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options given for an application; None where one was not given."""

    name: str
    client_id: str | None
    kind: ClientKind | None
    accounts_server: Origin | None
    redirect_uri: str | None
    connections: tuple[str, ...] | None
    grant_types: tuple[GrantType, ...] | None
    secret: Secret | None
    secret_for: str | None

    @property
    def missing(self) -> str:
        """The options that a new client still needs; at a terminal, the command asks for its connections."""
        needed = {
            "--client-id": self.client_id,
            "--kind": self.kind,
            "--accounts-server": self.accounts_server,
            "--connections": self.connections or sys.stdin.isatty() or None,
        }
        return ", ".join(option for option, value in needed.items() if value is None)

    def upon(self, old: Registration | None) -> Registration:
        """Return the application; what was not given stays as it was.

        Raises:
            NoClient: it does not exist yet, and not enough is given.
        """
        if old is None:
            if self.client_id is None or self.kind is None or self.accounts_server is None:
                raise NoClient(f"there is no client {self.name} yet: pass {self.missing} too")
            old = Registration(
                name=self.name,
                client_id=self.client_id,
                client_secret=None,
                kind=self.kind,
                accounts_server=self.accounts_server,
            )
        return self._with_secret(
            replace(
                old,
                client_id=self.client_id or old.client_id,
                kind=self.kind or old.kind,
                accounts_server=self.accounts_server or old.accounts_server,
                redirect_uri=self.redirect_uri or old.redirect_uri,
                connections=self.connections or old.connections,
                grant_types=self.grant_types or old.grant_types,
            )
        )

    def _with_secret(self, registration: Registration) -> Registration:
        if self.secret is None:
            return registration
        if self.secret_for is None:
            return replace(registration, client_secret=self.secret)
        return replace(registration, secrets={**registration.secrets, self.secret_for: self.secret})


@client.command(short_help="Record an application in Vault.")
@click.argument("name", type=CLIENT)
@click.option("--client-id", help="As shown in the console.")
@click.option(
    "--kind", type=click.Choice([*(kind.value for kind in ClientKind), "javascript"]), help="Its type in the console."
)
@click.option(
    "--accounts-server",
    "--data-center",
    type=ACCOUNTS_SERVER,
    help="Where it is registered: a data centre (eu) or an origin (https://accounts.zoho.eu).",
)
@click.option("--redirect-uri", help="As it is registered, to the letter; server and mobile clients have one.")
@click.option(
    "--connections",
    type=_CONNECTIONS,
    help="The connections that may use it: names, or prefixes ending in *, separated by commas; * for any.",
)
@click.option(
    "--grant-types",
    type=_GRANT_TYPES,
    help=f"The grant types that it may be used for: {', '.join(GrantType)}; by default, any.",
)
@click.option("--secret-file", type=_SECRET_FILE, help="Read the secret from a file; - is standard input.")
@click.option(
    "--secret-for",
    type=click.Choice(_LOCATIONS),
    help=f"The data centre that the secret is for (multi-DC clients have one for each); {ELSEWHERE}: servers that "
    "are not Zoho's.",
)
@click.option("--replace", "replacing", is_flag=True, help="Change an existing client.")
@report_errors
def add(  # noqa: PLR0913 - one for each option
    *,
    name: str,
    client_id: str | None,
    kind: str | None,
    accounts_server: Origin | None,
    redirect_uri: str | None,
    connections: tuple[str, ...] | None,
    grant_types: tuple[GrantType, ...] | None,
    secret_file: Path | None,
    secret_for: str | None,
    replacing: bool,
) -> None:
    """Record application NAME in Vault; a new one needs --client-id, --kind, --accounts-server and --connections.

    Whoever may write a credential may name any client in it: --connections says whom this one serves.
    The command asks for the secret without echo, or reads it from --secret-file; it is never an argument.
    With --replace, what is not given stays as it is.
    """
    refuse_javascript(kind)
    given = Given(
        name=name,
        client_id=client_id,
        kind=ClientKind(kind) if kind else None,
        accounts_server=accounts_server,
        redirect_uri=redirect_uri,
        connections=connections,
        grant_types=grant_types,
        secret=None,
        secret_for=secret_for,
    )
    if given.missing and not replacing:
        raise click.UsageError(f"a new client needs {given.missing}; with --replace, what is not given stays as it is")
    if given.connections is None and not replacing:
        given = _asked_whom_it_serves(given)
    given = replace(given, secret=_secret(secret_file, keepable=replacing and secret_for is None))
    where = asyncio.run(_add(load(), given, replacing=replacing))
    click.echo(f"The client {name} is in Vault, at {where}.", err=True)


@client.command("list", short_help="List the applications in Vault.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@report_errors
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
    if open_to_all := [str(row["name"]) for row in rows if "name" in row and not row["connections"]]:
        click.echo(_warning(*open_to_all), err=True)


def refuse_javascript(kind: str | None) -> None:
    """Refuse a JavaScript client: it never gets a refresh token.

    https://zoho.com/accounts/protocol/oauth/javascript-applications.html

    Raises:
        TokendError: the kind is JavaScript.
    """
    if kind == "javascript":
        raise TokendError(
            "a client-based (JavaScript) application never gets a refresh token, so there is nothing to refresh: "
            f"register another type in Zoho's API console ({', '.join(ClientKind)})"
        )


def _asked_whom_it_serves(given: Given) -> Given:
    connections = click.prompt(
        "Connections that may use it (names, or prefixes ending in *, separated by commas; * for any)",
        type=_CONNECTIONS,
        err=True,
    )
    if given.grant_types is not None:
        return replace(given, connections=connections)
    grant_types = click.prompt(
        f"Grant types that may be used with it ({', '.join(GrantType)})",
        type=_GRANT_TYPES,
        default=",".join(GrantType),
        err=True,
    )
    return replace(given, connections=connections, grant_types=grant_types)


def _warning(*names: str) -> str:
    return (
        f"Any connection may use {', '.join(names)}: say which may with "
        "`zoho-tokend client add NAME --replace --connections NAMES` (* for any)."
    )


def _secret(file: Path | None, *, keepable: bool) -> Secret | None:
    """Ask for the secret; return None to keep the old one."""
    if not keepable or file is not None:
        return secret_of("Client secret", file)
    try:
        return ask_secret("Client secret (empty keeps the old one)")
    except NotTyped:
        Terminal().say("The secret stays as it is.")
        return None


async def _add(settings: Settings, given: Given, *, replacing: bool) -> str:
    async with operator(settings) as here:
        stored = await here.registry.client_record(given.name)
        if stored.fields is not None and not replacing:
            raise ClientExists(f"the client {given.name} exists already: pass --replace to change it")
        registration = given.upon(None if stored.fields is None else await here.registry.client(given.name))
        for oddity in oddities(registration):
            Terminal().say(f"Note: {oddity}; it is stored as it is.")
        if registration.connections is None:
            Terminal().say(_warning(registration.name))
        try:
            return await here.registry.record_client(replace(registration, version=stored.version))
        except Conflict:
            raise TokendError(f"the client {given.name} was changed meanwhile: try again") from None


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
        "connections": ",".join(found.connections or ()),
        "grant_types": ",".join(found.grant_types or ()),
    }
