"""The command ``zoho-ingest``. Exit codes: 0 all is loaded, 1 something is not, 2 the call was wrong."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import click

from zoho_ingest import job
from zoho_ingest.adobe import IMS, Adobe, Inlet, login_from_vault
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
        click.option("--to", required=True, help="A destination of dlt's (duckdb, filesystem ...), or inlet."),
        click.option("--modules", required=True, help="API names, separated by commas."),
        _credits,
        _connection,
    ):
        command = option(command)
    return command


def _adobe(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that sends to Adobe; they go for nothing where --to is no inlet."""
    for option in (
        click.option("--ims", envvar="ZOHO_INGEST_IMS", default=IMS, show_default=True, help="Adobe's login."),
        click.option(
            "--sandbox", envvar="ZOHO_INGEST_SANDBOX", default="prod", show_default=True, help="Of the Platform."
        ),
        click.option("--flow", envvar="ZOHO_INGEST_FLOW", help="Id of the dataflow that maps the records."),
        click.option("--inlet", envvar="ZOHO_INGEST_INLET", help="https://dcs.adobedc.net/collection/..."),
        click.option(
            "--adobe-login",
            envvar="ZOHO_INGEST_ADOBE_LOGIN",
            default="secret/zoho/adobe",
            show_default=True,
            help="Path in Vault of client_id, client_secret, org_id and scope.",
        ),
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
@_adobe
@click.option("--first-load", is_flag=True, help="Send every record of a module of which no state is kept.")
def run(connection: str, keep_credits: int, **given: Any) -> None:  # noqa: ANN401  # the options, as click gives them
    """Load what the destination does not have yet, one module after the other.

    With --to inlet records go to a streaming inlet of Adobe Experience Platform. Writes a line of JSON for each module.
    SIGTERM ends the run after the page in hand; the next run goes on.
    """
    whole = True
    try:
        order = _order(connection, given)
        for outcome in job.run(order, _crm(connection, keep_credits), progress=sys.stderr.isatty()):
            whole = whole and outcome.problem is None
            _say_how_it_ended(outcome)
    except KeyboardInterrupt:
        _log("run.stopped", connection=connection, message="what is loaded is whole; the next run goes on")
        sys.exit(_NOT_ALL)
    except (IngestError, ReaderError) as error:
        _fail(error)
    whole = _say_what_is_dead(order.adobe) and whole
    sys.exit(0 if whole else _NOT_ALL)


@main.command()
@_load
@_adobe
def resend(connection: str, keep_credits: int, **given: Any) -> None:  # noqa: ANN401  # as click gives them
    """Send the dead letters of a streaming inlet again."""
    del keep_credits  # nothing is asked of Zoho
    try:
        order = _order(connection, given)
        if order.adobe is None:
            raise WrongUse("dead letters are kept of an inlet alone: say --to inlet")
        adobe = order.adobe
        with job.alone(order):
            adobe.resend()
    except (IngestError, ReaderError) as error:
        _fail(error)
    _log("letters.resent", sent=adobe.sent)
    sys.exit(0 if _say_what_is_dead(adobe) else _NOT_ALL)


@main.command()
@_load
@_adobe
def plan(connection: str, keep_credits: int, **given: Any) -> None:  # noqa: ANN401  # as click gives them
    """Show what a run would load, from when, and how many calls that takes at least."""
    try:
        for each in job.plan(_order(connection, given), _crm(connection, keep_credits)):
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
@_adobe
def doctor(connection: str, **given: Any) -> None:  # noqa: ANN401  # as click gives them
    """Examine what a run needs: the token in Vault, its scopes, API credits, and the hosts to open.

    With --inlet and --flow Adobe's login is tried too; whether the inlet takes a message shows when one is sent.
    """
    reader = _reader()
    try:
        if given["inlet"]:
            _session(given, Path()).log_in()
        token = reader.get(connection, timeout=timedelta())
        crm = Crm(reader, connection)
        crm.modules()
    except (IngestError, ReaderError) as error:
        _fail(error)
    if given["inlet"]:
        click.echo(
            f"Adobe's login: good; egress: {urlsplit(given['ims']).netloc} and {urlsplit(given['inlet']).netloc}"
        )
    click.echo(f"token: expires at {token.expires_at.isoformat()}")
    click.echo(f"scopes: {token.scope or 'Zoho named none'}")
    click.echo(f"scopes that a load needs: {', '.join(f'ZohoCRM.{scope}' for scope in _NEEDED)}")
    click.echo(f"API credits: {'Zoho does not say' if crm.credits is None else crm.credits}")
    click.echo(
        f"egress: {urlsplit(token.api_domain).netloc}, and that of Vault; the daemon alone asks {token.accounts_server}"
    )


def _order(connection: str, given: Mapping[str, Any]) -> job.Order:
    """The order that the options give.

    Raises:
        WrongUse: an option, or a field of Adobe's credential, is wrong or missing.
        TryAgain: Vault gives no answer.
    """
    names = list(dict.fromkeys(name.strip() for name in given["modules"].split(",") if name.strip()))
    if not names:
        raise WrongUse("--modules names none: give API names, separated by commas, as in Leads,Contacts")
    order = job.Order(
        connection=connection,
        modules=names,
        to=given["to"],
        dataset=given["dataset"],
        state=given["state"],
        exports=not given["no_export"],
        first_load=given.get("first_load", False),
    )
    if order.to != "inlet":
        return order
    return replace(order, adobe=_session(given, order.folder / f"{order.name}.dead-letters"))


def _session(given: Mapping[str, Any], dead_letters: Path) -> Adobe:
    if not given["inlet"] or not given["flow"]:
        raise WrongUse("--to inlet needs --inlet, the address that the Platform shows, and --flow, the dataflow's id")
    inlet = Inlet(url=given["inlet"], flow=given["flow"], sandbox=given["sandbox"], dead_letters=dead_letters)
    return Adobe(login_from_vault(given["adobe_login"]), inlet, ims=given["ims"])


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


def _say_what_is_dead(adobe: Adobe | None) -> bool:
    """Whether Adobe took every message of this run."""
    if adobe is not None and adobe.dead:
        _log("letters.dead", count=adobe.dead, message="Adobe did not take them; `zoho-ingest resend` sends them again")
        return False
    return True


def _log(event: str, **facts: object) -> None:
    click.echo(json.dumps({"event": event, **facts}))


def _fail(error: Exception) -> NoReturn:
    click.echo(f"zoho-ingest: {error}", err=True)
    sys.exit(_WRONG_USE if isinstance(error, (WrongUse, NotConfigured)) else _NOT_ALL)


if __name__ == "__main__":
    main(prog_name="zoho-ingest")
