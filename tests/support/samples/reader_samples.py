"""Token records for tests of the readers, as jobs find them in Vault. Every secret here is invented."""

from datetime import datetime, timedelta
from typing import Any

from tests.support.clocks.wall_clock import WallClock
from tests.support.samples.builders import CRM, HOUR, NOON, a_record
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.reader import Token
from zoho_tokend.reader.record import token_of
from zoho_tokend.vault import codec


def record_fields(
    connection: str = CRM, *, issued_at: datetime = NOON, lifetime: timedelta = HOUR, **changes: Any
) -> dict[str, object]:
    """The fields that the daemon writes, by its own codec."""
    record = a_record(ConnectionName(connection), issued_at=issued_at, lifetime=lifetime)
    return codec.token_fields(record) | changes


def a_token(connection: str = CRM, *, issued_at: datetime = NOON, lifetime: timedelta = HOUR, **changes: Any) -> Token:
    """The token of such a record."""
    fields = record_fields(connection, issued_at=issued_at, lifetime=lifetime, **changes)
    return token_of(fields, connection=connection, where=f"secret/zoho/tokens/{connection}")


def ago(span: timedelta) -> datetime:
    """That long ago, in whole seconds."""
    return (WallClock().now() - span).replace(microsecond=0)
