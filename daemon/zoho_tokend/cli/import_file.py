"""``zoho-tokend connections import``: many credentials at once, out of a file."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from zoho_tokend.app.operator import Operator, operator
from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.concurrency import map_concurrently
from zoho_tokend.core.errors import RecordUnreadable
from zoho_tokend.operations.import_ import Check, ImportedRow, Importer, Verdict
from zoho_tokend.operations.import_rows import Fault, Format, Row, Unreadable, format_of, rows
from zoho_tokend.settings import Settings
from zoho_tokend.vault.record_fields import RecordFields

# Stands for the row in the reader's messages; the report names the line instead.
_HERE: Final = "here"


@click.command("import", short_help="Import many connections from a file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True))
@click.option(
    "--format",
    "given",
    type=click.Choice([each.value for each in Format]),
    help="By default, the file's name or its first character decides.",
)
@click.option("--replace", is_flag=True, help="Change credentials that are there and differ.")
@click.option("--dry-run", is_flag=True, help="Check every row and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@report_errors
def import_file(*, file: Path, given: str | None, replace: bool, dry_run: bool, as_json: bool) -> None:
    """Put the credentials of FILE into Vault; - is standard input.

    FILE is CSV with a header, or JSON with one object a line. Its columns are `connection` and the fields of a
    credential; an empty cell leaves the field out. accounts_server is an origin or a data centre (eu):

    \b
    connection,client,refresh_token,accounts_server
    crm-prod,jobs,1000.…,eu

    Each row is checked as the daemon checks it, and imported by itself; a second run changes nothing. A refused row is
    printed with its line and the reason, never with a value; the exit code is then 1.
    """
    text = _text(file)
    kind = Format(given) if given else format_of(text, file.name)
    imported = asyncio.run(_import(load(), rows(text, kind), replace=replace, dry_run=dry_run))
    refused = [each for each in imported if each.verdict is Verdict.REFUSED]
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, "rows": [asdict(each) for each in imported]}, indent=2))
    else:
        for each in refused:
            click.echo(f"line {each.number}: {each.connection or '(no name)'}: {each.reason}")
    click.echo(_summary(imported, dry_run=dry_run), err=True)
    if refused:
        sys.exit(1)


def _text(file: Path) -> str:
    try:
        whole = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(f"{file} is not UTF-8 text") from None
    except OSError as error:
        raise Unreadable(f"{file} cannot be read: {error.strerror}") from None


async def _import(
    settings: Settings, found: Sequence[Row | Fault], *, replace: bool, dry_run: bool
) -> Sequence[ImportedRow]:
    async with operator(settings) as here:
        importer = Importer(here.registry, _check(here), replace=replace, dry_run=dry_run)
        shown = sys.stderr.isatty()
        with click.progressbar(length=len(found), label="Importing", file=sys.stderr, hidden=not shown) as bar:
            return await map_concurrently(
                _counted(importer.import_row, lambda: bar.update(1)), found, at_once=settings.concurrency
            )


def _check(here: Operator) -> Check:
    """The daemon's own reading of a credential, and its own allow-list."""

    async def check(row: Row) -> None:
        document = RecordFields(where=_HERE, version=0, values=row.fields)
        try:
            credential = await here.store.credential_of(row.connection, document)
        except RecordUnreadable as error:
            raise RecordUnreadable(str(error).removeprefix(f"{_HERE}: ")) from None
        here.servers.check(credential.accounts_server)

    return check


def _counted(
    import_row: Callable[[Row | Fault], Awaitable[ImportedRow]], count: Callable[[], None]
) -> Callable[[Row | Fault], Awaitable[ImportedRow]]:
    async def counted(row: Row | Fault) -> ImportedRow:
        try:
            return await import_row(row)
        finally:
            count()

    return counted


def _summary(imported: Sequence[ImportedRow], *, dry_run: bool) -> str:
    numbers = Counter(each.verdict for each in imported)
    counts = ", ".join(f"{numbers[verdict]} {verdict}" for verdict in Verdict)
    return f"{counts}; nothing was written (a dry run)." if dry_run else f"{counts}."
