"""A real Prometheus scrapes the real daemon, and evaluates the rules that are shipped."""

from typing import Final

import pytest

from tests.support.clocks.wall_clock import WallClock
from tests.support.places.watched_site import JOB, Watched
from tests.support.servers.promtool import promtool

LIFE_PER_FLOOR: Final = "connection:zoho_tokend_token_life_per_floor:ratio"
A_FEW_SECONDS: Final = 5 / 1800
LONGEST_LIFE: Final = 3600 / (1800 - 45 - 1)


def test_promtool_finds_nothing_to_say_about_what_the_daemon_serves(watched: Watched) -> None:
    assert promtool("check", "metrics", stdin=watched.daemon.get("/metrics").content) == (0, "")


def test_the_daemon_is_scraped(watched: Watched) -> None:
    (up,) = watched.prometheus.ask(f'up{{job="{JOB}"}}')
    assert up.value == 1


def test_every_rule_is_evaluated_without_an_error(watched: Watched) -> None:
    def evaluated() -> bool:
        return all(rule["health"] != "unknown" for rule in watched.prometheus.rules())

    watched.prometheus.until(evaluated, "every rule is evaluated")
    rules = watched.prometheus.rules()
    assert len(rules) > 20
    assert {rule["health"] for rule in rules} == {"ok"}, [rule for rule in rules if rule["health"] != "ok"]


def test_what_is_recorded_is_true_of_the_daemon(watched: Watched) -> None:
    def recorded(connection: str) -> float:
        samples = watched.prometheus.ask(f'{LIFE_PER_FLOOR}{{connection="{connection}"}}')
        return sum(sample.value for sample in samples)

    def told(connection: str) -> float:
        expiry = watched.daemon.metric("token_expiry_timestamp_seconds", connection=connection)
        floor = watched.daemon.metric("connection_floor_seconds", connection=connection)
        return (expiry - WallClock().now().timestamp()) / floor

    def agree() -> bool:
        return all(recorded(name) == pytest.approx(told(name), abs=A_FEW_SECONDS) for name in ("crm-prod", "sales"))

    watched.prometheus.until(agree, "what is recorded is what the daemon tells")
    assert 1 < told("crm-prod") <= LONGEST_LIFE


def test_nobody_is_called_about_a_daemon_that_is_well(watched: Watched) -> None:
    assert watched.prometheus.firing(JOB) == set()
    assert watched.prometheus.ask('ALERTS{alertstate="pending",severity="critical"}') == []
