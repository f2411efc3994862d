"""Both readers against a real OpenBao, as a job whose policy lets it read token records and nothing else."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from tests.support.places.reader_site import Shelves
from tests.support.places.reading import READERS, Reading
from tests.support.samples.builders import MINUTE, SECOND
from tests.support.samples.reader_samples import ago
from tests.support.servers.openbao import Corner
from tests.support.servers.relay_in_thread import ThreadedRelay, relay_in_thread
from zoho_tokend.core.model import Secret
from zoho_tokend.reader import (
    NoSuchConnection,
    NoSuchMount,
    NotAllowed,
    ReaderError,
    Token,
    TokenTooOld,
    UnknownSchema,
    VaultUnreachable,
)

SHORT = 0.6 * SECOND
PATIENCE = 120.0

OpenReader = Callable[..., Reading]


@pytest.fixture
def shelves(corner: Corner) -> Shelves:
    return Shelves(corner)


@pytest.fixture(params=READERS, ids=["threads", "tasks"])
def open_reader(request: pytest.FixtureRequest, shelves: Shelves) -> Iterator[OpenReader]:
    """Opens a reader of these shelves, for threads or for tasks."""
    with ExitStack() as readers:

        def open_one(*, address: str | None = None, token: Secret | None = None, **how: object) -> Reading:
            client = shelves.client(address=address, token=token)
            reader: Reading = request.param(client, mount=shelves.corner.mount, **how)
            readers.callback(reader.close)
            return reader

        yield open_one


@pytest.fixture
def relay(corner: Corner) -> Iterator[ThreadedRelay]:
    with relay_in_thread(corner.address) as relay:
        yield relay


def machine_clock(off: timedelta) -> Callable[[], datetime]:
    """A clock that is wrong by so much."""
    return lambda: ago(-off)


def until(question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- what a job is given


def test_a_token_is_read_once_and_then_at_hand(shelves: Shelves, open_reader: OpenReader) -> None:
    fields = shelves.publish()
    reader = open_reader()
    tokens = [reader.get() for _ in range(5)]
    assert {token.authorization for token in tokens} == {fields["authorization"]}
    assert shelves.reads == 1


def test_the_base_url_is_the_api_domain_of_the_token(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish(api_domain="https://www.zohoapis.in")
    assert open_reader().base_url("crm-prod") == "https://www.zohoapis.in"


def test_after_refresh_after_the_newer_token_is_found(shelves: Shelves, open_reader: OpenReader) -> None:
    old = shelves.publish(age=31 * MINUTE)
    reader = open_reader()
    assert reader.get().access_token == old["access_token"]
    new = shelves.publish()
    until(lambda: reader.get().access_token == new["access_token"])
    assert shelves.reads == 2


def test_until_the_daemon_has_written_vault_is_not_asked_by_every_call(
    shelves: Shelves, open_reader: OpenReader
) -> None:
    shelves.publish(age=31 * MINUTE)
    reader = open_reader()
    for _ in range(100):
        reader.get()
    assert shelves.reads == 2


def test_a_thousand_who_ask_at_once_cause_one_read(
    shelves: Shelves, open_reader: OpenReader, relay: ThreadedRelay
) -> None:
    fields = shelves.publish()
    reader = open_reader(address=relay.address)
    relay.stall()
    with ThreadPoolExecutor(1) as thread:
        tokens = thread.submit(reader.get_at_once, 1000)
        until(lambda: shelves.reads == 1)
        relay.mend()
        assert {token.access_token for token in tokens.result()} == {fields["access_token"]}
    assert shelves.reads == 1


def test_a_thousand_who_ask_at_once_for_an_entry_that_is_too_old_cause_one_read(
    shelves: Shelves, open_reader: OpenReader
) -> None:
    shelves.publish(age=55 * MINUTE)
    reader = open_reader()
    reader.get()
    new = shelves.publish()
    tokens = reader.get_at_once(1000, min_life=10 * MINUTE)
    assert {token.access_token for token in tokens} == {new["access_token"]}
    assert shelves.reads == 2


def test_two_connections_are_kept_apart(shelves: Shelves, open_reader: OpenReader) -> None:
    first, second = shelves.publish("crm-eu"), shelves.publish("crm-in")
    reader = open_reader()
    assert reader.get("crm-eu").access_token == first["access_token"]
    assert reader.get("crm-in").access_token == second["access_token"]


def test_a_login_that_the_owner_of_the_client_replaced_is_used(shelves: Shelves) -> None:
    shelves.publish()
    client = shelves.client(token=Secret("ended"))
    for kind in READERS:
        client.token = "ended"
        reader: Reading = kind(client, mount=shelves.corner.mount)
        with pytest.raises(NotAllowed):
            reader.get()
        client.token = shelves.vault_token().reveal()
        assert reader.get().connection == "crm-prod"
        reader.close()


# --- a token that is too old


def test_a_token_that_is_too_old_is_waited_for(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish(age=59.5 * MINUTE)
    reader = open_reader()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(reader.get)
        until(lambda: shelves.reads == 1)
        new = shelves.publish()
        assert waiting.result().access_token == new["access_token"]
    assert shelves.reads <= 3


def test_who_waits_in_vain_is_told_the_age(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish(age=70 * MINUTE)
    begun = time.monotonic()
    with pytest.raises(TokenTooOld, match=r"expired 10 min ago, 70 min after .*connections show crm-prod") as told:
        open_reader().get(timeout=SHORT)
    assert 0.5 < time.monotonic() - begun < 20
    assert timedelta() < told.value.age - 70 * MINUTE < MINUTE


def test_who_does_not_want_to_wait_asks_once(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish(age=59.5 * MINUTE)
    with pytest.raises(TokenTooOld):
        open_reader().get(timeout=timedelta())
    assert shelves.reads == 1


def test_a_life_that_no_token_has_is_not_waited_for(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish()
    with pytest.raises(TokenTooOld, match="lives 60 min in all, and 2 h were asked for: ask for less"):
        open_reader().get("crm-prod", 120 * MINUTE)
    assert shelves.reads == 1


# --- no token


def test_a_connection_that_does_not_exist_is_named(shelves: Shelves, open_reader: OpenReader) -> None:
    with pytest.raises(NoSuchConnection, match=f"no token record at {shelves.corner.mount}/zoho/tokens/nobody: check"):
        open_reader().get("nobody")


def test_a_name_that_leads_elsewhere_is_never_asked_for(shelves: Shelves, open_reader: OpenReader) -> None:
    with pytest.raises(NoSuchConnection, match="no connection can be named"):
        open_reader().get("../credentials/crm-prod")
    assert shelves.reads == 0


def test_a_connection_that_appears_later_is_found_at_once(shelves: Shelves, open_reader: OpenReader) -> None:
    reader = open_reader()
    for _ in range(3):
        with pytest.raises(NoSuchConnection):
            reader.get()
    shelves.publish()
    assert reader.get(timeout=timedelta()).connection == "crm-prod"


def test_a_withdrawn_token_is_given_up(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish(age=31 * MINUTE)
    reader = open_reader()
    reader.get()
    shelves.corner.delete("tokens/crm-prod")

    def withdrawn() -> bool:
        try:
            reader.get()
        except NoSuchConnection:
            return True
        return False

    until(withdrawn)


def test_a_token_at_hand_is_used_on_where_its_mount_is_gone(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish(age=31 * MINUTE)
    reader = open_reader()
    before = reader.get()
    shelves.corner.admin.ask("DELETE", f"sys/mounts/{shelves.corner.mount}")
    until(lambda: reader.get() == before and shelves.reads > 1)
    with pytest.raises(NoSuchMount, match=f"nothing is mounted at {shelves.corner.mount}/zoho/tokens/sales: check"):
        reader.get("sales")


def test_a_reader_without_the_policy_is_told_which(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish()
    reader = open_reader(token=shelves.corner.admin.token("default"))
    with pytest.raises(NotAllowed, match="'zoho-tokend policy reader --connection crm-prod'"):
        reader.get()


def test_a_reader_cannot_see_a_refresh_token(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.corner.put("credentials/tokens/crm-prod", refresh_token="invented")
    with pytest.raises(NotAllowed):
        open_reader(prefix="zoho/credentials").get()


@pytest.mark.parametrize(
    "text",
    [
        '"0001-01-01T00:00:00+14:00"',
        '"9999-12-31T23:59:59-01:00"',
        '"2099-01-01T00:00:00Z"',
        "[" * 1_100 + "]" * 1_100,
        "9" * 308,
        r'"\ud800\u0000"',
    ],
    ids=["before all time", "after all time", "of 2099", "nested 1,100 deep", "of 308 digits", "a lone surrogate"],
)
def test_whatever_stands_in_a_record_is_a_readers_error(shelves: Shelves, open_reader: OpenReader, text: str) -> None:
    fields = {name: json.dumps(value) for name, value in shelves.publish().items()}
    shelves.corner.put_texts("tokens/crm-prod", fields | {"expires_at": text})
    with pytest.raises(UnknownSchema, match="so the daemon did not write"):
        open_reader().get()


def test_a_record_of_another_schema_is_refused(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish(schema="2")
    with pytest.raises(UnknownSchema, match=f"^{shelves.corner.mount}/zoho/tokens/crm-prod has a schema"):
        open_reader().get()


# --- a Vault that is away


@pytest.mark.parametrize("trouble", [ThreadedRelay.cut, ThreadedRelay.stall], ids=["cut off", "silent"])
def test_a_vault_that_is_away_is_an_error_within_the_timeout(
    shelves: Shelves, open_reader: OpenReader, relay: ThreadedRelay, trouble: Callable[[ThreadedRelay], None]
) -> None:
    shelves.publish()
    reader = open_reader(address=relay.address)
    trouble(relay)
    begun = time.monotonic()
    with pytest.raises(VaultUnreachable, match=f"Vault at {relay.address}: no (connection|answer)"):
        reader.get(timeout=SHORT)
    assert time.monotonic() - begun < 20
    relay.mend()


def test_a_vault_that_comes_back_in_time_is_not_noticed(
    shelves: Shelves, open_reader: OpenReader, relay: ThreadedRelay
) -> None:
    shelves.publish()
    reader = open_reader(address=relay.address)
    relay.cut()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(reader.get)
        until(lambda: shelves.reads == 1)
        relay.mend()
        assert waiting.result().connection == "crm-prod"


def test_while_vault_is_away_a_token_that_will_do_is_used_with_one_warning(
    shelves: Shelves, open_reader: OpenReader, relay: ThreadedRelay, caplog: pytest.LogCaptureFixture
) -> None:
    fields = shelves.publish(age=45 * MINUTE)
    reader = open_reader(address=relay.address)
    reader.get()
    relay.cut()

    def given() -> Token:
        token = reader.get()
        assert token.access_token == fields["access_token"]
        return token

    until(lambda: bool(given()) and shelves.reads >= 3)
    told = [record.getMessage() for record in caplog.records if record.name == "zoho_tokend.reader"]
    assert len(told) == 1
    assert "no connection" in told[0]
    assert "the token of crm-prod read before has 15 min to live" in told[0]


# --- clocks


@pytest.mark.parametrize(
    ("off", "remark"),
    [(-10 * MINUTE, "clock is 10 min behind Vault's"), (10 * MINUTE, "clock is 10 min ahead of Vault's")],
    ids=["late", "early"],
)
def test_a_clock_that_is_off_by_minutes_is_told_of_once_and_harms_nobody(
    shelves: Shelves, open_reader: OpenReader, off: timedelta, remark: str, caplog: pytest.LogCaptureFixture
) -> None:
    shelves.publish(age=20 * MINUTE)
    shelves.publish("other", age=20 * MINUTE)
    reader = open_reader(now=machine_clock(off))
    assert reader.get().connection == "crm-prod"
    assert reader.get("other").connection == "other"
    assert [remark in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [True]


def test_a_late_clock_does_not_make_a_token_live_longer(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish(age=55 * MINUTE)
    reader = open_reader(now=machine_clock(-10 * MINUTE))
    with pytest.raises(TokenTooOld, match="mind that this machine's clock is 10 min behind Vault's"):
        reader.get("crm-prod", 8 * MINUTE, timeout=timedelta())


# --- a token that Zoho refuses


def test_a_dead_token_is_replaced_if_vault_has_a_newer_one(shelves: Shelves, open_reader: OpenReader) -> None:
    shelves.publish(age=2 * MINUTE)
    reader = open_reader()
    dead = reader.get()
    new = shelves.publish()
    newer = reader.newer(dead)
    assert newer is not None
    assert newer.access_token == reader.get().access_token == new["access_token"]
    assert shelves.reads == 2


def test_a_dead_token_without_a_newer_one_costs_a_read_a_second_at_most(
    shelves: Shelves, open_reader: OpenReader
) -> None:
    shelves.publish()
    reader = open_reader()
    dead, begun = reader.get(), time.monotonic()
    until(lambda: reader.newer(dead) is not None or time.monotonic() - begun > 0.5)
    assert 2 <= shelves.reads <= 2 + time.monotonic() - begun


def test_no_error_holds_a_token(shelves: Shelves, open_reader: OpenReader, relay: ThreadedRelay) -> None:
    fields = shelves.publish(age=70 * MINUTE)
    token = shelves.vault_token()
    reader = open_reader(address=relay.address, token=token)
    texts = []
    for trouble in (int, relay.cut):
        trouble()
        with pytest.raises(ReaderError) as raised:
            reader.get(timeout=SHORT)
        texts.append(f"{raised.value!r} {raised.value} {raised.value.__cause__!r}")
    relay.mend()
    for secret in (str(fields["access_token"]), token.reveal()):
        assert secret not in " ".join(texts)
