"""The decision: refresh, save, look, or wait until when, and why. Decided from facts and ``now``; never by a timer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from zoho_tokend.core import budget, client_limit
from zoho_tokend.core.budget import Spent
from zoho_tokend.core.client_limit import ClientLimit
from zoho_tokend.core.connection import Connection, Reason, Token
from zoho_tokend.core.jitter import jitter
from zoho_tokend.core.policy import LARGEST_SKEW, Policy

# How long a standby gives the leader for the first token of a connection before it looks for it.
_FIRST_TOKEN: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Ask Zoho for a token now."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """Write what Vault has not taken yet, or let go of it once it has expired; nothing is asked of Zoho."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Read what stands in Vault: a standby leaves the refresh to the leader, and follows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Ask again then."""

    until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A person is needed; look again then."""

    until: datetime


Decision = Refresh | Save | Look | Wait | Parked


def decide(
    connection: Connection, *, spent: Spent, client: ClientLimit, now: datetime, policy: Policy, leads: bool = True
) -> Decision:
    """What is to be done with the connection now.

    Args:
        spent: the issues of its refresh token that are known.
        client: what is known of its client.
        leads: whether this process may refresh; what it holds it may save all the same.
    """
    at = next_at(connection, now, policy)
    if at > now:
        if connection.parked:
            return Parked(until=at)
        return Wait(until=at, reason=Reason.UNSAVED if connection.unsaved else _reason_to_wait(connection))
    if _must_save(connection, now):
        return Save()
    if not leads:
        turn = max(at, connection.looked_at or at) + _patience(connection, policy)
        return Wait(until=turn, reason=Reason.STANDBY) if turn > now else Look()
    return may_issue(spent=spent, client=client, now=now, policy=policy) or Refresh(
        reason=_reason_to_refresh(connection, now)
    )


def may_issue(*, spent: Spent, client: ClientLimit, now: datetime, policy: Policy) -> Wait | None:
    """None when the budget and the client allow an issue now; otherwise until when to wait, and why."""
    free = budget.free_at(spent, now, limit=policy.issues_per_ten_minutes)
    if free > now:
        return Wait(until=free, reason=Reason.BUDGET)
    turn = client_limit.may_begin_at(client, now)
    if turn > now:
        return Wait(until=turn, reason=Reason.CLIENT_LIMIT)
    return None


def next_at(connection: Connection, now: datetime, policy: Policy) -> datetime:
    """When the connection is next looked at; a moment that has passed means now."""
    if connection.unsaved is not None:
        return min(connection.write_at or now, connection.unsaved.expires_at)
    refresh_at = connection.retry_at or due_at(connection, now, policy)
    return refresh_at if connection.write_at is None else min(connection.write_at, refresh_at)


def due_at(connection: Connection, now: datetime, policy: Policy) -> datetime:
    """When the token is to be replaced: its expiry, less the lead, less the connection's own spread.

    Without a token, or with one that cannot be believed, that is now.
    """
    token = connection.token
    # One issued in the future was written by a clock that has since been put right: its expiry is not to be believed.
    if token is None or token.issued_at > now + LARGEST_SKEW:
        return now
    lead = lead_of(token, connection, policy)
    return token.expires_at - lead - jitter(connection.name, lead / 10)


def lead_of(token: Token, connection: Connection, policy: Policy) -> timedelta:
    """How long before its expiry this token is to be replaced."""
    return policy.lead(token.lifetime, connection.refresh_at)


def _patience(connection: Connection, policy: Policy) -> timedelta:
    """How long a standby gives the leader before it looks whether a token that was due has been replaced."""
    return lead_of(connection.token, connection, policy) / 10 if connection.token else _FIRST_TOKEN


def _must_save(connection: Connection, now: datetime) -> bool:
    if connection.unsaved is not None and connection.unsaved.expires_at <= now:
        return True
    return connection.write_at is not None and connection.write_at <= now


def _reason_to_refresh(connection: Connection, now: datetime) -> Reason:
    if connection.retry_at is not None:
        return connection.retry_reason
    if connection.token is None:
        return Reason.NEW
    return Reason.EXPIRED if connection.token.expires_at <= now else Reason.DUE


def _reason_to_wait(connection: Connection) -> Reason:
    return Reason.NOT_DUE if connection.retry_at is None else connection.retry_reason
