"""Both readers against a real OpenBao: they say that a token has died early, with the printed policies and no other."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.places.reader_site import Shelves
from tests.support.places.reading import READERS, Reading
from tests.support.samples.builders import SECOND
from tests.support.servers.openbao import Corner
from tests.support.servers.relay_in_thread import ThreadedRelay, relay_in_thread
from zoho_tokend.core.model import Secret
from zoho_tokend.reader import NoSuchConnection, NotAllowed, Token, VaultUnreachable

OpenReader = Callable[..., Reading]


@pytest.fixture
def shelves(corner: Corner) -> Shelves:
    return Shelves(corner)


@pytest.fixture(params=READERS, ids=["threads", "tasks"])
def open_reader(request: pytest.FixtureRequest, shelves: Shelves) -> Iterator[OpenReader]:
    """Opens a reader of these shelves that may report, or one with another token."""
    with ExitStack() as readers:

        def open_one(*, address: str | None = None, token: Secret | None = None) -> Reading:
            client = shelves.client(address=address, token=token or shelves.vault_token(reporter=True))
            reader: Reading = request.param(client, mount=shelves.corner.mount)
            readers.callback(reader.close)
            return reader

        yield open_one


@pytest.fixture
def relay(corner: Corner) -> Iterator[ThreadedRelay]:
    with relay_in_thread(corner.address) as relay:
        yield relay


def the_report(shelves: Shelves) -> dict[str, object]:
    return shelves.corner.fields("reports/crm-prod")


def is_reported(shelves: Shelves) -> bool:
    return shelves.corner.admin.succeeds("GET", f"{shelves.corner.mount}/data/zoho/reports/crm-prod", {})


def dead_token(shelves: Shelves, reader: Reading) -> Token:
    shelves.publish()
    return reader.get()


def test_a_report_holds_the_tokens_fingerprint_and_nothing_else(shelves: Shelves, open_reader: OpenReader) -> None:
    reader = open_reader()
    token = dead_token(shelves, reader)
    reader.report_dead("crm-prod", token)
    assert the_report(shelves) == {"fingerprint": Secret(token.access_token).fingerprint()}


def test_the_same_token_is_reported_once_by_however_many_meet_it(shelves: Shelves, open_reader: OpenReader) -> None:
    reader = open_reader()
    token = dead_token(shelves, reader)
    before = shelves.reads
    reader.report_at_once(50, token)
    assert shelves.reads == before + 1


def test_the_next_token_is_reported_too(shelves: Shelves, open_reader: OpenReader) -> None:
    reader = open_reader()
    reader.report_dead("crm-prod", dead_token(shelves, reader))
    shelves.publish(age=0 * SECOND)
    newer = reader.newer(reader.get())
    assert newer is not None
    reader.report_dead("crm-prod", newer)
    assert the_report(shelves) == {"fingerprint": newer.fingerprint}


def test_a_mount_that_insists_on_check_and_set_takes_reports_too(shelves: Shelves, open_reader: OpenReader) -> None:
    reader = open_reader()
    token = dead_token(shelves, reader)
    shelves.corner.admin.ask("POST", f"{shelves.corner.mount}/config", {"cas_required": True})
    reader.report_dead("crm-prod", token)
    assert the_report(shelves) == {"fingerprint": token.fingerprint}


def test_there_a_report_that_nobody_has_read_yet_stays(shelves: Shelves, open_reader: OpenReader) -> None:
    reader = open_reader()
    token = dead_token(shelves, reader)
    shelves.corner.put("reports/crm-prod", fingerprint="0123456789abcdef")
    shelves.corner.admin.ask("POST", f"{shelves.corner.mount}/config", {"cas_required": True})
    reader.report_dead("crm-prod", token)
    assert the_report(shelves) == {"fingerprint": "0123456789abcdef"}


def test_without_the_policy_the_error_names_it(shelves: Shelves, open_reader: OpenReader) -> None:
    reader = open_reader(token=shelves.vault_token())
    token = dead_token(shelves, reader)
    with pytest.raises(NotAllowed, match=r"reports/crm-prod.*'zoho-tokend policy reporter --connection crm-prod'"):
        reader.report_dead("crm-prod", token)


def test_a_vault_that_is_away_is_an_error(shelves: Shelves, open_reader: OpenReader, relay: ThreadedRelay) -> None:
    reader = open_reader(address=relay.address)
    token = dead_token(shelves, reader)
    relay.cut()
    with pytest.raises(VaultUnreachable):
        reader.report_dead("crm-prod", token)


def test_a_name_that_no_connection_has_is_refused(shelves: Shelves, open_reader: OpenReader) -> None:
    reader = open_reader()
    token = dead_token(shelves, reader)
    with pytest.raises(NoSuchConnection):
        reader.report_dead("../clients/jobs", token)


def test_a_token_that_none_has_replaced_is_reported_where_that_is_wished_for(
    shelves: Shelves, open_reader: OpenReader
) -> None:
    reader = open_reader()
    token = dead_token(shelves, reader)
    assert reader.newer(token) is None
    assert not is_reported(shelves)
    assert reader.newer(token, report=True) is None
    assert the_report(shelves) == {"fingerprint": token.fingerprint}


def test_a_token_that_another_has_replaced_is_not(shelves: Shelves, open_reader: OpenReader) -> None:
    reader = open_reader()
    token = dead_token(shelves, reader)
    shelves.publish(age=0 * SECOND)
    assert reader.newer(token, report=True) is not None
    assert not is_reported(shelves)


def test_a_report_that_vault_does_not_take_is_a_warning(
    shelves: Shelves, open_reader: OpenReader, caplog: pytest.LogCaptureFixture
) -> None:
    reader = open_reader(token=shelves.vault_token())
    token = dead_token(shelves, reader)
    with caplog.at_level(logging.WARNING, logger="zoho_tokend.reader"):
        assert reader.newer(token, report=True) is None
    assert "the dead token of crm-prod was not reported: Vault does not let this token write" in caplog.text
    assert token.access_token not in caplog.text
