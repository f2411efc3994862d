"""The alerts that are shipped: valid, explained, tested one by one, and the same in both files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from deploy.monitoring.files import written
from deploy.monitoring.prometheus_rule import PROMETHEUS_RULE, RULES
from tests.support.documents.runbook import sections
from tests.support.servers.promtool import promtool
from zoho_tokend.telemetry.metric_table import metric_table

RULES_TEST: Final = RULES.with_name("rules_test.yaml")
QUESTIONS: Final = [
    "What it means for jobs.",
    "How long there is.",
    "What to run.",
    "How to know that it is over.",
]

GROUPS: Sequence[Mapping[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
ALERTS: Mapping[str, Mapping[str, Any]] = {
    rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule
}
RECORDED: Sequence[str] = [rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule]
CASES: Sequence[Mapping[str, Any]] = [
    case for test in yaml.safe_load(RULES_TEST.read_text())["tests"] for case in test["alert_rule_test"]
]
EXPRESSIONS: Sequence[str] = [rule["expr"] for group in GROUPS for rule in group["rules"]]


def test_promtool_finds_nothing_to_say_about_the_rules() -> None:
    code, said = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert code == 0, said


def test_each_alert_fires_when_it_must() -> None:
    code, said = promtool("test", "rules", RULES_TEST)
    assert code == 0, said


def test_no_alert_goes_without_a_test_in_which_it_fires() -> None:
    assert {case["alertname"] for case in CASES if case.get("exp_alerts")} == ALERTS.keys()


@pytest.mark.parametrize("path", written(), ids=lambda path: path.name)
def test_what_is_written_from_a_source_is_up_to_date(path: Path) -> None:
    assert path.read_text() == written()[path], "run `make docs`"


def test_the_operators_object_has_the_same_rules() -> None:
    manifest = yaml.safe_load(PROMETHEUS_RULE.read_text())
    assert (manifest["kind"], manifest["spec"]) == ("PrometheusRule", {"groups": GROUPS})


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_tells_what_is_wrong_and_leads_to_its_section_of_the_runbook(name: str) -> None:
    alert = ALERTS[name]
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert "{{" not in alert["annotations"]["summary"]
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    section = sections()[name]
    assert section.severity == alert["labels"]["severity"]
    assert section.leads == QUESTIONS or section.leads == [*QUESTIONS[:2], "Do not restart the daemon:", *QUESTIONS[2:]]
    assert section.commands


def test_the_runbook_has_no_section_that_no_alert_leads_to() -> None:
    assert set(sections()) - {"Before anything else"} == ALERTS.keys()


def test_every_series_that_a_rule_asks_for_is_a_metric_of_ours_or_recorded_by_another_rule() -> None:
    metrics = {row.name for row in metric_table()}
    asked = {name for text in EXPRESSIONS for name in re.findall(r"(?:\w+:)*zoho_tokend_\w+(?::\w+)*", text)}
    bare = {name.removesuffix("_bucket") for name in asked if ":" not in name}
    assert bare <= metrics
    assert {name for name in asked if ":" in name} <= set(RECORDED)


def test_the_labels_of_an_alert_outlive_a_restart_and_a_change_of_the_leader() -> None:
    """Whatever tells one process from the next would end a silence with it."""
    fired = [alert for case in CASES for alert in case.get("exp_alerts") or ()]
    labels = {label for alert in fired for label in alert["exp_labels"]}
    assert labels == {"severity", "namespace", "job", "connection", "state", "shard", "peer", "task"}
