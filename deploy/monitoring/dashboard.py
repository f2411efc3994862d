"""The dashboard as Grafana imports it: its rows, and what may be chosen above them."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    Panel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from deploy.monitoring.daemon_panels import leadership, vault
from deploy.monitoring.fleet_panels import budget, fleet, promise, refreshes
from deploy.monitoring.operator_objects import DEPLOY
from deploy.monitoring.panels import SOURCE
from deploy.monitoring.queries import ours

DASHBOARD: Final = DEPLOY / "components" / "grafana-dashboard" / "zoho-tokend.json"
ROWS: Final[Mapping[str, Sequence[Builder[Panel]]]] = {
    "The promise": promise(),
    "The fleet": fleet(),
    "Refreshes": refreshes(),
    "Zoho's budget": budget(),
    "Vault": vault(),
    "Leadership and processes": leadership(),
}


def dashboard_json() -> str:
    """The dashboard, as Grafana imports it."""
    board = (
        dashboard.Dashboard("zoho-tokend")
        .uid("zoho-tokend")
        .description("Whether jobs find living Zoho tokens in Vault, and what may become of that.")
        .tags(["zoho-tokend"])
        .time("now-6h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .variables([_source(), *_choices()])
    )
    for title, panels in ROWS.items():
        board.with_row(dashboard.Row(title))
        for panel in panels:
            board.with_panel(panel)
    built = board.build()
    for number, placed in enumerate(built.panels or (), start=1):
        placed.id_val = number
    return json.dumps(built, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _source() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def _choices() -> Sequence[dashboard.QueryVariable]:
    queries = {
        "namespace": "label_values(zoho_tokend_build_info, namespace)",
        "job": 'label_values(zoho_tokend_build_info{namespace=~"$namespace"}, job)',
        "connection": f"label_values({ours('connection_floor_seconds')}, connection)",
    }
    return [
        dashboard.QueryVariable(name)
        .query(query)
        .datasource(SOURCE)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .include_all(True)
        .current(VariableOption(selected=True, text="All", value="$__all"))
        .all_value(".*")
        .multi(True)
        for name, query in queries.items()
    ]
