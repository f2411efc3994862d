"""How a panel looks, by its kind; what it shows is said in ``dashboard``."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Panel,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.monitoring.queries import Query

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
# A dashboard is 24 columns wide.
FULL: Final = 24
HALF: Final = 12
THIRD: Final = 8
QUARTER: Final = 6
# The colours of a number that should be 0, and of one that is neither good nor bad.
NONE_IS_GOOD: Final = ((None, "green"), (1, "red"))
PLAIN: Final = ((None, "text"),)
_LOW: Final = 4
_HIGH: Final = 8

Steps = Sequence[tuple[float | None, str]]
Colors = Mapping[str, str]
P = TypeVar("P", stat.Panel, timeseries.Panel, table.Panel, statetimeline.Panel)


def figure(title: str, query: Query, *, text: str, unit: str, steps: Steps, span: int = QUARTER) -> Builder[Panel]:
    """One number, in the colour of its step, over the line that it came along."""
    panel = _panel(stat.Panel(), title, (query,), text=text, unit=unit, span=span).height(_LOW)
    return (
        panel.thresholds(_thresholds(steps))
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .graph_mode(BigValueGraphMode.AREA)
        .color_mode(BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("none")
    )


def graph(
    title: str,
    *queries: Query,
    text: str,
    unit: str,
    span: int = HALF,
    stacked: bool = False,
    colors: Colors | None = None,
) -> Builder[Panel]:
    """Lines over time, from nought; stacked where they are parts of a whole."""
    panel = _panel(timeseries.Panel(), title, queries, text=text, unit=unit, span=span).height(_HIGH)
    panel = (
        panel.axis_soft_min(0)
        .fill_opacity(40 if stacked else 8)
        .line_width(1 if stacked else 2)
        .show_points(VisibilityMode.NEVER)
        .stacking(common.StackingConfig().mode(StackingMode.NORMAL if stacked else StackingMode.NONE))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(_legend())
    )
    for name, color in (colors or {}).items():
        panel = panel.override_by_name(name, [_fixed(color)])
    return panel


def listing(
    title: str, query: Query, *, text: str, unit: str, columns: Mapping[str, str], span: int = HALF
) -> Builder[Panel]:
    """A row for each series of this moment; the columns, by the labels that they show, in this order."""
    panel = _panel(table.Panel(), title, (), text=text, unit=unit, span=span).height(_HIGH)
    return panel.with_target(_target(query, "A").instant().format(PromQueryFormat.TABLE)).with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {label: place for place, label in enumerate(columns)},
                "renameByName": dict(columns),
            },
        )
    )


def timeline(title: str, query: Query, *, text: str, words: Mapping[str, tuple[str, str]]) -> Builder[Panel]:
    """A bar for each series, in the colour of what its values mean."""
    panel = _panel(statetimeline.Panel(), title, (query,), text=text, unit="none", span=HALF).height(_HIGH)
    results = {value: ValueMappingResult(text=said, color=color) for value, (said, color) in words.items()}
    return panel.mappings([ValueMap(options=results)]).show_value(VisibilityMode.AUTO).legend(_legend())


def _panel(panel: P, title: str, queries: Sequence[Query], *, text: str, unit: str, span: int) -> P:
    panel.title(title).description(text).unit(unit).span(span).datasource(SOURCE)
    panel.targets([_target(query, chr(ord("A") + number)) for number, query in enumerate(queries)])
    return panel


def _target(query: Query, ref_id: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(ref_id).datasource(SOURCE)


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=value, color=color) for value, color in steps])
    )


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.RIGHT)
        .calcs(["lastNotNull"])
        .show_legend(True)
    )


def _fixed(color: str) -> DynamicConfigValue:
    return DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color})
