"""What each thing that happens makes of a connection.

Every function takes a connection and returns the next one: what happens on the third throttle is a table.
Texts that most connections have in common are interned, so that a fleet of 100,000 holds each of them once.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from sys import intern
from typing import Final

from zoho_tokend.core import backoff
from zoho_tokend.core.connection import Connection, Failure, Reason, Rejection, Rotation, Token
from zoho_tokend.core.errors import NeedsPerson, Outcome, RecordUnreadable, RefreshError, Retryable, Throttled
from zoho_tokend.core.model import ConnectionName, Credential, Issued, Published, TokenRecord
from zoho_tokend.core.policy import LARGEST_SKEW, LONGEST_NORMAL_REFRESH, TEN_MINUTES, Policy

_FROM_ZOHO: Final = frozenset({Outcome.GRANT_REJECTED, Outcome.CLIENT_REJECTED})


def discovered(name: ConnectionName, published: Published | None, now: datetime) -> Connection:
    """A connection as it is found in Vault; ``published`` is None where it could not be read what stands there."""
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
    """The connection once it was read again what stands in Vault: that is what is believed.

    A newer token that another process published takes the connection's failures with it. Either way what others spent
    is to be recalled. A record that has vanished, or went back in time, is replaced when its age says so.
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


def after_looking_in_vain(connection: Connection, now: datetime) -> Connection:
    """The connection once Vault did not tell a standby what stands there."""
    return replace(connection, looked_at=now)


def after_reading(connection: Connection, credential: Credential) -> Connection:
    """The connection once its credential was read; a changed one is judged anew, and a new grant inherits nothing."""
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
            rejection=None,
            parked=False,
            retry_at=None,
            retry_reason=Reason.RETRY,
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


def after_failure(
    connection: Connection, error: RefreshError, now: datetime, *, uptime: float, pace: timedelta, together: int = 1
) -> Connection:
    """The connection after a refresh that brought no token: what it waits for, and how long.

    Args:
        uptime: the monotonic clock, in seconds.
        pace: how far apart requests are where the budget is spent evenly.
        together: of how many connections Zoho refused the credential within the same minutes, this one included.
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
        # An outage says nothing about the verdict, which stands until a probe or a person lifts it.
        failed = replace(failed, failure=connection.failure)
    if isinstance(error, Throttled):
        return _after_throttle(failed, error, now, pace)
    retry_after = error.retry_after if isinstance(error, Retryable) else None
    wait = backoff.after_failure(failed.name, failed.failures, retry_after)
    return _retry(failed, now, wait, soonest=max(backoff.believed(retry_after), backoff.FLOOR), pace=pace)


def after_waking(connection: Connection, now: datetime) -> Connection:
    """The connection once its records or its policy changed: tried at once, as if it had never failed."""
    return replace(
        connection, parked=False, rejection=None, failures=0, throttles=0, retry_at=now, retry_reason=Reason.WOKEN
    )


def after_recovery_of_another(connection: Connection, now: datetime) -> Connection:
    """The refused connection once another that was refused with it got a token: tried at once, and still refused."""
    return replace(connection, retry_at=now, retry_reason=Reason.WOKEN)


def after_revocation(connection: Connection) -> Connection:
    """The connection once a person ended its grant: what is held of it is let go, for Zoho has killed it."""
    return replace(connection, unsaved=None, rotation=None, write_at=None, failed_writes=0)


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


def _after_throttle(connection: Connection, error: Throttled, now: datetime, pace: timedelta) -> Connection:
    throttles = connection.throttles + 1
    wait = backoff.after_throttle(connection.name, throttles, error.retry_after)
    # Zoho's lock-out lasts ten minutes. After it a job that has no token waits no longer than the budget makes it.
    ended = connection.token is not None and connection.token.expires_at <= now
    least = pace if throttles > 1 and ended else TEN_MINUTES
    soonest = max(least, backoff.believed(error.retry_after))
    return _retry(replace(connection, throttles=throttles), now, wait, soonest=soonest, pace=pace)


def _after_rejection(
    connection: Connection, error: NeedsPerson, now: datetime, *, uptime: float, together: int
) -> Connection:
    """What Zoho's refusal of a credential leads to.

    | said                                 | the token lives                                  | it has ended          |
    | once, or of something else last time | again in a minute, to confirm it                 | likewise              |
    | twice, a minute apart: confirmed     | parked; again in 2, 4, 8 … min, and once more at | parked; probed        |
    |                                      | the last moment before the expiry                | every 6 h, or oftener |
    |                                      |                                                  | where many were       |
    |                                      |                                                  | refused together      |
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
    """Wait that long, and no longer than the token's end allows.

    While the token lives, one try is made at the last moment at which a normal refresh still lands before the expiry.
    Without it, an outage a little shorter than the floor could end between two tries that lie on both sides of the
    expiry. It is one try in the place of a later one, never sooner than ``soonest``: nothing gets wilder. From the
    expiry on, no try is further away than the budget's ``pace``. Where no job ever had a token there is no hurry.
    """
    at = now + wait
    if connection.token is not None:
        last_moment = connection.token.expires_at - LONGEST_NORMAL_REFRESH
        at = min(at, last_moment if now + soonest <= last_moment else now + max(soonest, pace))
    return replace(connection, retry_at=at, retry_reason=Reason.RETRY)


def _nothing_to_recall(version: int, token: Token | None, now: datetime) -> bool:
    """Whether no issue that Vault remembers can still count: there is none, or the latest is older than ten minutes."""
    if version == 0:
        return True
    return token is not None and token.issued_at <= now - TEN_MINUTES - LARGEST_SKEW


def _token(record: TokenRecord) -> Token:
    return Token(
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
    """The record of a token that was asked for then.

    Its life is counted from the asking and not from the answer: it is never promised longer than it lasts. Where the
    answer omits the API domain, the last one is kept, or else the data centre's usual one is taken.
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
