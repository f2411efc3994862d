"""Transitions: what each event does to a connection, as pure functions.

Every function takes a connection and returns the next one.
Strings that most connections have in common are interned, so that a fleet of 100,000 holds each of them once.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from sys import intern
from typing import Final

from zoho_tokend.core import backoff
from zoho_tokend.core.connection import Connection, Failure, PublishedToken, Reason, Rejection, Rotation
from zoho_tokend.core.errors import NeedsPerson, Outcome, RecordUnreadable, RefreshError, Retryable, Throttled
from zoho_tokend.core.model import ConnectionName, Credential, Issued, Published, TokenRecord
from zoho_tokend.core.policy import LARGEST_SKEW, LONGEST_NORMAL_REFRESH, TEN_MINUTES, Policy

_FROM_ZOHO: Final = frozenset({Outcome.GRANT_REJECTED, Outcome.CLIENT_REJECTED})


def discovered(name: ConnectionName, published: Published | None, now: datetime) -> Connection:
    """The connection as it is discovered in Vault; ``published`` is None where its token record could not be read."""
    if published is None:
        return Connection(name=name)
    token = _token(published.record) if published.record else None
    return Connection(
        name=name,
        token=token,
        version=published.version,
        recalled=_nothing_to_recall(published.version, token, now),
        last_success_at=token.issued_at if token else None,
    )


def after_looking(connection: Connection, published: Published, *, term: int | None, now: datetime) -> Connection:
    """The connection after its token record was read again: what Vault holds is believed.

    A newer token of another process clears the connection's failures. Any change means that budget spent by others must
    be recalled. A record that vanished, or became older, is replaced when its age says so.
    """
    seen = replace(connection, looked_at=now, term=connection.term if term is None else term)
    token = _token(published.record) if published.record else None
    if (published.version, token) == (connection.version, connection.token):
        return seen
    recalled = _nothing_to_recall(published.version, token, now)
    found = replace(seen, token=token, version=published.version, recalled=recalled)
    if token is None or token.expires_at <= now:
        return found
    if connection.token is not None and token.issued_at <= connection.token.issued_at:
        return found
    return replace(
        found,
        failures=0,
        throttles=0,
        failure=connection.failure if connection.write_at else None,
        rejection=None,
        parked=False,
        retry_at=None,
        retry_reason=Reason.RETRY,
        last_success_at=token.issued_at,
    )


def after_failed_look(connection: Connection, now: datetime) -> Connection:
    """The connection after a standby could not read its token record."""
    return replace(connection, looked_at=now)


def after_reading(connection: Connection, credential: Credential) -> Connection:
    """The connection after its credential was read; a changed credential clears its rejection and its throttles."""
    key = credential.budget_key
    read = replace(
        connection,
        grant_key=connection.grant_key if connection.grant_key == key else key,
        client_id=intern(credential.client.client_id),
        server=intern(str(credential.accounts_server)),
        stamp=credential.stamp,
        refresh_at=credential.refresh_at,
    )
    if read.stamp == connection.stamp or connection.stamp is None:
        return read
    return replace(read, rejection=None, parked=False, throttles=0)


def after_issue(connection: Connection, *, record: TokenRecord, rotation: Rotation | None, now: datetime) -> Connection:
    """The connection after Zoho issued a token: it is held in memory until it is written to Vault."""
    return replace(connection, unsaved=record, rotation=rotation or connection.rotation, write_at=now, failed_writes=0)


def after_publishing(connection: Connection, record: TokenRecord, version: int, now: datetime) -> Connection:
    """The connection after a record was published in Vault: every failure is forgotten."""
    return _nothing_held(
        replace(
            connection,
            token=_token(record),
            version=version,
            failures=0,
            throttles=0,
            failure=None,
            rejection=None,
            parked=False,
            retry_at=None,
            retry_reason=Reason.RETRY,
            unsaved=None,
            last_success_at=now,
        )
    )


def after_storing_rotation(connection: Connection) -> Connection:
    """The connection after the rotated refresh token was written to Vault, or a person has stored another."""
    return _nothing_held(replace(connection, rotation=None))


def after_failed_write(connection: Connection, error: RefreshError, now: datetime) -> Connection:
    """The connection after what is held could not be written to Vault: it is written again."""
    failed = connection.failed_writes + 1
    return replace(
        connection,
        write_at=now + backoff.after_failed_write(connection.name, failed),
        failed_writes=failed,
        failure=Failure(outcome=error.outcome, error=str(error)),
    )


def after_expiry_unsaved(connection: Connection) -> Connection:
    """The connection after a token expired that could never be written to Vault."""
    return _nothing_held(replace(connection, unsaved=None))


def after_failure(
    connection: Connection,
    error: RefreshError,
    now: datetime,
    *,
    uptime: float,
    pace: timedelta,
    together: int = 1,
    client_is_limited: bool = False,
) -> Connection:
    """The connection after a failed refresh: what it waits for, and how long.

    Args:
        uptime: the monotonic clock, in seconds.
        pace: how far apart requests are where the budget is spent evenly.
        together: how many connections Zoho rejected within the same minutes, this one included.
        client_is_limited: whether its client is, so that a throttle says nothing of the connection itself.
    """
    stamp = error.stamp if isinstance(error, RecordUnreadable) and error.stamp else connection.stamp
    failed = replace(
        connection,
        stamp=stamp,
        failures=connection.failures + 1,
        failure=Failure(outcome=error.outcome, error=str(error)),
    )
    if isinstance(error, NeedsPerson):
        if error.outcome in _FROM_ZOHO:
            return _after_rejection(failed, error, now, uptime=uptime, together=together)
        return _park(failed, now + backoff.between_probes(failed.name, 1))
    if connection.parked:
        # An outage says nothing about the rejection, which holds until a probe or a person clears it.
        failed = replace(failed, failure=connection.failure)
    if isinstance(error, Throttled):
        return _after_throttle(failed, error, now, pace, client_is_limited=client_is_limited)
    retry_after = error.retry_after if isinstance(error, Retryable) else None
    wait = backoff.after_failure(failed.name, failed.failures, retry_after)
    return _retry(failed, now, wait, soonest=max(backoff.capped(retry_after), backoff.FLOOR), pace=pace)


def after_waking(connection: Connection, now: datetime) -> Connection:
    """The connection after its records or its policy changed: tried at once, as if it had never failed."""
    return replace(
        connection, parked=False, rejection=None, failures=0, throttles=0, retry_at=now, retry_reason=Reason.WOKEN
    )


def after_recovery_of_another(connection: Connection, now: datetime) -> Connection:
    """The rejected connection after another that was rejected with it recovered: tried at once, and still rejected."""
    return replace(connection, retry_at=now, retry_reason=Reason.WOKEN)


def after_revocation(connection: Connection) -> Connection:
    """The connection after a person ended its grant: what is held is dropped, for Zoho has revoked it."""
    return replace(connection, unsaved=None, rotation=None, write_at=None, failed_writes=0)


def after_vault_came_back(connection: Connection, now: datetime) -> Connection:
    """The connection after Vault answers again: one that waits for nothing else is tried at once.

    Its failures still count, so that a Vault that comes and goes gets no more requests.
    """
    waits = connection.retry_at is not None and not connection.parked
    if waits and connection.failure is not None and connection.failure.outcome is Outcome.VAULT_UNAVAILABLE:
        return replace(connection, retry_at=now, retry_reason=Reason.RETRY)
    return connection


def after_report(connection: Connection, now: datetime) -> Connection:
    """The connection after its token was found dead before its expiry: a new one is due at once."""
    return replace(connection, retry_at=now, retry_reason=Reason.REPORTED)


def _nothing_held(connection: Connection) -> Connection:
    if connection.unsaved or connection.rotation:
        return connection
    return replace(connection, write_at=None, failed_writes=0)


def _after_throttle(
    connection: Connection, error: Throttled, now: datetime, pace: timedelta, *, client_is_limited: bool
) -> Connection:
    throttles = connection.throttles + 1
    wait = backoff.after_throttle(connection.name, 1 if client_is_limited else throttles, error.retry_after)
    # Zoho's lock-out lasts ten minutes. After it, jobs without a token wait no longer than the budget demands.
    ended = connection.token is not None and connection.token.expires_at <= now
    least = pace if throttles > 1 and ended else TEN_MINUTES
    soonest = max(least, backoff.capped(error.retry_after))
    return _retry(replace(connection, throttles=throttles), now, wait, soonest=soonest, pace=pace)


def _after_rejection(
    connection: Connection, error: NeedsPerson, now: datetime, *, uptime: float, together: int
) -> Connection:
    """The connection after Zoho rejected its credential.

    | rejected                             | the token lives                                  | it has ended          |
    | once, or for another reason before   | again in a minute, to confirm it                 | likewise              |
    | twice, a minute apart: confirmed     | parked; again in 2, 4, 8 … min, and once more at | parked; probed        |
    |                                      | the last moment before the expiry                | every 6 h, or oftener |
    |                                      |                                                  | where many were       |
    |                                      |                                                  | rejected together     |
    """
    before = connection.rejection
    if before is None or before.stamp != connection.stamp or before.outcome is not error.outcome:
        rejection = Rejection(outcome=error.outcome, stamp=connection.stamp, since=uptime)
    elif uptime - before.since < backoff.CONFIRMATION.total_seconds():
        rejection = before
    else:
        rejection = replace(before, times=before.times + 1)
    refused = replace(connection, rejection=rejection)
    wait = backoff.after_rejection(connection.name, rejection.times)
    if rejection.times == 1:
        pending = _retry(replace(refused, parked=False), now, wait, soonest=backoff.CONFIRMATION, pace=wait)
        return replace(pending, retry_reason=Reason.CONFIRM)
    if _lives(connection, now + backoff.CONFIRMATION):
        parked = _retry(refused, now, wait, soonest=backoff.CONFIRMATION, pace=wait)
        return _park(refused, parked.retry_at or now)
    return _park(refused, now + backoff.between_probes(connection.name, together))


def _park(connection: Connection, probe_at: datetime) -> Connection:
    return replace(connection, parked=True, retry_at=probe_at, retry_reason=Reason.PROBE)


def _lives(connection: Connection, now: datetime) -> bool:
    return connection.token is not None and connection.token.expires_at > now


def _retry(
    connection: Connection, now: datetime, wait: timedelta, *, soonest: timedelta, pace: timedelta
) -> Connection:
    """The connection that retries after ``wait``, or sooner where its token's expiry demands it.

    While the token lives, one retry is made at the last moment at which a normal refresh still ends before the expiry.
    Without it, an outage a little shorter than the floor could end between two retries on either side of the expiry.
    That retry replaces a later one, and is never sooner than ``soonest``: the rate does not grow. From the expiry on,
    no retry is further away than the budget's ``pace``. Where no job ever had a token, there is no hurry.
    """
    at = now + wait
    if connection.token is not None:
        last_moment = connection.token.expires_at - LONGEST_NORMAL_REFRESH
        at = min(at, last_moment if now + soonest <= last_moment else now + max(soonest, pace))
    return replace(connection, retry_at=at, retry_reason=Reason.RETRY)


def _nothing_to_recall(version: int, token: PublishedToken | None, now: datetime) -> bool:
    """Whether no issue that Vault remembers still counts: there is none, or the latest is older than ten minutes."""
    if version == 0:
        return True
    return token is not None and token.issued_at <= now - TEN_MINUTES - LARGEST_SKEW


def _token(record: TokenRecord) -> PublishedToken:
    return PublishedToken(
        issued_at=record.issued_at,
        expires_at=record.expires_at,
        api_domain=intern(record.api_domain),
        data_center=intern(record.data_center),
    )


_SECOND: Final = timedelta(seconds=1)


def token_record(
    issued: Issued,
    *,
    credential: Credential,
    connection: Connection,
    asked_at: datetime,
    data_center: str,
    usual_api_domain: str | None,
    policy: Policy,
) -> TokenRecord:
    """Return the record of a token that was requested at ``asked_at``.

    Its life is counted from the request and not from the answer, so that the record never promises too much. Where the
    answer omits the API domain, the last known one is kept, or else the data centre's usual one is used.
    """
    issued_at = asked_at - timedelta(microseconds=asked_at.microsecond)
    expires_at = issued_at + issued.lifetime // _SECOND * _SECOND
    refresh_after = expires_at - policy.lead(issued.lifetime, credential.refresh_at)
    last_known = connection.token.api_domain if connection.token else None
    return TokenRecord(
        connection=credential.connection,
        access_token=issued.access_token,
        token_type=issued.token_type,
        issued_at=issued_at,
        expires_at=expires_at,
        refresh_after=refresh_after - timedelta(microseconds=refresh_after.microsecond),
        api_domain=issued.api_domain or last_known or usual_api_domain or "",
        accounts_server=str(credential.accounts_server),
        data_center=data_center,
        scope=issued.scope or credential.scope or "",
    )
