"""The dashboard as it is shipped, taken apart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deploy.monitoring.dashboard import DASHBOARD

# What a person would choose, and Grafana would put in: everything there is, and a rate over several scrapes.
_CHOSEN: Final = {"$namespace": ".*", "$job": ".*", "$connection": ".*", "$__rate_interval": "1m"}


@dataclass(frozen=True)
class Asked:
    """One query of one panel, with its variables filled in."""

    panel: str
    expr: str

    def __str__(self) -> str:
        return f"{self.panel}: {self.expr}"


def shipped() -> Mapping[str, Any]:
    """The whole of it."""
    board: Mapping[str, Any] = json.loads(DASHBOARD.read_text())
    return board


def panels() -> Sequence[Mapping[str, Any]]:
    """All that shows something."""
    return [panel for panel in shipped()["panels"] if panel["type"] != "row"]


def queries() -> Sequence[Asked]:
    """Every query of every panel."""
    return [Asked(panel["title"], _filled_in(target["expr"])) for panel in panels() for target in panel["targets"]]


def _filled_in(expr: str) -> str:
    for variable, value in _CHOSEN.items():
        expr = expr.replace(variable, value)
    assert "$" not in expr, expr
    return expr
