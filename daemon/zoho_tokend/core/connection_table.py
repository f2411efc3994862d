"""The table: every connection by its name, and those at rest as plain tuples, which no garbage collection visits.

A full collection stops the event loop while it visits every object that could be part of a cycle. A tuple of texts,
numbers and instants cannot be, and Python leaves it out
(https://github.com/python/cpython/blob/main/InternalDocs/garbage_collector.md#optimization-delay-tracking-of-containers).
"""

from collections.abc import Iterator, KeysView
from datetime import datetime
from operator import attrgetter
from typing import Final

from zoho_tokend.core.connection import Connection, Token
from zoho_tokend.core.model import ConnectionName

Packed = tuple[
    ConnectionName,
    int,
    bool,
    int,
    datetime | None,
    str | None,
    str | None,
    str | None,
    str | None,
    float | None,
    datetime | None,
    datetime | None,
    datetime,
    datetime,
    str,
    str,
]

_columns: Final = attrgetter(
    "name",
    "version",
    "recalled",
    "term",
    "looked_at",
    "grant_key",
    "client_id",
    "server",
    "stamp",
    "refresh_at",
    "last_success_at",
    "last_attempt_at",
    "token.issued_at",
    "token.expires_at",
    "token.api_domain",
    "token.data_center",
)


class ConnectionTable:
    """A connection for each name. What is got is equal to what was put, and need not be the same object."""

    __slots__ = ("_held", "_latest")

    def __init__(self) -> None:
        self._held: dict[ConnectionName, Connection | Packed] = {}
        # A refresh asks for its connection a dozen times in a row.
        self._latest: tuple[Packed, Connection] | None = None

    def __contains__(self, name: object) -> bool:
        return name in self._held

    def __getitem__(self, name: ConnectionName) -> Connection:
        held = self._held[name]
        if isinstance(held, Connection):
            return held
        if self._latest is None or self._latest[0] is not held:
            self._latest = held, _unpacked(held)
        return self._latest[1]

    def __len__(self) -> int:
        return len(self._held)

    @property
    def names(self) -> KeysView[ConnectionName]:
        """The names of all connections."""
        return self._held.keys()

    def put(self, connection: Connection) -> None:
        """The connection is known by its name, in place of any other of that name."""
        packed = _packed(connection)
        self._held[connection.name] = packed or connection
        if packed is not None:
            self._latest = packed, connection

    def discard(self, name: ConnectionName) -> None:
        """No connection is known by that name."""
        self._held.pop(name, None)

    def everyone(self) -> Iterator[Connection]:
        """Each connection as it is now, whatever changes while they are gone through, be it in another thread."""
        return map(_unpacked, tuple(self._held.values()))

    def restless(self) -> Iterator[Connection]:
        """Likewise those that are not at rest: without a token, in trouble, or with something for Vault to take."""
        return (each for each in tuple(self._held.values()) if isinstance(each, Connection))


def _packed(connection: Connection) -> Packed | None:
    """Its columns, if these are all there is to say of it."""
    if not connection.is_settled:
        return None
    columns: Packed = _columns(connection)
    return columns if _unpacked(columns) == connection else None


def _unpacked(held: Connection | Packed) -> Connection:
    if isinstance(held, Connection):
        return held
    (
        name,
        version,
        recalled,
        term,
        looked_at,
        grant_key,
        client_id,
        server,
        stamp,
        refresh_at,
        last_success_at,
        last_attempt_at,
        issued_at,
        expires_at,
        api_domain,
        data_center,
    ) = held
    return Connection(
        name=name,
        version=version,
        recalled=recalled,
        term=term,
        looked_at=looked_at,
        grant_key=grant_key,
        client_id=client_id,
        server=server,
        stamp=stamp,
        refresh_at=refresh_at,
        last_success_at=last_success_at,
        last_attempt_at=last_attempt_at,
        token=Token(issued_at=issued_at, expires_at=expires_at, api_domain=api_domain, data_center=data_center),
    )
