"""Which files are written, and what stands in each."""

from collections.abc import Mapping
from pathlib import Path

from deploy.monitoring.dashboard import DASHBOARD, dashboard_json
from deploy.monitoring.operator_objects import (
    ALERTMANAGER_CONFIG,
    INHIBIT_RULES,
    PROMETHEUS_RULE,
    RULES,
    alertmanager_config,
    prometheus_rule,
)


def written() -> Mapping[Path, str]:
    """The whole text of each file that has a source."""
    return {
        PROMETHEUS_RULE: prometheus_rule(RULES.read_text()),
        ALERTMANAGER_CONFIG: alertmanager_config(INHIBIT_RULES.read_text()),
        DASHBOARD: dashboard_json(),
    }
