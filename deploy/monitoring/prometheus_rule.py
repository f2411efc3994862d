"""The rules once more, as the object that the Prometheus operator reads."""

from pathlib import Path
from textwrap import indent
from typing import Final

DEPLOY: Final = Path(__file__).parent.parent
RULES: Final = DEPLOY / "prometheus" / "rules.yaml"
PROMETHEUS_RULE: Final = DEPLOY / "components" / "prometheusrule" / "prometheusrule.yaml"

# https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule
_HEAD: Final = """\
# Written by `make docs` from deploy/prometheus/rules.yaml: change that one.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: zoho-tokend
  labels:
    app.kubernetes.io/name: zoho-tokend
spec:
"""


def prometheus_rule(rules: str) -> str:
    """The manifest that has these rules, a Prometheus rule file with a remark at its top, for its ``spec``."""
    _remark, groups, rest = rules.partition("groups:\n")
    return _HEAD + indent(groups + rest, "  ")
