import re
from datetime import timedelta

import pytest

from tests.support.samples.builders import HOUR, MINUTE, NOON
from tests.support.samples.reader_samples import a_token, record_fields
from zoho_tokend.reader import Token, UnknownSchema
from zoho_tokend.reader.record import token_of

WHERE = "secret/zoho/tokens/crm-prod"


def read(fields: dict[str, object]) -> Token:
    return token_of(fields, connection="crm-prod", where=WHERE)


def test_a_record_of_the_daemon_is_read_whole() -> None:
    fields = record_fields()
    token = read(fields)
    assert token.authorization == fields["authorization"] == f"Zoho-oauthtoken {token.access_token}"
    assert (token.issued_at, token.refresh_after, token.expires_at) == (NOON, NOON + HOUR / 2, NOON + HOUR)
    assert (token.api_domain, token.data_center) == ("https://www.zohoapis.eu", "eu")
    assert token.headers == {"Authorization": token.authorization}


def test_fields_of_a_later_version_do_not_disturb() -> None:
    assert read(record_fields(invented_later=7)) == read(record_fields())


def test_a_token_does_not_print_itself() -> None:
    token = a_token()
    assert token.access_token not in f"{token!r} {token} {[token]}"
    assert "crm-prod" in repr(token)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"schema": "2"}, "has a schema that this version of zoho-tokend does not know (it knows '1'): install"),
        ({"schema": None}, "is no token record of zoho-tokend"),
        ({"connection": "other"}, "is the record of another connection"),
        ({"access_token": None}, "the field 'access_token' is missing"),
        ({"access_token": 7}, "the field 'access_token' is no text"),
        ({"expires_at": "tomorrow"}, "the field 'expires_at' is no instant"),
        ({"expires_at": "2026-11-24T12:00:00"}, "the field 'expires_at' is no instant"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "the field 'expires_at' is no instant"),
        ({"expires_at": "9999-12-31T23:59:59-01:00"}, "the field 'expires_at' is no instant"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "tells of a token that lives over a day"),
        ({"authorization": "Zoho-oauthtoken a\nX: b"}, "the field 'authorization' holds characters that no header can"),
        ({"access_token": "\ud800"}, "the field 'access_token' holds characters that no header can"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_another_record_is_refused_by_name(changes: dict[str, object], complaint: str) -> None:
    made = record_fields(**changes)  # type: ignore[arg-type]  # odd values on purpose
    fields = {name: value for name, value in made.items() if value is not None}
    with pytest.raises(UnknownSchema, match=f"^{re.escape(WHERE)}.*{re.escape(complaint)}") as raised:
        read(fields)
    assert "1000." not in str(raised.value)


@pytest.mark.parametrize(
    ("later", "replaces"),
    [
        pytest.param(MINUTE, True, id="one that lives longer does"),
        pytest.param(-MINUTE, False, id="one that lives less long does not"),
        pytest.param(timedelta(), False, id="nor does it itself"),
    ],
)
def test_which_token_replaces_another(later: timedelta, replaces: bool) -> None:  # noqa: FBT001  # a column of the table
    assert a_token(issued_at=NOON + later).replaces(a_token()) is replaces
