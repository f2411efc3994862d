"""``zoho-tokend policy``: the Vault policies that the daemon and its readers need, to be loaded as they are printed."""

from pathlib import Path
from typing import get_args

import click

from zoho_tokend.cli.group import report_errors
from zoho_tokend.cli.parameters import CLIENT, CONNECTION
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.targets import Target, parse_targets
from zoho_tokend.settings import given_in
from zoho_tokend.settings.model import Switch
from zoho_tokend.vault.layout import Layout
from zoho_tokend.vault.policy import daemon_policy, operator_policy, reader_policy, reporter_policy, tenant_policy

_LAYOUT = Layout()


def _placed(command: click.decorators.FC) -> click.decorators.FC:
    """The settings that decide where records lie."""
    for option in (
        click.option("--tokens-mount", envvar="ZOHO_TOKEND_TOKENS_MOUNT", help="The KV v2 mount of token records."),
        click.option("--prefix", envvar="ZOHO_TOKEND_PREFIX", default=_LAYOUT.prefix, show_default=True),
        click.option("--mount", envvar="ZOHO_TOKEND_MOUNT", default=_LAYOUT.mount, show_default=True),
    ):
        command = option(command)
    return command


class _Targets(click.ParamType[tuple[Target, ...]]):
    """Publish targets, as the setting has them."""

    name = "targets"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Target, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return parse_targets(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


_targeted = click.option(
    "--publish-targets",
    type=_Targets(),
    envvar="ZOHO_TOKEND_PUBLISH_TARGETS",
    default=(),
    help="Where second records of the tokens go.",
)


@click.group()
@click.pass_context
@report_errors
def policy(context: click.Context) -> None:
    """Print the least Vault policy that works.

    It is that of the settings in the environment and in the file of --config; no Vault is asked.

    \b
    zoho-tokend policy daemon | vault policy write zoho-tokend -
    """
    if isinstance(context.obj, Path):
        context.default_map = dict.fromkeys(policy.commands, given_in(context.obj))


@policy.command()
@click.option(
    "--reports",
    type=click.Choice(get_args(Switch)),
    envvar="ZOHO_TOKEND_REPORTS",
    default="off",
    show_default=True,
    help="Let it heed readers that report a dead token.",
)
@_targeted
@_placed
@report_errors
def daemon(
    *, reports: Switch, publish_targets: tuple[Target, ...], mount: str, prefix: str, tokens_mount: str | None
) -> None:
    """What the daemon needs."""
    layout = Layout(mount=mount, prefix=prefix, tokens_mount=tokens_mount)
    click.echo(daemon_policy(layout, reports=reports == "on", targets=publish_targets), nl=False)


@policy.command()
@click.option("--connection", type=CONNECTION, help="Let it read this connection's token alone.")
@_placed
@report_errors
def reader(*, connection: ConnectionName | None, mount: str, prefix: str, tokens_mount: str | None) -> None:
    """What a job needs to read tokens; it can see no refresh token."""
    layout = Layout(mount=mount, prefix=prefix, tokens_mount=tokens_mount)
    click.echo(reader_policy(layout, connection), nl=False)


@policy.command(short_help="What a job needs that reports a token which died early.")
@click.option("--connection", type=CONNECTION, help="Let it report on this connection alone.")
@_placed
@report_errors
def reporter(*, connection: ConnectionName | None, mount: str, prefix: str, tokens_mount: str | None) -> None:
    """What a job needs, beside the policy of a reader, to report tokens that died before their time.

    The daemon heeds reports where its setting REPORTS is on.
    """
    layout = Layout(mount=mount, prefix=prefix, tokens_mount=tokens_mount)
    click.echo(reporter_policy(layout, connection), nl=False)


@policy.command(short_help="What the owner of one connection among others needs.")
@click.option("--connection", type=CONNECTION, required=True, help="The connection that is theirs.")
@_placed
@report_errors
def tenant(*, connection: ConnectionName, mount: str, prefix: str, tokens_mount: str | None) -> None:
    """What the owner of one connection needs: write its credential, read its token, report it dead.

    They read no client. Whoever may write a credential may name any client in it, so each client's record says which
    connections it serves: zoho-tokend client add NAME --connections
    """
    layout = Layout(mount=mount, prefix=prefix, tokens_mount=tokens_mount)
    click.echo(tenant_policy(layout, connection), nl=False)


@policy.command(short_help="What a person on call needs.")
@click.option("--connection", type=CONNECTION, help="Let them keep this connection alone.")
@click.option(
    "--client", type=CLIENT, help="With --connection: let them read this client alone, and no other's secret."
)
@_targeted
@_placed
@report_errors
def operator(
    *,
    connection: ConnectionName | None,
    client: str | None,
    publish_targets: tuple[Target, ...],
    mount: str,
    prefix: str,
    tokens_mount: str | None,
) -> None:
    """What a person needs to authorize, import, refresh, revoke and remove connections.

    With --connection, none but that one, and no list of the others; clients are read, and not changed: every one, or
    that of --client alone.
    """
    if client is not None and connection is None:
        raise click.UsageError("--client goes with --connection: who keeps every connection keeps every client")
    layout = Layout(mount=mount, prefix=prefix, tokens_mount=tokens_mount)
    click.echo(operator_policy(layout, connection, client=client, targets=publish_targets), nl=False)
