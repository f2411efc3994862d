"""Records of a simulated CRM reach a table: none lost, none doubled, whatever happens meanwhile."""

import contextlib
import itertools
import logging
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.places.ingest_site import IngestSite, Table, comparable
from zoho_ingest.errors import CreditsSpent, NeedsAPerson, ScopeMissing, TokenRefused, TryAgain
from zoho_ingest.fields import DELETED
from zoho_simulator import Endpoint
from zoho_simulator.faults import (
    Fault,
    always,
    authentication_failure,
    cut_off,
    drop,
    empty,
    html_502,
    then,
    times,
    too_many_requests,
    truncated_json,
)
from zoho_simulator.rules.organisation import Module


def test_a_small_module_is_loaded_whole(site: IngestSite) -> None:
    site.leads(450, width=120, subform=True)
    table = Table()
    assert table.load(site.crm())
    assert table.living == site.truth()


def test_a_second_load_brings_only_what_changed(site: IngestSite) -> None:
    site.leads(450)
    table = Table()
    table.load(site.crm())
    site.job.zoho.advance(timedelta(minutes=10))
    now = site.job.zoho.now()

    def work(leads: Module) -> None:
        leads.change(7, now)
        leads.add(now)
        leads.delete(449, now)

    site.edit(work)
    table.load(site.crm())
    assert [row.get(DELETED) is not None for row in table.given] == [False, False, True]
    assert table.living == site.truth()
    table.load(site.crm())
    assert table.given == []


def test_a_change_in_the_second_of_the_last_one_is_not_missed(site: IngestSite) -> None:
    site.leads(30)
    table = Table()
    now = site.job.zoho.now()
    site.edit(lambda leads: leads.change(3, now))
    table.load(site.crm())
    site.edit(lambda leads: leads.change(3, now))
    site.edit(lambda leads: leads.change(4, now))
    table.load(site.crm())
    assert len(table.given) == 2
    assert table.living == site.truth()


@pytest.mark.parametrize(("act", "left_to_the_next"), [("change", 1), ("delete", 0)])
def test_no_record_is_skipped_where_one_before_it_moves(site: IngestSite, act: str, left_to_the_next: int) -> None:
    site.leads(12)
    table, once = Table(), iter([act])

    def work() -> None:
        for it in once:  # after the first page, to the first record of it in either order
            for pick in (11, 0):
                site.edit(lambda leads, act=it, pick=pick: edited(leads, act, pick, site.job.zoho.now()))  # type: ignore[misc]

    assert table.load(site.crm(per_page=4), work)
    assert len(site.truth().keys() - table.living.keys()) == left_to_the_next
    assert table.load(site.crm(per_page=4))
    assert table.living == site.truth()


ACTS = st.lists(st.tuples(st.sampled_from(["change", "add", "delete", "wait"]), st.integers(0, 10_000)), max_size=4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.sampled_from([0, 3, 23, 60]),
    loads=st.lists(st.tuples(st.lists(ACTS, max_size=6), st.none() | st.integers(0, 5)), min_size=1, max_size=4),
)
def test_after_any_history_the_table_is_the_truth(
    site: IngestSite, records: int, loads: list[tuple[list[list[tuple[str, int]]], int | None]]
) -> None:
    site.leads(records)
    with site.organisation() as organisation:
        organisation.bulk_rows = 25
    table = Table()

    def work(acts: list[tuple[str, int]]) -> None:
        for act, pick in acts:
            if act == "wait":
                site.job.zoho.advance(timedelta(seconds=pick % 200))
            site.edit(lambda leads, act=act, pick=pick: edited(leads, act, pick, site.job.zoho.now()))  # type: ignore[misc]

    for history, dies_after in loads:
        pending = iter(history)
        with contextlib.suppress(TryAgain):
            table.load(site.crm(per_page=4), partial(meanwhile, pending, work), dies_after=dies_after)
        for acts in pending:
            work(acts)
    while table.load(site.crm(per_page=4)) and "export" in table.state:
        pass
    assert comparable(table.living) == comparable(site.truth())
    table.load(site.crm(per_page=4))
    assert table.given == []


def test_a_year_of_daily_loads_keeps_the_table_true(site: IngestSite) -> None:
    site.leads(60)
    dice, table = random.Random(7), Table()  # noqa: S311  # dice

    def work() -> None:
        for act in dice.choices(["add", "change", "change", "delete"], k=dice.randrange(3)):
            site.edit(lambda leads, act=act: edited(leads, act, dice.randrange(1000), site.job.zoho.now()))  # type: ignore[misc]

    for _ in range(365):
        site.job.zoho.advance(timedelta(days=1) - timedelta(seconds=dice.randrange(100)))
        work()
        table.load(site.crm(per_page=20), work, dies_after=dice.choice([None, None, None, 0]))
    assert table.load(site.crm(per_page=20))
    assert comparable(table.living) == comparable(site.truth())


def meanwhile(pending: Iterator[list[tuple[str, int]]], work: Callable[[list[tuple[str, int]]], None]) -> None:
    work(next(pending, []))


def edited(leads: Module, act: str, pick: int, now: datetime) -> None:
    living = leads.by_id()
    match act:
        case "add":
            leads.add(now)
        case "change" if living:
            leads.change(living[pick % len(living)], now)
        case "delete" if living:
            leads.delete(living[pick % len(living)], now)


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(times(3, html_502()), id="a gateway's page"),
        pytest.param(times(2, drop()), id="no answer"),
        pytest.param(cut_off(), id="half an answer"),
        pytest.param(truncated_json(), id="half a page"),
        pytest.param(empty(), id="nothing at all"),
        pytest.param(too_many_requests(retry_after=1), id="too many requests"),
    ],
)
def test_a_call_that_fails_is_repeated(site: IngestSite, trouble: Fault) -> None:
    site.leads(450)
    crm, table = site.crm(), Table()
    crm.fields("Leads")
    site.job.zoho.fault(then(trouble), endpoint=Endpoint.API)
    assert table.load(crm)
    assert table.living == site.truth()


def test_a_token_that_is_replaced_between_pages_does_no_harm(site: IngestSite) -> None:
    site.leads(900)
    table, events = Table(), iter([site.job.refresh, site.job.kill_oldest])

    def an_event() -> None:
        for event in itertools.islice(events, 1):
            event()

    assert table.load(site.crm(), an_event)
    assert table.living == site.truth()
    assert site.job.outcomes.count("INVALID_TOKEN") == 1


def test_a_refused_token_is_not_refreshed_and_a_person_is_asked(site: IngestSite) -> None:
    site.job.zoho.fault(always(authentication_failure()), endpoint=Endpoint.API)
    with pytest.raises(TokenRefused, match="Vault holds no newer one"):
        site.crm().fields("Leads")
    assert site.calls == 1


def test_a_missing_scope_is_named_with_its_module(site: IngestSite) -> None:
    site.consent("ZohoCRM.modules.contacts.READ,ZohoCRM.settings.READ")
    with pytest.raises(ScopeMissing, match=r"does not open Leads: .* ZohoCRM\.modules\.leads\.READ"):
        Table().load(site.crm())


def test_credits_are_left_to_others(site: IngestSite) -> None:
    site.leads(900)
    with site.organisation() as organisation:
        organisation.credits = 53
    with pytest.raises(CreditsSpent, match="50 API credits"):
        Table().load(site.crm(keep_credits=50))
    with site.organisation() as organisation:
        assert organisation.credits == 50


def test_spent_credits_end_the_load(site: IngestSite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with site.organisation() as organisation:
        organisation.credits = 0
    with pytest.raises(CreditsSpent, match="LIMIT_EXCEEDED"):
        site.crm().fields("Leads")
    assert "1000." not in caplog.text


def test_an_unknown_module_needs_a_person(site: IngestSite) -> None:
    with pytest.raises(NeedsAPerson, match="INVALID_MODULE"):
        site.crm().fields("Unicorns")


def test_records_that_go_as_fast_as_they_are_read_end_the_load(site: IngestSite) -> None:
    site.leads(30)

    def hurry() -> None:
        now, in_time = site.job.zoho.now(), []
        with site.organisation() as organisation:
            leads = organisation.modules["Leads"]
            in_time = list(leads.by_modified())
            leads.delete(in_time[-1], now)
            leads.change(in_time[0], now)

    table = Table()
    with pytest.raises(TryAgain, match="as fast as they are read"):
        table.load(site.crm(per_page=10), hurry)
    assert table.state == {}


def test_a_large_module_is_exported_job_by_job(site: IngestSite) -> None:
    site.leads(100, width=210, subform=True)
    with site.organisation() as organisation:
        organisation.bulk_rows = 40
    table, loads = Table(), 0

    def work() -> None:
        now = site.job.zoho.now()
        site.edit(lambda leads: leads.change(leads.by_id()[0], now))
        site.edit(lambda leads: leads.delete(leads.by_id()[5], now))

    while "since" not in table.state:
        assert table.load(site.crm(per_page=5), work if loads < 2 else lambda: None)
        loads += 1
    assert loads == 3
    assert comparable(table.living) == comparable(site.truth())


def test_an_export_that_dies_goes_on_at_its_last_job(site: IngestSite) -> None:
    site.leads(100)
    with site.organisation() as organisation:
        organisation.bulk_rows = 40
    table = Table()
    assert table.load(site.crm(per_page=5))
    after_first = dict(table.state)
    assert not table.load(site.crm(per_page=5), dies_after=0)
    assert table.state == after_first
    while "since" not in table.state:
        table.load(site.crm(per_page=5))
    assert comparable(table.living) == comparable(site.truth())


def test_more_changes_than_pages_lead_to_are_exported(site: IngestSite) -> None:
    site.leads(31)
    table = Table()
    assert table.load(site.crm(per_page=5))
    site.job.zoho.advance(timedelta(minutes=10))
    site.edit(lambda leads: leads.delete(30, site.job.zoho.now()))
    site.job.zoho.advance(timedelta(minutes=10))
    now = site.job.zoho.now()
    for number in range(30):
        site.edit(lambda leads, number=number: leads.change(number, now))  # type: ignore[misc]
    with site.organisation() as organisation:
        organisation.page_reach = 20
    assert table.load(site.crm(per_page=5))
    assert any("/bulk/" in call.path for call in site.job.api_calls)
    with site.organisation() as organisation:
        organisation.page_reach = 100
    assert table.load(site.crm(per_page=5))
    assert comparable(table.living) == comparable(site.truth())


def test_more_deletions_than_pages_lead_to_need_a_person(site: IngestSite) -> None:
    site.leads(30)
    table = Table()
    assert table.load(site.crm(per_page=5))
    before = dict(table.state)
    for number in range(25):
        site.edit(lambda leads, number=number: leads.delete(number, site.job.zoho.now()))  # type: ignore[misc]
    with site.organisation() as organisation:
        organisation.page_reach = 20
    with pytest.raises(NeedsAPerson, match="were deleted"):
        table.load(site.crm(per_page=5))
    assert table.state == before
