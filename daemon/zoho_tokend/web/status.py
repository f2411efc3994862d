"""``/status``: all public facts, as JSON of a stable shape.

    version            of the daemon
    now, started_at    instants: RFC 3339, UTC
    floor_seconds      the least life that a reader may ever find
    leader             whether this process refreshes
    holder             who was last known to lead; null while nobody does, or where there is no election
    shard, shards      which share of the connections is this process's own, from 0, and of how many
    vault              {alive, error, since, expires_at}: whether there is a session and Vault takes writes; why not,
                       and since when; expires_at is null when the session never ends, or there is none
    discovery          {complete, error, undiscovered, ill_named}: whether every connection in Vault was looked at; why
                       the last look came to nothing; {name: sentence} for each that Vault gave no usable answer about,
                       and {name: rule} for each record that has no connection's name
    unsaved_tokens     issued, and not yet taken by Vault
    counts             {state: number}, every state named
    connections        [{name, state, data_center, issued_at, expires_at, floor_seconds, next_refresh_at,
                       last_success_at, last_attempt_at, version, failures, budget_remaining, error, outcome,
                       deferred_by}]: trouble first, then by name; outcome is how the refresh behind the error ended;
                       deferred_by is what a refresh that is due waits for: budget, client_limit or null
    after              what to send as ``?after=`` for the next page; null on the last

``?state=`` shows one state alone, ``?search=`` the names that contain a text, in capitals or not; ``?limit=`` sets the
length of a page (200; 1,000 at most).
"""

from datetime import datetime

from zoho_tokend.core.facts import ConnectionFacts, DaemonFacts
from zoho_tokend.core.instants import rfc3339
from zoho_tokend.core.model import NAME_RULE
from zoho_tokend.web.listing import Listing

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def status(daemon: DaemonFacts, listing: Listing) -> dict[str, Json]:
    """Return the document."""
    return {
        "version": daemon.version,
        "now": _instant(daemon.now),
        "started_at": _instant(daemon.started_at),
        "floor_seconds": daemon.floor.total_seconds(),
        "leader": daemon.leader,
        "holder": daemon.holder,
        "shard": daemon.shard.number,
        "shards": daemon.shard.of,
        "vault": {
            "alive": daemon.vault_alive,
            "error": daemon.vault_error,
            "since": _instant(daemon.vault_since),
            "expires_at": _instant(daemon.vault_expires_at),
        },
        "discovery": {
            "complete": daemon.discovered,
            "error": daemon.discovery_error,
            "undiscovered": {str(name): sentence for name, sentence in daemon.undiscovered.items()},
            "ill_named": dict.fromkeys(daemon.ill_named, NAME_RULE),
        },
        "unsaved_tokens": daemon.unsaved,
        "counts": {str(state): number for state, number in listing.counts.items()},
        "connections": [_connection(row) for row in listing.rows],
        "after": listing.after,
    }


def _connection(row: ConnectionFacts) -> Json:
    return {
        "name": row.name,
        "state": row.state,
        "data_center": row.data_center,
        "issued_at": _instant(row.issued_at),
        "expires_at": _instant(row.expires_at),
        "floor_seconds": row.floor.total_seconds(),
        "next_refresh_at": _instant(row.next_refresh_at),
        "last_success_at": _instant(row.last_success_at),
        "last_attempt_at": _instant(row.last_attempt_at),
        "version": row.version,
        "failures": row.failures,
        "budget_remaining": row.budget_remaining,
        "error": row.error,
        "outcome": row.outcome,
        "deferred_by": row.deferred_by,
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
