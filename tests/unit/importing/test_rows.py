"""A file of credentials, as a spreadsheet or a script leaves it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoho_tokend.operations.import_rows import Fault, Format, Row, Unreadable, format_of, rows

TOKEN = "1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef"
SECRET = "0123456789abcdef0123456789abcdef0123456789"
FIELDS = {"client": "jobs", "refresh_token": "CANARY"}


def the_row(text: str, kind: Format = Format.CSV) -> Row | Fault:
    (row,) = rows(text, kind)
    return row


def the_fault(text: str, kind: Format = Format.CSV) -> Fault:
    fault = the_row(text, kind)
    assert isinstance(fault, Fault)
    return fault


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("connection,client,refresh_token\ncrm,jobs,CANARY\n", Format.CSV, id="commas"),
        pytest.param("connection;client;refresh_token\ncrm;jobs;CANARY", Format.CSV, id="semicolons"),
        pytest.param("connection\tclient\trefresh_token\r\ncrm\tjobs\tCANARY\r\n", Format.CSV, id="tabs and CRLF"),
        pytest.param('client, refresh_token ,connection\njobs,"CANARY",crm\n', Format.CSV, id="any order, and quotes"),
        pytest.param("connection,client,refresh_token,scope\ncrm,jobs,CANARY,\n", Format.CSV, id="an empty cell"),
        pytest.param(
            '{"connection":"crm","client":"jobs","refresh_token":"CANARY","scope":null}\n', Format.JSON_LINES, id="JSON"
        ),
    ],
)
def test_a_row_holds_its_name_and_the_fields_that_were_given(text: str, kind: Format) -> None:
    row = the_row(text, kind)
    assert isinstance(row, Row)
    assert (row.connection, row.fields) == ("crm", FIELDS)


def test_a_cell_over_several_lines_counts_as_the_lines_that_it_takes() -> None:
    text = 'connection,client,scope\n\na,jobs,"A,\nB"\nb,jobs\n'
    first, second = rows(text, Format.CSV)
    assert (first.number, second.number) == (3, 5)


@pytest.mark.parametrize(
    ("text", "file_name", "kind"),
    [
        ("connection,client\n", "all.csv", Format.CSV),
        ('{"connection":"crm"}', "all.csv", Format.CSV),
        ("connection,client\n", "all.jsonl", Format.JSON_LINES),
        (' {"connection":"crm"}', "-", Format.JSON_LINES),
        ("connection,client\n", "-", Format.CSV),
        ("", "", Format.CSV),
    ],
)
def test_the_format_is_told_by_the_ending_or_else_by_how_the_text_begins(
    text: str, file_name: str, kind: Format
) -> None:
    assert format_of(text, file_name) is kind


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "no header with a column 'connection'", id="nothing at all"),
        pytest.param("crm,jobs,CANARY\n", "no header with a column 'connection'", id="no header"),
        pytest.param("connection,refresh_tokne\n", "'refresh_tokne' is no field", id="a slip in a name"),
        pytest.param(f"connection,{TOKEN}\n", "column 2 is no field", id="a token for a name"),
        pytest.param(f"connection,client,{SECRET}\n", "column 3 is no field", id="a secret for a name"),
        pytest.param("connection,client,client\n", "'client' is there twice", id="a column twice"),
        pytest.param('connection,"client\n', "check its quotes", id="a quote that never ends"),
    ],
)
def test_a_header_that_is_none_is_refused_without_a_value_of_it(text: str, problem: str) -> None:
    with pytest.raises(Unreadable) as raised:
        rows(text, Format.CSV)
    assert problem in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert SECRET not in str(raised.value)
    assert "CANARY" not in str(raised.value)


def test_a_json_array_is_refused_with_the_way_to_make_lines_of_it() -> None:
    with pytest.raises(Unreadable, match=r"jq -c"):
        rows('[{"connection":"crm"}]', Format.JSON_LINES)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param("crm,jobs", "has 2 cells where the header has 3", id="a cell too few"),
        pytest.param("crm,jobs,CANARY,CANARY", "has 4 cells where the header has 3", id="a cell too many"),
        pytest.param(",jobs,CANARY", "the field 'connection' is none", id="no name"),
        pytest.param("CANARY crm,jobs,CANARY", "the field 'connection' is none", id="a name that cannot be one"),
        pytest.param(f"{TOKEN},jobs,CANARY", "looks like a token or a secret", id="a token for a name"),
        pytest.param(f"{SECRET},jobs,CANARY", "looks like a token or a secret", id="a client secret for a name"),
        pytest.param('crm,"jobs"CANARY,x', "check its quotes", id="quotes in the wrong place"),
    ],
)
def test_a_row_that_cannot_be_read_is_a_fault_that_holds_no_value(line: str, problem: str) -> None:
    fault = the_fault(f"connection,client,refresh_token\n{line}\n")
    assert fault.number == 2
    assert problem in fault.reason
    assert not {"CANARY", TOKEN, SECRET} & set(repr(fault).replace("'", " ").split())
    assert TOKEN not in repr(fault)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param("CANARY", "is no JSON", id="no JSON"),
        pytest.param('["CANARY"', "is no JSON", id="half of it"),
        pytest.param('"CANARY"', "is no JSON object", id="a text"),
        pytest.param("[" * 100_000, "is no JSON", id="nested without end"),
        pytest.param('{"connection":["CANARY"]}', "'connection' is none", id="a list for a name"),
        pytest.param('{"client":"jobs"}', "'connection' is none", id="no name"),
        pytest.param('{"connection":"crm","scope":["CANARY"]}', "'scope' is no text", id="a list of scopes"),
        pytest.param('{"connection":"crm","refresh_at":true}', "'refresh_at' is no text", id="a yes for a number"),
        pytest.param('{"connection":"crm","ttl":"CANARY"}', "'ttl' is no field", id="a field that is none"),
        pytest.param(f'{{"connection":"crm","{TOKEN}":"x"}}', "one of its fields is no field", id="a token for a name"),
    ],
)
def test_a_line_of_json_that_is_no_credential_is_a_fault_that_holds_no_value(line: str, problem: str) -> None:
    good, fault = rows(f'{{"connection":"good","client":"jobs"}}\n{line}', Format.JSON_LINES)
    assert isinstance(good, Row)
    assert isinstance(fault, Fault)
    assert fault.number == 2
    assert problem in fault.reason
    assert "CANARY" not in repr(fault)
    assert TOKEN not in repr(fault)


def test_the_rows_around_a_fault_are_read_all_the_same() -> None:
    found = rows("connection,client\na,jobs\nb\nc,jobs\n", Format.CSV)
    assert [type(each) for each in found] == [Row, Fault, Row]


def test_a_number_may_stand_for_refresh_at_and_a_secret_for_one_data_centre() -> None:
    row = the_row('{"connection":"crm","refresh_at":0.5,"client_secret_eu":"x"}', Format.JSON_LINES)
    assert isinstance(row, Row)
    assert row.fields == {"refresh_at": 0.5, "client_secret_eu": "x"}


def test_a_name_that_comes_twice_is_a_fault_the_second_time() -> None:
    first, second = rows("connection,client\ncrm,jobs\ncrm,other\n", Format.CSV)
    assert isinstance(first, Row)
    assert second == Fault(number=3, connection=first.connection, reason="row 2 is of the same connection")


@given(st.text(), st.sampled_from(Format))
def test_any_text_at_all_is_read_or_called_unreadable(text: str, kind: Format) -> None:
    with suppress(Unreadable):
        assert all(isinstance(each, Row | Fault) for each in rows(text, kind))


@given(st.text(), st.sampled_from(Format))
def test_so_is_any_text_behind_a_header(text: str, kind: Format) -> None:
    with suppress(Unreadable):
        assert all(isinstance(each, Row | Fault) for each in rows(f"connection,client\n{text}", kind))


def test_a_row_does_not_print_its_fields() -> None:
    assert "CANARY" not in repr(the_row("connection,refresh_token\ncrm,CANARY\n"))
