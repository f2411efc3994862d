"""From what Zoho handed out to the record that jobs read."""

from datetime import timedelta

import pytest

from tests.support.samples.builders import HOUR, NOON, SECOND, a_connection, a_credential, an_issue
from zoho_tokend.core.connection import Connection
from zoho_tokend.core.model import Credential, Issued, TokenRecord
from zoho_tokend.core.policy import Policy
from zoho_tokend.core.transitions import token_record


def record(
    issued: Issued, *, connection: Connection | None = None, credential: Credential | None = None
) -> TokenRecord:
    return token_record(
        issued,
        credential=credential or a_credential(),
        connection=connection or a_connection(issued_at=None),
        asked_at=NOON + timedelta(microseconds=999_999),
        data_center="eu",
        usual_api_domain="https://www.zohoapis.eu",
        policy=Policy(),
    )


def test_a_token_is_never_promised_longer_than_it_lasts() -> None:
    made = record(an_issue(lifetime=HOUR + timedelta(milliseconds=900)))
    assert made.issued_at == NOON
    assert made.expires_at == NOON + HOUR


def test_a_reader_is_told_to_look_again_when_the_lead_begins() -> None:
    assert record(an_issue()).refresh_after == NOON + HOUR / 2
    assert record(an_issue(), credential=a_credential(refresh_at=0.75)).refresh_after == NOON + 0.75 * HOUR


@pytest.mark.parametrize(
    ("told", "connection", "expected"),
    [
        pytest.param("https://told", a_connection(), "https://told", id="the answer's own"),
        pytest.param(None, a_connection(), "https://www.zohoapis.eu", id="the last one known"),
        pytest.param(None, a_connection(issued_at=None), "https://www.zohoapis.eu", id="the data centre's usual one"),
    ],
)
def test_the_api_domain_is(told: str | None, connection: Connection, expected: str) -> None:
    assert record(an_issue(api_domain=told), connection=connection).api_domain == expected


def test_the_scope_that_zoho_granted_wins_over_the_one_that_was_asked_for() -> None:
    assert record(an_issue(scope="ZohoCRM.org.READ")).scope == "ZohoCRM.org.READ"
    assert record(an_issue()).scope == "ZohoCRM.modules.ALL"


def test_a_very_short_life_is_recorded_as_it_is() -> None:
    made = record(an_issue(lifetime=SECOND))
    assert made.expires_at - made.issued_at == SECOND
