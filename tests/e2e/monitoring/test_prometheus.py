"""A real Prometheus scrapes the real daemon, and evaluates the rules that are shipped."""

from tests.promtool import promtool
from tests.watched_site import JOB, Watched


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
    def lives() -> dict[str, float]:
        samples = watched.prometheus.ask("connection:zoho_tokend_token_life_per_floor:ratio")
        return {sample.labels["connection"]: sample.value for sample in samples}

    known = watched.prometheus.until(lambda: lives() if {"crm-prod", "sales"} <= lives().keys() else None, "both")
    assert 1.9 < known["crm-prod"] <= 3600 / (1800 - 45 - 1)


def test_nobody_is_called_about_a_daemon_that_is_well(watched: Watched) -> None:
    assert watched.prometheus.firing(JOB) == set()
    assert watched.prometheus.ask('ALERTS{alertstate="pending",severity="critical"}') == []
