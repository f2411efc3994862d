"""What is right and wrong with each connection; pure."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from zoho_tokend.core import budget
from zoho_tokend.core.budget import Spent
from zoho_tokend.core.facts import State
from zoho_tokend.core.instants import span
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.core.policy import LONGEST_NORMAL_REFRESH, Policy
from zoho_tokend.doctor.finding import Area, Finding, count, some
from zoho_tokend.doctor.records import CredentialFacts, DaemonsView, Examined, TokenFacts, Unread

_DAEMON = "see the daemon's log and /status"


def connections(
    examined: Sequence[Examined],
    ill_named: Collection[str],
    daemon: Mapping[str, DaemonsView] | None,
    *,
    policy: Policy,
    now: datetime,
) -> Iterator[Finding]:
    """What there is to say of all of them.

    Args:
        daemon: what a running daemon says of each; None where no daemon answers.
    """
    if not examined:
        fix = "make one: zoho-tokend authorize --help"
        yield Area.CONNECTIONS.warning("connections", "there is none", fix=fix)
    found = holders(examined)
    issues = spent(found)
    for connection in examined:
        yield from _connection(connection, daemon, issues.get(connection.name, ()), policy=policy, now=now)
    yield from shared(found)
    yield from _clients(examined)
    for name in sorted(ill_named):
        yield Area.CONNECTIONS.warning(
            repr(name),
            "is no connection's name, so the daemon leaves it alone",
            fix="store it under a name of letters, digits, '-', '_' and '.', 128 at most, no dot at either end",
        )
    if daemon is None and examined:
        yield Area.CONNECTIONS.warning(
            "the daemon",
            "no daemon answers on this machine, so what it has parked is not known",
            fix="run doctor where the daemon runs, or look at its /status",
        )


def _connection(
    connection: Examined,
    daemon: Mapping[str, DaemonsView] | None,
    issues: budget.Spent,
    *,
    policy: Policy,
    now: datetime,
) -> Iterator[Finding]:
    """All troubles; or, where there are none, one line that says how well it is."""
    credential, token = connection.credential, connection.token
    if isinstance(credential, Unread) and credential.revoked:
        yield _revoked(connection.name, credential.why)
        return
    if isinstance(credential, Unread):
        command = f"vault kv patch {connection.where} FIELD=-"
        fix = f"mend the record, with the value on standard input: {command}; the daemon sees the change by itself"
        yield Area.CONNECTIONS.wrong(connection.name, credential.why, fix=credential.fix or fix)
        return
    if not credential.allowed:
        yield _not_allowed(connection, credential)
        return
    said = list(_daemon(connection, daemon))
    troubles = [
        *_oddities(connection, credential),
        *_token(connection, credential, policy=policy, now=now),
        *_budget(connection, issues, policy=policy, now=now),
        *said,
    ]
    yield from troubles
    if token is None and not said:
        fix = f"see that the daemon runs, or: zoho-tokend refresh {connection.name}"
        yield Area.CONNECTIONS.warning(connection.name, "has no token yet", fix=fix)
    elif isinstance(token, TokenFacts) and not troubles:
        left = budget.remaining(issues, now, limit=policy.issues_per_ten_minutes)
        life = f"token lives {span(token.expires_at - now)} (floor {span(_floor(token, credential, policy))})"
        told = f"{left} of {policy.issues_per_ten_minutes} issues left"
        yield Area.CONNECTIONS.ok(connection.name, f"{credential.location}, {life}, {told}")


def _clients(examined: Sequence[Examined]) -> Iterator[Finding]:
    """Who uses which client; and those that anybody may use who may write a credential."""
    users: defaultdict[str, list[ConnectionName]] = defaultdict(list)
    unrestricted: set[str] = set()
    for connection in examined:
        credential = connection.credential
        if isinstance(credential, CredentialFacts) and credential.client is not None:
            users[credential.client].append(connection.name)
            unrestricted |= {credential.client} if credential.unrestricted else set()
    for client, names in sorted(users.items()):
        subject, used = f"client {client}", f"is used by {some(names)}"
        if client in unrestricted:
            finding = f"{used}, and may be used by any connection: its record has no field 'connections'"
            fix = f"name those that may (* for any): zoho-tokend client add {client} --replace --connections NAMES"
            yield Area.CONNECTIONS.warning(subject, finding, fix=fix)
        else:
            yield Area.CONNECTIONS.ok(subject, used)


def _not_allowed(connection: Examined, credential: CredentialFacts) -> Finding:
    return Area.CONNECTIONS.wrong(
        connection.name,
        f"its accounts server {credential.accounts_server} is neither Zoho's own nor allowed, so it is not asked",
        fix="correct the field accounts_server, or add the origin to ALLOWED_ACCOUNTS_SERVERS",
    )


def _oddities(connection: Examined, credential: CredentialFacts) -> Iterator[Finding]:
    for oddity in credential.oddities:
        fix = "compare it with Zoho's API console, if Zoho refuses the connection"
        yield Area.CONNECTIONS.warning(connection.name, oddity, fix=fix)


def _token(connection: Examined, credential: CredentialFacts, *, policy: Policy, now: datetime) -> Iterator[Finding]:
    token = connection.token
    if token is None:
        return
    if isinstance(token, Unread):
        yield Area.CONNECTIONS.wrong(connection.name, token.why, fix=_DAEMON)
        return
    left, floor = token.expires_at - now, _floor(token, credential, policy)
    if left <= timedelta():
        yield Area.CONNECTIONS.wrong(connection.name, f"its token expired {span(-left)} ago", fix=_DAEMON)
    elif left < floor:
        finding = f"its token has {span(left)} left, and {span(floor)} are promised: refreshes fail or are late"
        yield Area.CONNECTIONS.warning(connection.name, finding, fix=_DAEMON)
    yield from _data_center(connection, credential, token)


def _data_center(connection: Examined, credential: CredentialFacts, token: TokenFacts) -> Iterator[Finding]:
    """A token is good at its own data centre alone (https://zoho.com/accounts/protocol/oauth/multi-dc.html)."""
    if token.accounts_server != str(credential.accounts_server):
        finding = f"its token came from {token.accounts_server}, and its credential names {credential.accounts_server}"
        yield Area.CONNECTIONS.warning(connection.name, finding, fix=f"zoho-tokend refresh {connection.name}")
    elif not token.api_allowed or not _same_domain(token.api_domain, credential.usual_api_domain):
        finding = f"its token is for {token.api_domain}, which is none of data centre '{credential.location}'"
        fix = "see who writes the token record besides the daemon, and refresh the connection"
        yield Area.CONNECTIONS.warning(connection.name, finding, fix=fix)


def _same_domain(api_domain: str, usual: str | None) -> bool:
    """Whether they differ in the environment at most: www, sandbox, developer."""
    if usual is None:
        return True
    try:
        return parse_origin(api_domain).host.partition(".")[2] == parse_origin(usual).host.partition(".")[2]
    except ValueError:
        return False


def _budget(connection: Examined, issues: budget.Spent, *, policy: Policy, now: datetime) -> Iterator[Finding]:
    limit = policy.issues_per_ten_minutes
    if budget.remaining(issues, now, limit=limit) == 0:
        wait = span(budget.free_at(issues, now, limit=limit) - now)
        yield Area.CONNECTIONS.warning(
            connection.name,
            f"its budget is spent: {limit} issues in ten minutes, the next in {wait}",
            fix="find who else refreshes with this refresh token, and give each its own consent",
        )


def _daemon(connection: Examined, daemon: Mapping[str, DaemonsView] | None) -> Iterator[Finding]:
    view = (daemon or {}).get(connection.name)
    name = connection.name
    match view:
        case DaemonsView(state=State.NEEDS_CONSENT, error=error):
            fix = f"consent anew, by `web` or as its client does: zoho-tokend authorize web --replace {name}"
            yield Area.CONNECTIONS.wrong(name, f"is parked: {error}", fix=fix)
        case DaemonsView(state=State.REVOKED, error=error):
            yield _revoked(name, error)
        case DaemonsView(state=State.MISCONFIGURED, error=error):
            fix = "mend what the sentence names; the daemon sees a changed record by itself"
            yield Area.CONNECTIONS.wrong(name, f"is parked: {error}", fix=fix)
        case DaemonsView(state=state, error=str(error)):
            yield Area.CONNECTIONS.warning(name, f"the daemon says {state}: {error}", fix=_DAEMON)
        case None if daemon is not None:
            fix = "wait for DISCOVERY_INTERVAL, and see that the daemon looks at the same Vault and prefix"
            yield Area.CONNECTIONS.warning(name, "the daemon does not know it yet", fix=fix)


def _revoked(name: ConnectionName, why: str | None) -> Finding:
    """A grant that a person ended is no fault."""
    fix = f"zoho-tokend connections remove {name}, or to use it again: zoho-tokend authorize … {name} --replace"
    return Area.CONNECTIONS.warning(name, f"its grant was ended on purpose: {why}", fix=fix)


def _floor(token: TokenFacts, credential: CredentialFacts, policy: Policy) -> timedelta:
    """The least life that a job may ever find in a token of this lifetime."""
    lead = policy.lead(token.expires_at - token.issued_at, credential.refresh_at)
    return max(lead - LONGEST_NORMAL_REFRESH - policy.sweep_interval, timedelta())


Holders = Mapping[str, Sequence[Examined]]
"""Connections by the fingerprint of what they hold."""


def holders(examined: Sequence[Examined]) -> Holders:
    """Those whose credential can be read."""
    found: defaultdict[str, list[Examined]] = defaultdict(list)
    for connection in examined:
        if isinstance(connection.credential, CredentialFacts):
            found[connection.credential.holder].append(connection)
    return dict(found)


def spent(found: Holders) -> Mapping[ConnectionName, Spent]:
    """When tokens were issued with a connection's refresh token, to whichever of its holders."""
    return {
        connection.name: tuple(instant for one in sharing if one.history for instant in one.history.written)
        for sharing in found.values()
        for connection in sharing
    }


def shared(found: Holders) -> Iterator[Finding]:
    """Refresh tokens that several connections hold."""
    for fingerprint, sharing in sorted(found.items()):
        if len(sharing) > 1:
            yield Area.CONNECTIONS.warning(
                some(connection.name for connection in sharing),
                f"{count(sharing, 'connection')} hold the same refresh token ({fingerprint}): "
                "they share its budget, and push each other's tokens out",
                fix="keep one of them, or give each a consent of its own: zoho-tokend authorize … --replace",
            )
