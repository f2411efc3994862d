"""What each thing that happens makes of a connection.

Every function takes a connection and answers with the next one: what happens on the third throttle is a table.
Texts that most connections have in common are interned, so that a fleet of 100,000 holds each of them once.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from sys import intern
from typing import Final

from zoho_tokend.core import backoff
from zoho_tokend.core.connection import Connection, Doubt, Failure, Reason, Rotation, Token
from zoho_tokend.core.errors import NeedsPerson, Outcome, RecordUnreadable, RefreshError, Retryable, Throttled
from zoho_tokend.core.model import ConnectionName, Credential, Published, TokenRecord
from zoho_tokend.core.policy import LONGEST_NORMAL_REFRESH, TEN_MINUTES
from zoho_tokend.core.spread import spread

CONFIRMATION: Final = timedelta(minutes=1)
PROBE_INTERVAL: Final = timedelta(hours=6)


def discovered(name: ConnectionName, published: Published) -> Connection:
    """A connection as it is found in Vault; what it has spent is yet to be recalled, be its record readable or not."""
    token = _token(published.record) if published.record else None
    return Connection(
        name=name,
        token=token,
        version=published.version,
        last_success_at=token.issued_at if token else None,
    )


def after_looking(connection: Connection, published: Published, *, term: int | None, now: datetime) -> Connection:
    """The connection once it was read again what stands in Vault.

    What another process published takes its own failures with it, and counts against the budget.
    """
    seen = replace(connection, looked_at=now, term=connection.term if term is None else term)
    if published.version == connection.version:
        return seen
    found = discovered(connection.name, published)
    return replace(
        seen,
        token=found.token,
        version=found.version,
        recalled=False,
        failures=0,
        throttles=0,
        failure=connection.failure if connection.write_at else None,
        doubt=None,
        parked=False,
        retry_at=None,
        last_success_at=found.last_success_at,
    )


def after_looking_in_vain(connection: Connection, now: datetime) -> Connection:
    """The connection once Vault did not tell a standby what stands there."""
    return replace(connection, looked_at=now)


def after_reading(connection: Connection, credential: Credential) -> Connection:
    """The connection once its credential was read; a changed credential takes old doubts with it."""
    doubt = connection.doubt if connection.doubt and connection.doubt.stamp == credential.stamp else None
    return replace(
        connection,
        grant_key=credential.grant.key,
        client_id=intern(credential.client.client_id),
        server=intern(str(credential.accounts_server)),
        stamp=intern(credential.stamp),
        refresh_at=credential.refresh_at,
        doubt=doubt,
    )


def after_issue(connection: Connection, *, record: TokenRecord, rotation: Rotation | None, now: datetime) -> Connection:
    """The connection once Zoho issued a token: it is held in memory first, and let go when it has landed in Vault."""
    return replace(connection, unsaved=record, rotation=rotation or connection.rotation, write_at=now, failed_writes=0)


def after_publishing(connection: Connection, record: TokenRecord, version: int, now: datetime) -> Connection:
    """The connection once a record stands in Vault: every failure is forgotten."""
    return _nothing_held(
        replace(
            connection,
            token=_token(record),
            version=version,
            failures=0,
            throttles=0,
            failure=None,
            doubt=None,
            parked=False,
            retry_at=None,
            unsaved=None,
            last_success_at=now,
        )
    )


def after_storing_rotation(connection: Connection) -> Connection:
    """The connection once the refresh token that Zoho sent stands in Vault, or a person has stored another."""
    return _nothing_held(replace(connection, rotation=None))


def after_failed_write(connection: Connection, error: RefreshError, now: datetime) -> Connection:
    """The connection once Vault did not take what is held: it is written again."""
    failed = connection.failed_writes + 1
    return replace(
        connection,
        write_at=now + backoff.after_failed_write(connection.name, failed),
        failed_writes=failed,
        failure=Failure(outcome=error.outcome, error=str(error)),
    )


def after_expiry_unsaved(connection: Connection) -> Connection:
    """The connection once a token that Vault never took has reached its end."""
    return _nothing_held(replace(connection, unsaved=None))


def after_failure(connection: Connection, error: RefreshError, now: datetime) -> Connection:
    """The connection after a refresh that brought no token: what it waits for, and how long."""
    stamp = error.stamp if isinstance(error, RecordUnreadable) and error.stamp else connection.stamp
    failed = replace(
        connection,
        stamp=stamp,
        failures=connection.failures + 1,
        failure=Failure(outcome=error.outcome, error=str(error)),
    )
    match error:
        case Retryable() if connection.parked:
            # It says nothing about the verdict, which stands until a probe or a person lifts it.
            return _park(replace(failed, failure=connection.failure), now)
        case Throttled():
            return _after_throttle(failed, error, now)
        case NeedsPerson():
            return _after_verdict(failed, error, now)
        case Retryable():
            wait = backoff.after_failure(failed.name, failed.failures, error.retry_after)
            return _retry(failed, now, wait, soonest=now + (error.retry_after or backoff.FLOOR))
        case _:
            return _retry(failed, now, backoff.after_failure(failed.name, failed.failures), soonest=now + backoff.FLOOR)


def after_waking(connection: Connection, now: datetime) -> Connection:
    """The connection once its records or its policy changed: tried at once, as if it had never failed."""
    return replace(
        connection, parked=False, doubt=None, failures=0, throttles=0, retry_at=now, retry_reason=Reason.WOKEN
    )


def after_vault_came_back(connection: Connection, now: datetime) -> Connection:
    """The connection once Vault answers again: one that waits for nothing else is tried at once.

    Its failures still count, so that a Vault that comes and goes is asked no more often.
    """
    waits = connection.retry_at is not None and not connection.parked
    if waits and connection.failure is not None and connection.failure.outcome is Outcome.VAULT_UNAVAILABLE:
        return replace(connection, retry_at=now, retry_reason=Reason.RETRY)
    return connection


def after_report(connection: Connection, now: datetime) -> Connection:
    """The connection once its token was found dead before its time: a new one is due at once."""
    return replace(connection, retry_at=now, retry_reason=Reason.REPORTED)


def _nothing_held(connection: Connection) -> Connection:
    if connection.unsaved or connection.rotation:
        return connection
    return replace(connection, write_at=None, failed_writes=0)


def _after_throttle(connection: Connection, error: Throttled, now: datetime) -> Connection:
    throttles = connection.throttles + 1
    wait = backoff.after_throttle(connection.name, throttles, error.retry_after)
    cooled = replace(connection, throttles=throttles)
    return _retry(cooled, now, wait, soonest=now + max(TEN_MINUTES, error.retry_after or TEN_MINUTES))


def _after_verdict(connection: Connection, error: NeedsPerson, now: datetime) -> Connection:
    from_zoho = error.outcome in {Outcome.GRANT_REJECTED, Outcome.CLIENT_REJECTED}
    doubt = connection.doubt
    confirmed = doubt is not None and doubt.stamp == connection.stamp and now - doubt.since >= CONFIRMATION
    if connection.parked or confirmed or not from_zoho:
        return _park(connection, now)
    return replace(
        connection,
        doubt=doubt or Doubt(stamp=connection.stamp, since=now),
        retry_at=now + CONFIRMATION + spread(connection.name, CONFIRMATION / 10),
        retry_reason=Reason.CONFIRM,
    )


def _park(connection: Connection, now: datetime) -> Connection:
    wait = PROBE_INTERVAL - spread(connection.name, PROBE_INTERVAL / 10)
    return replace(connection, parked=True, retry_at=now + wait, retry_reason=Reason.PROBE)


def _retry(connection: Connection, now: datetime, wait: timedelta, *, soonest: datetime) -> Connection:
    """Wait that long, yet make one try at the last moment at which a normal refresh still lands before the expiry.

    Without it, an outage a little shorter than the floor could end between two tries that lie on both sides of the
    expiry. It is one try in the place of a later one, never sooner than ``soonest``: nothing gets wilder.
    """
    at = now + wait
    if connection.token is not None:
        last_moment = connection.token.expires_at - LONGEST_NORMAL_REFRESH
        if soonest <= last_moment < at:
            at = last_moment
    return replace(connection, retry_at=at, retry_reason=Reason.RETRY)


def _token(record: TokenRecord) -> Token:
    return Token(
        issued_at=record.issued_at,
        expires_at=record.expires_at,
        api_domain=intern(record.api_domain),
        data_center=intern(record.data_center),
    )
