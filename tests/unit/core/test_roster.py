import gc
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.samples.builders import CRM, NOON, a_credential, a_record, refresh_grant, secret
from zoho_tokend.core.connection import Connection, Failure, Reason, Rejection, Rotation, Token
from zoho_tokend.core.connection_table import ConnectionTable
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.fleet import Fleet
from zoho_tokend.core.model import ConnectionName, Published
from zoho_tokend.core.policy import Policy

A_LITTLE = 50
AT_REST = Connection(
    name=CRM,
    token=Token(issued_at=NOON, expires_at=NOON + timedelta(hours=1), api_domain="https://a.example", data_center="eu"),
)
OTHERWISE: dict[str, Any] = {
    "name": ConnectionName("another"),
    "token": None,
    "version": 7,
    "recalled": True,
    "term": 3,
    "looked_at": NOON,
    "grant_key": "key",
    "client_id": "client",
    "server": "https://accounts.zoho.eu",
    "stamp": "1",
    "refresh_at": 0.3,
    "failures": 2,
    "throttles": 1,
    "failure": Failure(outcome=Outcome.THROTTLED, error="throttled"),
    "rejection": Rejection(outcome=Outcome.GRANT_REJECTED, stamp="1", since=0.0),
    "parked": True,
    "retry_at": NOON,
    "retry_reason": Reason.WOKEN,
    "unsaved": a_record(CRM),
    "rotation": Rotation(credential=a_credential(), refresh_token=secret("rotated")),
    "write_at": NOON,
    "failed_writes": 1,
    "last_success_at": NOON,
    "last_attempt_at": NOON,
}


@pytest.mark.parametrize("field", [field.name for field in fields(Connection)])
def test_nothing_is_lost_of_a_connection(field: str) -> None:
    connection = replace(AT_REST, **{field: OTHERWISE[field]})
    table = ConnectionTable()
    table.put(connection)
    assert table[connection.name] == connection
    assert list(table.everyone()) == [connection]


def test_those_in_trouble_are_found_without_going_through_the_others() -> None:
    table = ConnectionTable()
    parked = replace(AT_REST, name=ConnectionName("parked"), parked=True)
    for each in (AT_REST, parked, replace(AT_REST, name=ConnectionName("settled"), version=2)):
        table.put(each)
    assert list(table.restless()) == [parked]


def test_everyone_is_who_was_there_when_the_going_through_began() -> None:
    table = ConnectionTable()
    table.put(AT_REST)
    everyone = table.everyone()
    table.put(replace(AT_REST, version=2))
    table.put(replace(AT_REST, name=ConnectionName("new")))
    assert list(everyone) == [AT_REST]


def test_a_garbage_collection_visits_no_connection_at_rest() -> None:
    fleet = Fleet(Policy(), places=1)
    before = _visited()
    for number in range(1000):
        name = ConnectionName(f"c{number}")
        fleet.add(name, Published(version=1, record=a_record(name)), NOON)
        fleet.read(name, a_credential(name, grant=refresh_grant(name)), NOON)
        fleet.begin(name, NOON)
    assert len(fleet) == 1000
    assert _visited() - before < A_LITTLE


def _visited() -> int:
    """How many objects a full collection visits, once it has found out which it need not."""
    gc.collect()
    gc.collect()
    return len(gc.get_objects())
