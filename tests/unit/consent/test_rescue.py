"""The rescue file: what goes in comes out, for whoever has the passphrase and for nobody else."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.samples.builders import CRM, secret
from zoho_tokend.core.model import Secret, connection_name
from zoho_tokend.operations.rescue_file import Rescued, RescueUnreadable, recover, rescue

PASSPHRASE = Secret("correct horse battery")
RESCUED = Rescued(connection=CRM, fields={"refresh_token": secret().reveal()}, after_version=3)


# Few, because each costs two keys that are made to be costly.
@settings(max_examples=4)
@given(
    fields=st.dictionaries(st.text(max_size=20), st.text(max_size=80) | st.integers() | st.booleans(), max_size=8),
    passphrase=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    after_version=st.integers(0, 2**31),
)
def test_what_was_rescued_is_recovered(fields: dict[str, object], passphrase: str, after_version: int) -> None:
    rescued = Rescued(connection=connection_name("crm-prod"), fields=fields, after_version=after_version)
    with tempfile.TemporaryDirectory() as folder:
        assert recover(rescue(rescued, Secret(passphrase), Path(folder)), Secret(passphrase)) == rescued


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rescue(RESCUED, PASSPHRASE, tmp_path_factory.mktemp("rescued"))


def test_another_passphrase_does_not_open_it(sealed: Path) -> None:
    with pytest.raises(RescueUnreadable, match=r"the passphrase does not open .*, or the file was changed"):
        recover(sealed, Secret("correct horse batterx"))


@pytest.mark.parametrize("field", ["salt", "sealed"])
def test_a_changed_file_does_not_open(sealed: Path, tmp_path: Path, field: str) -> None:
    envelope = json.loads(sealed.read_text())
    letter = "B" if envelope[field][12] != "B" else "C"
    envelope[field] = envelope[field][:12] + letter + envelope[field][13:]
    changed = tmp_path / "changed"
    changed.write_text(json.dumps(envelope))
    with pytest.raises(RescueUnreadable, match="or the file was changed"):
        recover(changed, PASSPHRASE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"zoho-tokend rescue 1"',
        b"{}",
        b'{"format": "zoho-tokend rescue 1"}',
        b'{"format": "zoho-tokend rescue 1", "salt": 7, "sealed": ""}',
        b'{"format": "zoho-tokend rescue 1", "salt": "not base64!", "sealed": ""}',
        b'{"format": "zoho-tokend rescue 2"}',
        b"[" * 100_000,
    ],
    ids=lambda content: content[:32].decode(errors="replace") or "empty",
)
def test_any_other_file_is_told_apart_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "junk"
    file.write_bytes(content)
    with pytest.raises(RescueUnreadable, match="is no rescue file"):
        recover(file, PASSPHRASE)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(RescueUnreadable, match="cannot be read: Is a directory"):
        recover(tmp_path, PASSPHRASE)


def test_two_files_of_one_connection_stand_side_by_side(tmp_path: Path) -> None:
    assert rescue(RESCUED, PASSPHRASE, tmp_path) != rescue(RESCUED, PASSPHRASE, tmp_path)


def test_what_was_rescued_does_not_print_itself() -> None:
    assert secret().reveal() not in repr(RESCUED)
