"""The dashboard that is shipped: whole, legible, and about metrics that there are."""

import re
from itertools import combinations
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.support.documents.dashboard import panels, queries, shipped
from zoho_tokend.telemetry.metric_table import metric_table

COLUMNS = 24


def titles(panel: dict[str, Any]) -> str:
    return str(panel["title"])


def test_grafanas_own_model_reads_it_and_writes_the_same() -> None:
    board = shipped()
    assert JSONEncoder(sort_keys=True).encode(Dashboard.from_json(dict(board))) == JSONEncoder(sort_keys=True).encode(
        board
    )


def test_the_promise_stands_above_everything_else() -> None:
    row, *first = shipped()["panels"][:6]
    assert (row["type"], row["title"], row["gridPos"]["y"]) == ("row", "The promise", 0)
    assert "floor" in first[0]["title"]
    assert first[-1]["title"] == "Least life of any published token, and the floor"
    assert first[-1]["gridPos"]["w"] == COLUMNS


@pytest.mark.parametrize("panel", panels(), ids=titles)
def test_each_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}


def test_several_lines_of_one_panel_have_names() -> None:
    several = [panel for panel in panels() if panel["type"] in {"timeseries", "state-timeline"}]
    assert all(target["legendFormat"] for panel in several for target in panel["targets"])


def test_nothing_lies_upon_another_or_outside() -> None:
    places = [panel["gridPos"] for panel in shipped()["panels"]]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    assert not [
        (one, other)
        for one, other in combinations(places, 2)
        if one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    ]


def test_every_panel_has_a_number_of_its_own() -> None:
    numbers = [panel["id"] for panel in shipped()["panels"]]
    assert len(set(numbers)) == len(numbers)


def test_every_metric_of_ours_that_is_asked_for_is_there_and_each_important_one_is_shown() -> None:
    metrics = {row.name for row in metric_table()}
    asked = {name for query in queries() for name in re.findall(r"zoho_tokend_\w+", query.expr)}
    shown = {name.removesuffix("_bucket") for name in asked}
    unseen = metrics - shown
    assert shown <= metrics
    assert {name.removeprefix("zoho_tokend_") for name in unseen} == {
        "connection_floor_seconds",  # in the fleet's least life against its floor
        "consecutive_failures",  # told by state and error
        "ill_named_records",  # on the status page, with the rule
        "last_success_timestamp_seconds",
        "next_refresh_timestamp_seconds",
        "background_task_crashes_total",  # an alert
        "rotated_refresh_tokens_total",  # an alert
        "token_issued_timestamp_seconds",
    }
