"""``zoho-tokend healthcheck``: asks the running daemon whether it is alive, for container engines without probes."""

import sys
from http import HTTPStatus
from http.client import HTTPException

import click

from zoho_tokend.cli.group import load, report_errors
from zoho_tokend.cli.running_daemon import get, local_address


@click.command()
@click.option("--ready", is_flag=True, help="Ask whether it is ready, too.")
@report_errors
def healthcheck(*, ready: bool) -> None:
    """Exit 0 if the daemon of this machine is alive (with --ready: and ready), else 1.

    Looks at the address of LISTEN; for Docker's HEALTHCHECK and scripts. Kubernetes asks /livez and /readyz itself.
    """
    address = local_address(load().listen)
    for path in ("/livez", "/readyz") if ready else ("/livez",):
        try:
            status, text = get(address, path)
        except (OSError, HTTPException) as error:
            click.echo(f"zoho-tokend: no answer from {address}: {error}", err=True)
            sys.exit(1)
        if status != HTTPStatus.OK:
            click.echo(f"zoho-tokend: {path} answers {status}\n{text}", err=True)
            sys.exit(1)
