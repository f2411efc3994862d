"""``zoho-tokend healthcheck``: asks the running daemon whether it is alive, for container engines without probes."""

import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

import click

from zoho_tokend.cli.group import load, told_plainly
from zoho_tokend.settings import Listen

_SECONDS = 3
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@click.command()
@click.option("--ready", is_flag=True, help="Ask whether it is ready, too.")
@told_plainly
def healthcheck(*, ready: bool) -> None:
    """Exit 0 if the daemon of this machine is alive (with --ready: and ready), else 1.

    Looks at the address of LISTEN; for Docker's HEALTHCHECK and scripts. Kubernetes asks /livez and /readyz itself.
    """
    listen = load().listen
    for path in ("/livez", "/readyz") if ready else ("/livez",):
        try:
            status, text = _ask(listen, path)
        except (OSError, HTTPException) as error:
            click.echo(f"zoho-tokend: no answer from {listen}: {error}", err=True)
            sys.exit(1)
        if status != HTTPStatus.OK:
            click.echo(f"zoho-tokend: {path} answers {status}\n{text}", err=True)
            sys.exit(1)


def _ask(listen: Listen, path: str) -> tuple[int, str]:
    connection = HTTPConnection(_EVERYWHERE.get(listen.host, listen.host), listen.port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()
