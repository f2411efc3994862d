import gc
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.support.samples.event_samples import CONNECTION, NOON, ONE_OF_EVERY, REFRESH_FAILED, REFRESHED
from tests.support.servers.promtool import promtool
from zoho_tokend.core import events
from zoho_tokend.core.errors import Outcome
from zoho_tokend.core.facts import ConnectionFacts, State
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.reports import Verdict
from zoho_tokend.core.targets import Shape
from zoho_tokend.engine.clockwork import Command
from zoho_tokend.telemetry.connection_series import LARGE_FLEET, PerConnection
from zoho_tokend.telemetry.metric_table import metric_table
from zoho_tokend.telemetry.metrics import Metrics

CONTRACT = {
    "build_info": ("version", "python"),
    "connections": ("state",),
    "deferred_refreshes": ("limit",),
    "soonest_expiry_timestamp_seconds": (),
    "promise_holds_until_timestamp_seconds": (),
    "token_expiry_timestamp_seconds": ("connection",),
    "connection_floor_seconds": ("connection",),
    "token_issued_timestamp_seconds": ("connection",),
    "next_refresh_timestamp_seconds": ("connection",),
    "last_success_timestamp_seconds": ("connection",),
    "consecutive_failures": ("connection",),
    "issue_budget_remaining": ("connection",),
    "connection_state": ("connection", "state"),
    "refreshes_total": ("outcome",),
    "reported_tokens_total": ("verdict",),
    "target_writes_total": ("target", "outcome"),
    "refresh_duration_seconds": ("stage",),
    "refresh_lateness_seconds": (),
    "zoho_requests_total": ("data_center", "outcome"),
    "vault_requests_total": ("operation", "outcome"),
    "vault_request_duration_seconds": ("operation",),
    "vault_token_expiry_timestamp_seconds": (),
    "vault_logins_total": ("method", "outcome"),
    "unsaved_tokens": (),
    "ill_named_records": (),
    "cas_conflicts_total": (),
    "rotated_refresh_tokens_total": (),
    "leader": ("shard",),
    "floor_seconds": (),
    "clock_skew_seconds": ("peer",),
    "background_task_crashes_total": ("task",),
    "heartbeat_timestamp_seconds": (),
    "event_loop_lag_seconds": (),
}


def some_metrics(per_connection: PerConnection = PerConnection.AUTO) -> Metrics:
    return Metrics(
        version="1.2.3", data_centers=("eu", "us"), login_methods=("approle", "token"), per_connection=per_connection
    )


def a_row(name: str = CONNECTION, *, state: State = State.FRESH) -> ConnectionFacts:
    return ConnectionFacts(
        name=ConnectionName(name),
        state=state,
        data_center="eu",
        issued_at=NOON,
        expires_at=NOON + timedelta(hours=1),
        floor=timedelta(minutes=29),
        next_refresh_at=NOON + timedelta(minutes=28),
        last_success_at=NOON,
        last_attempt_at=NOON,
        version=3,
        failures=2,
        budget_remaining=7,
        error=None,
        outcome=None,
    )


def scraped(metrics: Metrics, *rows: ConnectionFacts) -> dict[str, float]:
    """Each series of our own as it is written in a query, without the prefix."""
    text, _ = metrics.render(rows, "")
    return {_written(*sample[:2]): sample[2] for family in parse(text.decode()) for sample in family.samples}


def _written(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return name.removeprefix("zoho_tokend_") + (f"{{{inside}}}" if inside else "")


def our_families(text: bytes) -> list[Metric]:
    return [family for family in parse(text.decode()) if family.name.startswith("zoho_tokend_")]


def test_the_metrics_are_those_of_the_contract_with_its_labels() -> None:
    assert {row.name.removeprefix("zoho_tokend_"): row.labels for row in metric_table()} == CONTRACT


def test_each_metric_is_explained_in_one_sentence() -> None:
    for row in metric_table():
        assert re.fullmatch(r"[A-Z0-9][^.]+\.", row.help), row.name


def test_counters_and_histograms_are_told_from_gauges() -> None:
    types = {row.name.removeprefix("zoho_tokend_"): row.type for row in metric_table()}
    counters = {name for name, kind in types.items() if kind == "counter"}
    assert counters == {name for name in CONTRACT if name.endswith("_total")}
    assert {name for name, kind in types.items() if kind == "histogram"} == {
        "refresh_duration_seconds",
        "refresh_lateness_seconds",
        "vault_request_duration_seconds",
    }


def test_every_label_value_is_there_at_zero_from_the_first_scrape() -> None:
    series = scraped(some_metrics())
    expected = (
        [f"refreshes_total{{outcome={outcome}}}" for outcome in Outcome]
        + [f"connections{{state={state}}}" for state in State]
        + [f"reported_tokens_total{{verdict={verdict}}}" for verdict in Verdict]
        + [
            f"target_writes_total{{outcome={outcome},target={shape}}}"
            for shape in Shape
            for outcome in ("success", "failure")
        ]
        + [f"refresh_duration_seconds_count{{stage={stage}}}" for stage in events.Stage]
        + [f"clock_skew_seconds{{peer={peer}}}" for peer in events.Peer]
        + [
            f"background_task_crashes_total{{task={task}}}"
            for task in ("refresh", Command.SWEEP, Command.DISCOVER, Command.PROCESS_REPORTS, Command.FOLLOW_TARGETS)
        ]
        + [
            f"zoho_requests_total{{data_center={data_center},outcome={outcome}}}"
            for data_center in ("eu", "us", "other")
            for outcome in events.ZohoOutcome
        ]
        + [
            f"vault_requests_total{{operation={operation},outcome={outcome}}}"
            for operation in events.VaultOperation
            for outcome in events.VaultOutcome
        ]
        + [
            f"vault_logins_total{{method={method},outcome={outcome}}}"
            for method in ("approle", "token")
            for outcome in events.LoginOutcome
        ]
    )
    assert {name: series.get(name) for name in expected} == dict.fromkeys(expected, 0.0)


def test_the_build_is_told_with_its_versions() -> None:
    python = ".".join(map(str, sys.version_info[:3]))
    assert scraped(some_metrics())[f"build_info{{python={python},version=1.2.3}}"] == 1


def test_python_and_its_process_are_told_too() -> None:
    series = scraped(some_metrics())
    assert {"process_resident_memory_bytes", "python_gc_collections_total{generation=0}"} <= set(series)


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0"])
def test_no_series_tells_when_another_was_made(accept: str) -> None:
    metrics = some_metrics()
    metrics(REFRESHED)
    text, _ = metrics.render((a_row(),), accept)
    assert b"_created" not in text


def test_a_refresh_counts_once_with_its_stages_and_its_lateness() -> None:
    metrics = some_metrics()
    metrics(REFRESHED)
    metrics(REFRESH_FAILED)
    series = scraped(metrics)
    assert series["refreshes_total{outcome=success}"] == 1
    assert series["refreshes_total{outcome=zoho_unavailable}"] == 1
    assert series["refresh_duration_seconds_sum{stage=zoho}"] == pytest.approx(2 * 0.2034)
    assert series["refresh_lateness_seconds_count"] == 2
    assert series["refresh_lateness_seconds_sum"] == 1


def test_a_data_centre_that_nobody_knows_is_counted_as_another() -> None:
    metrics = some_metrics()
    metrics(events.ZohoAnswered(data_center="eu", outcome=events.ZohoOutcome.THROTTLED, took=timedelta()))
    metrics(events.ZohoAnswered(data_center="mars", outcome=events.ZohoOutcome.ISSUED, took=timedelta()))
    series = scraped(metrics)
    assert series["zoho_requests_total{data_center=eu,outcome=throttled}"] == 1
    assert series["zoho_requests_total{data_center=other,outcome=issued}"] == 1


def test_requests_to_vault_are_counted_and_timed() -> None:
    metrics = some_metrics()
    metrics(
        events.VaultAnswered(
            operation=events.VaultOperation.WRITE, outcome=events.VaultOutcome.CONFLICT, took=timedelta(seconds=0.2)
        )
    )
    series = scraped(metrics)
    assert series["vault_requests_total{operation=write,outcome=conflict}"] == 1
    assert series["vault_request_duration_seconds_bucket{le=0.1,operation=write}"] == 0
    assert series["vault_request_duration_seconds_bucket{le=0.25,operation=write}"] == 1


@pytest.mark.parametrize(
    ("event", "told"),
    [
        pytest.param(events.VaultSessionChanged(expires_at=NOON, alive=True), NOON.timestamp(), id="when it ends"),
        pytest.param(events.VaultSessionChanged(expires_at=None, alive=True), float("inf"), id="that it never does"),
        pytest.param(events.VaultSessionChanged(expires_at=NOON, alive=False), 0, id="that there is none"),
    ],
)
def test_of_the_session_it_is_told(event: events.Event, told: float) -> None:
    metrics = some_metrics()
    metrics(event)
    assert scraped(metrics)["vault_token_expiry_timestamp_seconds"] == told


def test_the_loop_is_told_by_its_last_beat() -> None:
    metrics = some_metrics()
    metrics(events.Beat(at=NOON, lag=timedelta(milliseconds=30)))
    series = scraped(metrics)
    assert series["heartbeat_timestamp_seconds"] == NOON.timestamp()
    assert series["event_loop_lag_seconds"] == 0.03


def test_conflicts_rotations_logins_and_clocks_are_told() -> None:
    metrics = some_metrics()
    metrics(events.Conflicted(connection=CONNECTION))
    metrics(events.RefreshTokenRotated(connection=CONNECTION, stored=False))
    metrics(events.VaultLoggedIn(method="approle", outcome=events.LoginOutcome.REFUSED))
    metrics(events.ClockCompared(peer=events.Peer.VAULT, skew=timedelta(seconds=-3)))
    series = scraped(metrics)
    assert series["cas_conflicts_total"] == 1
    assert series["rotated_refresh_tokens_total"] == 1
    assert series["vault_logins_total{method=approle,outcome=refused}"] == 1
    assert series["clock_skew_seconds{peer=vault}"] == -3


def test_a_crash_is_counted_by_its_task() -> None:
    metrics = some_metrics()
    metrics(events.BackgroundTaskCrashed(task=Command.DISCOVER, kind="KeyError", traceback=""))
    metrics(events.RefreshCrashed(connection=CONNECTION, kind="KeyError", traceback=""))
    series = scraped(metrics)
    assert series["background_task_crashes_total{task=discover}"] == 1
    assert series["background_task_crashes_total{task=refresh}"] == 1


def test_a_process_leads_until_it_is_told_not_to() -> None:
    metrics = some_metrics()
    assert scraped(metrics)["leader{shard=0}"] == 1
    metrics.lead(leading=False)
    assert scraped(metrics)["leader{shard=0}"] == 0


def test_leadership_comes_and_goes_with_the_election() -> None:
    metrics = some_metrics()
    metrics.lead(leading=False)
    metrics(events.LeaderElected(identity="tokend-0", transitions=1))
    assert scraped(metrics)["leader{shard=0}"] == 1
    metrics(events.LeaderLost(identity="tokend-0", reason="the process stops"))
    assert scraped(metrics)["leader{shard=0}"] == 0


def test_the_promise_is_told_as_it_stands() -> None:
    metrics = some_metrics()
    metrics.promise(timedelta(minutes=25))
    assert scraped(metrics)["floor_seconds"] == 1500


def test_every_event_is_taken() -> None:
    metrics = some_metrics()
    for event in ONE_OF_EVERY:
        metrics(event)


def test_a_connection_is_told_in_instants() -> None:
    series = scraped(some_metrics(), a_row())
    assert {name: value for name, value in series.items() if "connection=crm-prod" in name and "state" not in name} == {
        "token_expiry_timestamp_seconds{connection=crm-prod}": NOON.timestamp() + 3600,
        "connection_floor_seconds{connection=crm-prod}": 29 * 60,
        "token_issued_timestamp_seconds{connection=crm-prod}": NOON.timestamp(),
        "next_refresh_timestamp_seconds{connection=crm-prod}": NOON.timestamp() + 1680,
        "last_success_timestamp_seconds{connection=crm-prod}": NOON.timestamp(),
        "consecutive_failures{connection=crm-prod}": 2,
        "issue_budget_remaining{connection=crm-prod}": 7,
    }


def test_a_connection_is_in_one_state_and_in_no_other() -> None:
    series = scraped(some_metrics(), a_row(state=State.THROTTLED))
    states = {state: series[f"connection_state{{connection=crm-prod,state={state}}}"] for state in State}
    assert states == dict.fromkeys(State, 0.0) | {State.THROTTLED: 1.0}


def test_an_instant_that_never_was_is_zero() -> None:
    row = replace(a_row(), expires_at=None, next_refresh_at=None)
    series = scraped(some_metrics(), row)
    assert series["token_expiry_timestamp_seconds{connection=crm-prod}"] == 0
    assert series["next_refresh_timestamp_seconds{connection=crm-prod}"] == 0


def test_a_connection_that_is_gone_leaves_nothing_behind() -> None:
    metrics = some_metrics()
    scraped(metrics, a_row())
    assert not [name for name in scraped(metrics) if "crm-prod" in name]


def test_the_fleets_promise_is_that_of_the_token_that_comes_to_its_floor_first() -> None:
    late, soon = NOON + timedelta(minutes=50), NOON + timedelta(minutes=40)
    rows = [
        replace(a_row("own-floor"), expires_at=soon, floor=timedelta(minutes=5)),
        replace(a_row("usual"), expires_at=late, floor=timedelta(minutes=29)),
        replace(a_row("never-had-one", state=State.PENDING), expires_at=None),
    ]
    series = scraped(some_metrics(PerConnection.OFF), *rows)
    assert series["soonest_expiry_timestamp_seconds"] == soon.timestamp()
    assert series["promise_holds_until_timestamp_seconds"] == NOON.timestamp() + 21 * 60


@pytest.mark.parametrize("state", [State.NEEDS_CONSENT, State.MISCONFIGURED])
def test_a_connection_that_waits_for_a_person_hides_nothing_of_the_fleets_promise(state: State) -> None:
    dead = replace(a_row("dead", state=state), expires_at=NOON - timedelta(days=1))
    series = scraped(some_metrics(), dead)
    assert series["soonest_expiry_timestamp_seconds"] == float("inf")
    assert series["promise_holds_until_timestamp_seconds"] == float("inf")
    assert scraped(some_metrics(), dead, a_row())["soonest_expiry_timestamp_seconds"] == NOON.timestamp() + 3600


def test_records_with_a_wrong_name_are_counted_by_whole_passes() -> None:
    metrics = some_metrics()
    metrics(events.DiscoveryEnded(connections=1, took=timedelta(), ill_named=2))
    metrics(events.DiscoveryEnded(connections=1, took=timedelta(), error="Vault is sealed"))
    assert scraped(metrics)["ill_named_records"] == 2


def test_unsaved_tokens_are_counted() -> None:
    assert scraped(some_metrics(), a_row("a", state=State.UNSAVED), a_row("b"))["unsaved_tokens"] == 1


def told(metrics: Metrics, rows: list[ConnectionFacts]) -> set[str]:
    return {name for name in scraped(metrics, *rows) if name.startswith("consecutive_failures")}


def test_of_a_large_fleet_only_the_unhealthy_are_told_one_by_one_but_all_are_counted() -> None:
    rows = [a_row(f"c{number}") for number in range(LARGE_FLEET)] + [a_row("ill", state=State.FAILING)]
    metrics = some_metrics()
    assert told(metrics, rows) == {"consecutive_failures{connection=ill}"}
    assert scraped(metrics, *rows)["connections{state=fresh}"] == LARGE_FLEET
    assert len(told(metrics, rows[1:])) == LARGE_FLEET


def test_a_scrape_of_a_huge_fleet_holds_no_row_that_it_does_not_tell() -> None:
    held = []

    def count() -> None:
        held.append(sum(isinstance(thing, ConnectionFacts) for thing in gc.get_objects()))

    def rows() -> Iterator[ConnectionFacts]:
        count()
        for number in range(3 * LARGE_FLEET):
            yield a_row(f"c{number}", state=State.FRESH if number else State.FAILING)
        count()

    some_metrics().render(rows(), "")
    before, after = held
    assert after - before <= LARGE_FLEET + 10


def test_single_connections_are_told_or_not_as_the_setting_says() -> None:
    rows = [a_row(f"c{number}") for number in range(LARGE_FLEET + 1)]
    assert len(told(some_metrics(PerConnection.ON), rows)) == LARGE_FLEET + 1
    assert told(some_metrics(PerConnection.OFF), rows[:1]) == set()


def test_a_hostile_name_breaks_no_line() -> None:
    name = 'a"}\n\\x{evil="1"} 5'
    text, _ = some_metrics().render((a_row(name),), "")
    labels = [sample.labels for family in our_families(text) for sample in family.samples]
    assert {label["connection"] for label in labels if "connection" in label} == {name}


@pytest.mark.parametrize(
    "accept", ["text/plain; version=x", "application/openmetrics-text;version=oops", "\x00", "*/*"]
)
def test_an_odd_accept_header_still_gets_the_page(accept: str) -> None:
    text, content_type = some_metrics().render((), accept)
    assert b"zoho_tokend_build_info" in text
    assert content_type.startswith(("text/plain", "application/openmetrics-text"))


def test_openmetrics_is_spoken_where_it_is_asked_for() -> None:
    text, content_type = some_metrics().render((a_row(),), "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    families = parse_openmetrics(text.decode())  # type: ignore[no-untyped-call]  # the library says nothing of its type
    assert "zoho_tokend_connections" in {family.name for family in families}


def test_threads_may_scrape_different_rows_while_events_are_counted() -> None:
    metrics, results = some_metrics(), dict[str, bytes]()

    def scrape(name: str) -> None:
        results[name] = metrics.render([a_row(name)] * 50, "")[0]

    threads = [threading.Thread(target=scrape, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for _ in range(1000):
        metrics(REFRESHED)
    for thread in threads:
        thread.join()
    assert b"left" in results["left"]
    assert b"left" not in results["right"]


def test_promtool_finds_nothing_to_say() -> None:
    text, _ = some_metrics().render((a_row(),), "")
    assert promtool("check", "metrics", stdin=text) == (0, "")
