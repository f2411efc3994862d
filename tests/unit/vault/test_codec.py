"""The records of docs/architecture.md, field by field."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples.builders import CRM, NOON, SALES, a_record
from tests.support.stand_ins.fakes import zoho_location
from zoho_tokend.core.errors import ClientNotAllowed, RecordUnreadable
from zoho_tokend.core.model import ClientCredentialsGrant, Credential, Secret, TokenRecord
from zoho_tokend.vault import codec, registration_codec
from zoho_tokend.vault.record_fields import RecordFields

MISSING = object()
INLINE: dict[str, object] = {
    "client_id": "1000.ID",
    "client_secret": "CANARY-secret",
    "refresh_token": "1000.CANARY-refresh",
    "accounts_server": "https://accounts.zoho.eu",
}
NAMED: dict[str, object] = {"client": "my-app", "refresh_token": "1000.CANARY-refresh"}
CLIENT: dict[str, object] = {
    "client_id": "1000.APP",
    "client_secret": "CANARY-all",
    "client_secret_in": "CANARY-in",
    "accounts_server": "https://accounts.zoho.eu",
    "redirect_uri": "http://localhost:8080/callback",
    "kind": "server",
}


def a_document(
    fields: dict[str, object], version: int = 12, where: str = "secret/zoho/credentials/crm-prod"
) -> RecordFields:
    return RecordFields(where=where, version=version, values=fields)


def but(fields: dict[str, object], **changes: object) -> dict[str, object]:
    """The fields with some changed, added, or taken out by ``MISSING``."""
    return {name: value for name, value in (fields | changes).items() if value is not MISSING}


def read(fields: dict[str, object], client: dict[str, object] | None = None) -> Credential:
    record = a_document(fields)
    name = codec.client_name(record)
    named = a_document(client or CLIENT, version=3, where=f"secret/zoho/clients/{name}") if name else None
    return codec.credential(CRM, record, named, location_of=zoho_location)


@pytest.mark.parametrize(
    ("misspelt", "question"),
    [
        ("refreshtoken", "; did you mean it by 'refreshtoken'?"),
        ("refresh-token", "; did you mean it by 'refresh-token'?"),
        ("1000.CANARYREFRESHTOKEN", ""),
        ("note", ""),
    ],
)
def test_a_misspelt_field_is_asked_about_unless_it_may_be_a_secret(misspelt: str, question: str) -> None:
    with pytest.raises(RecordUnreadable) as raised:
        read(but(INLINE, refresh_token=MISSING) | {misspelt: "x"})
    assert str(raised.value).endswith(f"the field 'refresh_token' is missing{question}")


def test_a_secret_for_one_data_centre_is_no_misspelling() -> None:
    with pytest.raises(RecordUnreadable, match=r"'client_secret' is missing$"):
        read(but(INLINE, client_secret=MISSING, client_secret_in="x"))


@pytest.mark.parametrize(
    ("server", "secret"),
    [
        pytest.param("https://accounts.zoho.in", "CANARY-in", id="that of the data centre"),
        pytest.param("https://accounts.zoho.eu", "CANARY-all", id="else its only one, at its own server"),
    ],
)
def test_the_client_secret_is(server: str, secret: str) -> None:
    assert read(but(NAMED, accounts_server=server)).client.client_secret == Secret(secret)


def test_a_credential_without_accounts_server_takes_its_clients() -> None:
    assert str(read(NAMED).accounts_server) == "https://accounts.zoho.eu"


@pytest.mark.parametrize(
    ("fields", "stamp"),
    [
        pytest.param(INLINE, "12", id="its own version where it brings its client"),
        pytest.param(NAMED, "12/3", id="and the client's where it names one"),
    ],
)
def test_the_stamp_of_a_credential_is(fields: dict[str, object], stamp: str) -> None:
    assert read(fields).stamp == stamp


@pytest.mark.parametrize("written", [0.5, "0.5", 0.2, "0.95"])
def test_refresh_at_may_be_a_number_or_text(written: object) -> None:
    assert read(but(INLINE, refresh_at=written)).refresh_at == float(str(written))


def test_client_credentials_need_no_refresh_token() -> None:
    fields = but(INLINE, grant_type="client_credentials", refresh_token=MISSING, soid="ZohoCRM.1", scope="A,B")

    assert read(fields).grant == ClientCredentialsGrant(soid="ZohoCRM.1", scope="A,B")


ASKS_FOR_ITSELF = but(
    NAMED, grant_type="client_credentials", refresh_token=MISSING, soid="ZohoCRM.1", scope="ZohoCRM.modules.READ"
)


@pytest.mark.parametrize(
    ("fields", "client", "sentence"),
    [
        pytest.param(NAMED, but(CLIENT, connections="sales"), "'connections' of the client my-app", id="a connection"),
        pytest.param(ASKS_FOR_ITSELF, but(CLIENT, grant_types="refresh_token"), "'grant_types' of the", id="a grant"),
        pytest.param(but(NAMED, accounts_server="https://accounts.zoho.com"), CLIENT, "add client_secret_us", id="us"),
        pytest.param(but(NAMED, accounts_server="http://127.0.0.1:9"), CLIENT, "client_secret_other", id="elsewhere"),
    ],
)
def test_a_client_is_not_used_by_whom_it_does_not_name(
    fields: dict[str, object], client: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ClientNotAllowed, match=sentence) as raised:
        read(fields, client)
    assert raised.value.stamp == "12/3"


@pytest.mark.parametrize(
    ("field", "value"), [("connections", "crm prod"), ("connections", ["crm-prod"]), ("grant_types", "password")]
)
def test_a_client_whose_limits_are_unreadable_is_not_used(field: str, value: object) -> None:
    with pytest.raises(RecordUnreadable, match=rf"^secret/zoho/clients/my-app: the field '{field}' "):
        read(NAMED, CLIENT | {field: value})


def test_a_client_that_names_no_connection_is_unrestricted() -> None:
    assert read(NAMED).unrestricted_client == "my-app"
    assert read(NAMED, but(CLIENT, connections="*")).unrestricted_client is None
    assert read(INLINE).unrestricted_client is None


FAULTS = [
    pytest.param(but(INLINE, refresh_token=MISSING), "refresh_token", "is missing", id="no refresh token"),
    pytest.param(but(INLINE, refresh_token=""), "refresh_token", "is empty", id="an empty refresh token"),
    pytest.param(but(INLINE, refresh_token="1000.CANARY "), "refresh_token", "white space", id="a space after it"),
    pytest.param(but(INLINE, refresh_token="1000.CANARY\n"), "refresh_token", "line break", id="a line end after it"),
    pytest.param(but(INLINE, refresh_token="1000 CANARY"), "refresh_token", "white space", id="a space within it"),
    pytest.param(but(INLINE, refresh_token="1000\x00CANARY"), "refresh_token", "unprintable", id="a control character"),
    pytest.param(but(INLINE, refresh_token=1000), "refresh_token", "is not a text", id="a number as refresh token"),
    pytest.param(
        but(INLINE, refresh_token=MISSING, revoked_at="CANARY"),
        "revoked_at",
        "not an instant",
        id="a revocation at no time",
    ),
    *(
        pytest.param(
            but(INLINE, refresh_token=MISSING, revoked_at=instant),
            "revoked_at",
            "not an instant",
            id=f"revoked {instant}",
        )
        for instant in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00")
    ),
    pytest.param(but(INLINE, client_id="1000.CANARY" * 400), "client_id", "longer than 4 kB", id="4 kB of client id"),
    pytest.param(but(INLINE, refresh_at=10**400), "refresh_at", "from 0.2 to 0.95", id="a refresh_at of 400 digits"),
    pytest.param(but(INLINE, client_id=MISSING), "client_id", "is missing", id="no client id"),
    pytest.param(but(INLINE, client_secret=MISSING), "client_secret", "is missing", id="no client secret"),
    pytest.param(but(INLINE, client_id=MISSING, client_secret=MISSING), "client", "is missing", id="no client at all"),
    pytest.param(but(INLINE, client="my-app"), "client", "is given together with", id="a client twice over"),
    pytest.param(but(NAMED, client="../../sys"), "client", "is not a client's name", id="a client on a way out"),
    pytest.param(but(NAMED, client=["a"]), "client", "is not a text", id="a list of clients"),
    pytest.param(but(INLINE, accounts_server=MISSING), "accounts_server", "is missing", id="no accounts server"),
    pytest.param(
        but(INLINE, accounts_server="https://accounts.zoho.eu/"), "accounts_server", "origin", id="a server with a path"
    ),
    pytest.param(
        but(INLINE, accounts_server="http://accounts.zoho.eu"), "accounts_server", "https", id="a server without TLS"
    ),
    pytest.param(but(INLINE, scope=["A"]), "scope", "is not a text", id="a list of scopes"),
    pytest.param(but(INLINE, refresh_at="often"), "refresh_at", "from 0.2 to 0.95", id="a word as refresh_at"),
    pytest.param(but(INLINE, refresh_at=0.1), "refresh_at", "from 0.2 to 0.95", id="a refresh_at too low"),
    pytest.param(but(INLINE, refresh_at="0.99"), "refresh_at", "from 0.2 to 0.95", id="a refresh_at too high"),
    pytest.param(but(INLINE, refresh_at="nan"), "refresh_at", "from 0.2 to 0.95", id="a refresh_at that is no number"),
    pytest.param(but(INLINE, refresh_at=True), "refresh_at", "from 0.2 to 0.95", id="a yes as refresh_at"),
    pytest.param(but(INLINE, grant_type="password"), "grant_type", "neither", id="a grant that we do not know"),
    pytest.param(
        but(INLINE, grant_type="client_credentials", scope="A"), "soid", "is missing", id="client credentials, no soid"
    ),
    pytest.param(
        but(INLINE, grant_type="client_credentials", soid="1"), "scope", "is missing", id="client credentials, no scope"
    ),
]


@pytest.mark.parametrize(("fields", "field", "problem"), FAULTS)
def test_a_fault_names_record_and_field_and_never_a_value(fields: dict[str, object], field: str, problem: str) -> None:
    with pytest.raises(RecordUnreadable) as raised:
        read(fields)

    assert str(raised.value).startswith(f"secret/zoho/credentials/crm-prod: the field '{field}' ")
    assert problem in str(raised.value)
    assert "CANARY" not in str(raised.value)
    assert raised.value.stamp is not None


def test_a_grant_that_was_revoked_on_purpose_says_when_and_what_to_do() -> None:
    with pytest.raises(RecordUnreadable) as raised:
        read(but(INLINE, refresh_token=MISSING, revoked_at="2026-11-24T12:00:00Z"))

    assert str(raised.value) == (
        "secret/zoho/credentials/crm-prod: revoked on 2026-11-24T12:00:00Z: authorize again, with --replace"
    )
    assert raised.value.stamp == "12"


def test_a_new_refresh_token_takes_the_mark_of_the_old_ones_end_with_it() -> None:
    assert read(but(INLINE, revoked_at="2026-11-24T12:00:00Z")).budget_key


def test_when_a_credential_was_authorized_is_told_where_it_is_an_instant() -> None:
    assert codec.authorized_at(a_document({"authorized_at": "2026-11-24T12:00:00Z"})) == NOON
    for other in ("yesterday", "2026-11-24T12:00:00", 7, None):
        assert codec.authorized_at(a_document({"authorized_at": other})) is None


def test_a_fault_of_a_named_client_names_the_clients_record_and_holds_both_versions() -> None:
    with pytest.raises(
        RecordUnreadable, match=r"^secret/zoho/clients/my-app: the field 'client_id' is missing"
    ) as raised:
        read(NAMED, but(CLIENT, client_id=MISSING))

    assert raised.value.stamp == "12/3"


def nested(depth: int) -> list[object]:
    """A list in a list, so many times."""
    found: list[object] = []
    for _ in range(depth):
        found = [found]
    return found


EXTREMES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00")
EXTREME = st.one_of(
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.sampled_from([*EXTREMES, "0001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]),
    st.integers(1_000, 5_000).map(nested),
    st.integers(300, 4_300).flatmap(lambda digits: st.sampled_from([10**digits, -(10**digits), "9" * digits])),
    st.integers(4_000, 70_000).map(lambda length: "x" * length),
    st.sampled_from([float("inf"), float("nan"), -0.0, "\ud800"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | EXTREME,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
KNOWN = [
    *INLINE,
    "client",
    "grant_type",
    "soid",
    "scope",
    "refresh_at",
    "revoked_at",
    "client_secret_eu",
    "authorized_at",
]


@given(st.dictionaries(st.sampled_from(KNOWN) | st.text(), JSON))
def test_whatever_stands_in_a_record_it_is_read_or_called_unreadable(fields: dict[str, object]) -> None:
    with suppress(RecordUnreadable):
        assert read(fields).connection == CRM
    with suppress(RecordUnreadable):
        registration_codec.registration("my-app", a_document(fields))
    codec.authorized_at(a_document(fields))


@given(st.dictionaries(st.sampled_from(sorted(codec.token_fields(a_record()))), EXTREME, min_size=1))
def test_whatever_stands_in_a_token_record_its_times_are_plausible(changes: dict[str, object]) -> None:
    record = codec.token_record(CRM, codec.token_fields(a_record()) | changes, now=NOON)

    assert record is None or record.expires_at - record.issued_at <= timedelta(days=1)
    assert record is None or record.issued_at <= NOON + timedelta(minutes=2)


@given(st.dictionaries(st.text(), JSON), st.text(min_size=1))
def test_a_rotation_preserves_every_other_field(fields: dict[str, object], refresh_token: str) -> None:
    rotated = codec.rotated(a_document(fields), Secret(refresh_token))

    assert rotated == {**fields, "refresh_token": refresh_token}


INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # its rule
RECORDS = st.builds(
    lambda *, issued_at, life, **fields: TokenRecord(
        issued_at=issued_at, expires_at=issued_at + life, refresh_after=issued_at + life / 2, **fields
    ),
    life=st.timedeltas(timedelta(seconds=1), timedelta(hours=23)),
    connection=st.just(CRM),
    access_token=st.builds(Secret, st.text()),
    token_type=st.text(),
    issued_at=INSTANTS,
    api_domain=st.text(),
    accounts_server=st.text(),
    data_center=st.text(),
    scope=st.text(),
)


@given(RECORDS)
def test_a_token_record_comes_back_as_it_was_but_for_the_fraction_of_a_second(record: TokenRecord) -> None:
    now = record.issued_at
    back = codec.token_record(CRM, codec.token_fields(record), now=now)

    assert back is not None
    assert back.access_token == record.access_token
    assert timedelta() <= record.expires_at - back.expires_at < timedelta(seconds=1)
    assert codec.token_record(CRM, codec.token_fields(back), now=now) == back


def times(**changes: object) -> dict[str, object]:
    return codec.token_fields(a_record()) | changes


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="without fields"),
        pytest.param({**codec.token_fields(a_record()), "schema": "2"}, id="of another schema"),
        pytest.param(codec.token_fields(a_record(SALES)), id="of another connection"),
        pytest.param({**codec.token_fields(a_record()), "expires_at": "soon"}, id="with an end that is no instant"),
        pytest.param({**codec.token_fields(a_record()), "expires_at": "2026-11-24T12:00:00"}, id="without a time zone"),
        pytest.param({**codec.token_fields(a_record()), "access_token": 1}, id="with a number for a token"),
        pytest.param(times(expires_at="2026-11-25T12:00:01Z"), id="that lives longer than a day"),
        pytest.param(times(expires_at="2099-01-01T00:00:00Z"), id="that lives until 2099"),
        pytest.param(
            times(issued_at="0001-01-01T00:00:00Z", expires_at="9999-12-31T23:59:59Z"), id="that always lives"
        ),
        pytest.param(times(issued_at="2026-11-24T12:02:01Z"), id="of the future"),
        pytest.param(times(refresh_after="9999-12-31T23:59:59Z"), id="that is never replaced"),
        pytest.param(times(issued_at="2099-01-01T00:00:00Z", expires_at="2099-01-01T01:00:00Z"), id="of 2099"),
        *(pytest.param(times(expires_at=instant), id=f"that ends {instant}") for instant in EXTREMES),
    ],
)
def test_no_token_record_is_seen_in_one(fields: dict[str, object]) -> None:
    assert codec.token_record(CRM, fields, now=NOON) is None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"expires_at": "2026-11-25T12:00:00Z"}, id="that lives for a day"),
        pytest.param({"issued_at": "2026-11-24T12:02:00Z"}, id="of a clock that is two minutes ahead"),
        pytest.param({"expires_at": "2026-11-24T11:00:00Z"}, id="that has ended"),
    ],
)
def test_a_token_record_is_seen_in_one(changes: dict[str, object]) -> None:
    assert codec.token_record(CRM, times(**changes), now=NOON) is not None


def test_the_fields_have_no_name_that_changes_how_vault_agent_polls() -> None:
    names = {"ttl", "rotation_period", "certificate", "expiration", "secret_id"}

    assert not names & set(codec.token_fields(a_record()))


def test_a_document_does_not_print_its_fields() -> None:
    assert "CANARY" not in repr(a_document(INLINE))
