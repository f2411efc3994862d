"""The least privileges that each kind of program needs in Vault, as policies in HCL; pure.

Each program that logs in is granted what Vault's ``default`` policy allows for its own token, as a token may come
without that policy: https://developer.hashicorp.com/vault/docs/concepts/policies#default-policy
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.targets import Target
from zoho_tokend.vault.layout import Layout

# A policy's own sign for any name: https://developer.hashicorp.com/vault/docs/concepts/policies#policy-syntax
_ANY: Final = ConnectionName("*")


@dataclass(frozen=True, slots=True)
class _Rule:
    path: str
    capabilities: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        granted = ", ".join(f'"{capability}"' for capability in self.capabilities)
        return f'# {self.why}\npath "{self.path}" {{\n  capabilities = [{granted}]\n}}\n'


_OF_ITS_OWN_TOKEN: Final = (
    _Rule("auth/token/lookup-self", ("read",), "see how long its own token lives"),
    _Rule("auth/token/renew-self", ("update",), "renew it"),
    _Rule("auth/token/revoke-self", ("update",), "revoke it at the end"),
    _Rule("sys/capabilities-self", ("update",), "see what it may do"),
)


def daemon_policy(layout: Layout, *, reports: bool = False, targets: Sequence[Target] = ()) -> str:
    """Return the policy of the daemon.

    Args:
        reports: whether it acts on readers' reports.
        targets: where it writes second records of the tokens.
    """
    every_token, every_credential = layout.token(_ANY), layout.credential(_ANY)
    return _policy(
        _Rule(layout.credentials().metadata, ("list",), "find the connections"),
        _Rule(every_credential.data, ("read", "update"), "read a credential; store a refresh token that Zoho changed"),
        _Rule(layout.client(_ANY).data, ("read",), "read the clients that credentials name"),
        _Rule(every_token.data, ("create", "update", "read"), "write the token records, with CAS"),
        _Rule(every_token.metadata, ("read",), "remember after a restart how much of Zoho's budget is spent"),
        _Rule(layout.tokens().metadata, ("list",), "notice token records that were withdrawn"),
        *_to_remember_budgets(layout),
        *(_to_process_reports(layout) if reports else ()),
        *(rule for target in targets for rule in _to_tell(layout, target)),
        *_OF_ITS_OWN_TOKEN,
    )


def reader_policy(layout: Layout, connection: ConnectionName | None = None) -> str:
    """Return the policy of a job that reads the token of one connection, or of all; it cannot read refresh tokens."""
    path = layout.token(connection or _ANY)
    whose = connection or "every connection"
    return _policy(_Rule(path.data, ("read",), f"read the access token of {whose}"))


def reporter_policy(layout: Layout, connection: ConnectionName | None = None) -> str:
    """Return what a job needs besides a reader's policy to report a token of one connection, or any, dead."""
    whose = f"a token of {connection}" if connection else "any token"
    path = layout.report(connection or _ANY)
    return _policy(_Rule(path.data, ("create", "update"), f"say that {whose} has died early"))


def tenant_policy(layout: Layout, connection: ConnectionName) -> str:
    """Return the policy of the owner of one connection: keep its credential, read its token, report it as dead.

    It cannot read clients: a credential may name one whose secret its owner does not know, where the client's
    record names the connection.
    """
    return _policy(
        _Rule(layout.credential(connection).data, ("create", "update", "read"), f"keep the credential of {connection}"),
        _Rule(layout.token(connection).data, ("read",), "read its access token"),
        _Rule(layout.report(connection).data, ("create", "update"), "say that its token has died early"),
    )


def operator_policy(
    layout: Layout,
    connection: ConnectionName | None = None,
    *,
    client: str | None = None,
    targets: Sequence[Target] = (),
) -> str:
    """Return the policy of a person who authorizes, imports, refreshes, revokes and removes connections, or this one.

    Args:
        client: the one that this connection uses; where it is not named, every client may be read, secrets included.
        targets: where second records of the tokens are written.
    """
    credential, token = layout.credential(connection or _ANY), layout.token(connection or _ANY)
    everything = ("create", "read", "update", "delete")
    return _policy(
        *(_to_read_clients(layout, client) if connection else _to_keep_all(layout)),
        _Rule(credential.data, everything, "write a credential with CAS, mark it as revoked, remove it"),
        _Rule(credential.metadata, ("read",), "see which versions a credential has had"),
        _Rule(credential.undeletion, ("update",), "have a removed credential back"),
        _Rule(token.data, everything, "publish a token as the daemon does; withdraw one that was revoked"),
        _Rule(token.metadata, ("read", "delete"), "see how much of Zoho's budget is spent; erase what was revoked"),
        *_to_remember_budgets(layout),
        *(_to_withdraw(layout, target, connection) for target in targets),
        *(_Rule(f"{mount}/config", ("read",), "let doctor see how the mount is set up") for mount in layout.mounts()),
        *_OF_ITS_OWN_TOKEN,
    )


def _to_remember_budgets(layout: Layout) -> tuple[_Rule, ...]:
    return (
        _Rule(layout.budgets().metadata, ("list",), "find what refresh tokens have spent in vain"),
        _Rule(layout.budget("*").data, ("create", "update", "read"), "remember what refresh tokens spend in vain"),
    )


def _to_process_reports(layout: Layout) -> tuple[_Rule, ...]:
    every_report = layout.report(_ANY)
    return (
        _Rule(layout.reports().metadata, ("list",), "find what readers say of tokens that died early"),
        _Rule(every_report.data, ("read",), "read what they say"),
        _Rule(every_report.metadata, ("delete",), "dismiss what was answered"),
    )


def _to_tell(layout: Layout, target: Target) -> tuple[_Rule, ...]:
    path = layout.target(target, _ANY)
    return (
        _Rule(path.data, ("create", "update", "read"), f"publish tokens a second time, as {target.shape}"),
        _Rule(path.metadata, ("update",), "mark those records as ours"),
    )


def _to_withdraw(layout: Layout, target: Target, connection: ConnectionName | None) -> _Rule:
    path = layout.target(target, connection or _ANY)
    return _Rule(path.data, ("read", "delete"), f"withdraw the {target.shape} of a token that was revoked")


def _to_read_clients(layout: Layout, client: str | None) -> tuple[_Rule, ...]:
    return (_Rule(layout.client(client or _ANY).data, ("read",), "read the client that the credential names"),)


def _to_keep_all(layout: Layout) -> tuple[_Rule, ...]:
    return (
        _Rule(layout.clients().metadata, ("list",), "list the clients"),
        _Rule(layout.client(_ANY).data, ("create", "read", "update"), "add and change clients"),
        _Rule(layout.credentials().metadata, ("list",), "find the connections"),
    )


def _policy(*rules: _Rule) -> str:
    return "\n".join(str(rule) for rule in rules)
