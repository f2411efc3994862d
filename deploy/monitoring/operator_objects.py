"""The alerts and their inhibition once more, as the objects that the Prometheus operator reads."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).parent.parent
RULES: Final = DEPLOY / "prometheus" / "rules.yaml"
INHIBIT_RULES: Final = DEPLOY / "prometheus" / "inhibit_rules.yaml"
PROMETHEUS_RULE: Final = DEPLOY / "components" / "prometheusrule" / "prometheusrule.yaml"
ALERTMANAGER_CONFIG: Final = DEPLOY / "components" / "alertmanagerconfig" / "alertmanagerconfig.yaml"

# https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule
# https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1alpha1.AlertmanagerConfig
_HEAD: Final = """\
# Written by `make docs` from deploy/prometheus/{source}: change that one.
apiVersion: monitoring.coreos.com/{version}
kind: {kind}
metadata:
  name: zoho-tokend
  labels:
    app.kubernetes.io/name: zoho-tokend
spec:
"""
_MATCHER: Final = re.compile(r'(\w+)(=~)"(.*)"')


def prometheus_rule(rules: str) -> str:
    """The manifest that has these rules, a Prometheus rule file with a remark at its top, for its ``spec``."""
    _remark, groups, rest = rules.partition("groups:\n")
    head = _HEAD.format(source=RULES.name, version="v1", kind="PrometheusRule")
    return head + indent(groups + rest, "  ")


def alertmanager_config(inhibit_rules: str) -> str:
    """The manifest that has these inhibition rules, as Alertmanager writes them, in the operator's words."""
    rules = [
        {
            "sourceMatch": list(_matchers(rule["source_matchers"])),
            "targetMatch": list(_matchers(rule["target_matchers"])),
            "equal": rule["equal"],
        }
        for rule in yaml.safe_load(inhibit_rules)["inhibit_rules"]
    ]
    head = _HEAD.format(source=INHIBIT_RULES.name, version="v1alpha1", kind="AlertmanagerConfig")
    return head + indent(yaml.safe_dump({"inhibitRules": rules}, sort_keys=False, width=1000), "  ")


def _matchers(written: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for matcher in written:
        taken_apart = _MATCHER.fullmatch(matcher)
        if taken_apart is None:
            message = f'{INHIBIT_RULES.name}: write {matcher} as name=~"pattern"'
            raise ValueError(message)
        name, kind, value = taken_apart.groups()
        yield {"name": name, "matchType": kind, "value": value}
