"""The command ``zoho-ingest``. Exit codes: 0 all is loaded, 1 something is not, 2 the call was wrong."""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import urlsplit

import click

from zoho_ingest import job
from zoho_ingest.crm import Crm
from zoho_ingest.errors import IngestError, WrongUse
from zoho_tokend.reader import NotConfigured, ReaderError, TokenReader

_NOT_ALL: Final = 1
_WRONG_USE: Final = 2
_NEEDED: Final = ("settings.modules.READ", "settings.fields.READ", "modules.{module}.READ", "bulk.READ")

_connection = click.option("--connection", required=True, help="The daemon's name for it; Vault holds its token.")
_credits = click.option(
    "--keep-credits", type=click.IntRange(0), default=0, show_default=True, help="API credits to leave to other jobs."
)


def _load(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that knows where records go."""
    for option in (
        click.option(
            "--state", type=click.Path(file_okay=False, path_type=Path), help="Folder of dlt's working state."
        ),
        click.option("--no-export", is_flag=True, help="Never use the Bulk Read API."),
        click.option("--dataset", help="Name of the dataset; the connection's where left out."),
        click.option("--to", required=True, help="A destination of dlt's: duckdb, filesystem, snowflake ..."),
        click.option("--modules", required=True, help="API names, separated by commas."),
        _credits,
        _connection,
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Loads Zoho CRM into any destination of dlt, with a token that zoho-tokend keeps fresh in Vault.

    Vault is found by VAULT_ADDR and VAULT_TOKEN, the destination by dlt's own configuration.
    """


@main.command()
@_load
def run(  # one for each option
    connection: str,
    modules: str,
    to: str,
    dataset: str | None,
    state: Path | None,
    keep_credits: int,
    *,
    no_export: bool,
) -> None:
    """Load what the destination does not have yet, one module after the other.

    Writes a line of JSON for each module. SIGTERM ends the run after the page in hand; the next run goes on.
    """
    order = _order(connection, modules, to, dataset, state, no_export=no_export)
    whole = True
    try:
        for outcome in job.run(order, _crm(connection, keep_credits), progress=sys.stderr.isatty()):
            whole = whole and outcome.problem is None
            _say_how_it_ended(outcome)
    except KeyboardInterrupt:
        _log("run.stopped", connection=connection, message="what is loaded is whole; the next run goes on")
        sys.exit(_NOT_ALL)
    except (IngestError, ReaderError) as error:
        _fail(error)
    sys.exit(0 if whole else _NOT_ALL)


@main.command()
@_load
def plan(  # one for each option
    connection: str,
    modules: str,
    to: str,
    dataset: str | None,
    state: Path | None,
    keep_credits: int,
    *,
    no_export: bool,
) -> None:
    """Show what a run would load, from when, and how many calls that takes at least."""
    order = _order(connection, modules, to, dataset, state, no_export=no_export)
    try:
        for each in job.plan(order, _crm(connection, keep_credits)):
            click.echo(
                f"{each.module}: {each.how}, {each.since or 'from the first record'}, {each.calls} calls or more"
            )
    except (IngestError, ReaderError) as error:
        _fail(error)


@main.command()
@_connection
@_credits
def modules(connection: str, keep_credits: int) -> None:
    """List the modules of the organisation, and the scope that is missing for each."""
    crm = _crm(connection, keep_credits)
    try:
        for each in crm.modules():
            if each.get("api_supported"):
                name = str(each.get("api_name"))
                click.echo(f"{name}: {job.scope_missing(crm, name) or 'open'}")
    except (IngestError, ReaderError) as error:
        _fail(error)


@main.command()
@_connection
def doctor(connection: str) -> None:
    """Examine what a run needs: the token in Vault, its scopes, API credits, and the hosts to open."""
    reader = _reader()
    try:
        token = reader.get(connection, timeout=timedelta())
        crm = Crm(reader, connection)
        crm.modules()
    except (IngestError, ReaderError) as error:
        _fail(error)
    click.echo(f"token: expires at {token.expires_at.isoformat()}")
    click.echo(f"scopes: {token.scope or 'Zoho named none'}")
    click.echo(f"scopes that a load needs: {', '.join(f'ZohoCRM.{scope}' for scope in _NEEDED)}")
    click.echo(f"API credits: {'Zoho does not say' if crm.credits is None else crm.credits}")
    click.echo(
        f"egress: {urlsplit(token.api_domain).netloc}, and that of Vault; the daemon alone asks {token.accounts_server}"
    )


def _order(
    connection: str, modules: str, to: str, dataset: str | None, state: Path | None, *, no_export: bool
) -> job.Order:
    names = list(dict.fromkeys(name.strip() for name in modules.split(",") if name.strip()))
    if not names:
        _fail(WrongUse("--modules names none: give API names, separated by commas, as in Leads,Contacts"))
    return job.Order(connection=connection, modules=names, to=to, dataset=dataset, state=state, exports=not no_export)


def _reader() -> TokenReader:
    try:
        return TokenReader()
    except NotConfigured as error:
        _fail(error)


def _crm(connection: str, keep_credits: int) -> Crm:
    return Crm(_reader(), connection, keep_credits=keep_credits)


def _say_how_it_ended(outcome: job.Outcome) -> None:
    facts = {
        "module": outcome.module,
        "rows": outcome.rows,
        "calls": outcome.calls,
        "seconds": round(outcome.seconds, 1),
    }
    if outcome.problem is None:
        _log("module.loaded", **facts)
    else:
        _log("module.failed", **facts, error=type(outcome.problem).__name__, message=str(outcome.problem))


def _log(event: str, **facts: object) -> None:
    click.echo(json.dumps({"event": event, **facts}))


def _fail(error: Exception) -> NoReturn:
    click.echo(f"zoho-ingest: {error}", err=True)
    sys.exit(_WRONG_USE if isinstance(error, (WrongUse, NotConfigured)) else _NOT_ALL)


if __name__ == "__main__":
    main(prog_name="zoho-ingest")
