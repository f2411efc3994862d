"""``zoho-tokend settings``: what can be set, and what is in force here."""

import json
from dataclasses import asdict

import click

from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.terminal import fitting, terminal_width
from zoho_tokend.settings import describe, settings_table


@click.command()
@click.option("--effective", is_flag=True, help="Show the values in force here, and where each comes from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@report_errors
def settings(*, effective: bool, as_json: bool) -> None:
    """List every setting; with --effective, the values in force (secrets as ***).

    Each is an environment variable ZOHO_TOKEND_<NAME>, or <NAME> in the TOML file of --config.
    """
    rows = [asdict(row) for row in (describe(load()) if effective else settings_table())]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.secho(str(row["name"]), bold=True, nl=False)
        click.echo(_in_force(row) if effective else _documented(row))


def _in_force(row: dict[str, object]) -> str:
    return f" = {row['value'] or '(not given)'}  " + click.style(f"[{row['source']}]", dim=True)


def _documented(row: dict[str, object]) -> str:
    accepts = f"Accepts {row['accepts']}."
    default = f" Default: {row['default']}." if row["default"] else ""
    reload = " Changes on SIGHUP." if row["reloadable"] else ""
    texts = (str(row["description"]), f"{accepts}{default}{reload}")
    return "".join(f"\n{fitting(text, terminal_width(), indent='    ')}" for text in texts) + "\n"
