"""What both dashboards are made of: panels over Prometheus, in one look, and variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueGraphMode, StackingMode, VizOrientation
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    Panel,
    Threshold,
    ThresholdsMode,
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
"""Whatever the dashboard's variable ``datasource`` names."""
PROVISIONED: Final = "groundswell-prometheus"
"""The uid of the data source that deploy/grafana/provisioning brings."""
HEIGHT: Final = 8

Panels = list[Builder[Panel]]
Query = tuple[str, str]
"""(expression, legend)."""
Levels = Sequence[tuple[float | None, str]]
"""(from which value on, colour), the lowest first."""


def lines(
    title: str, why: str, *queries: Query, unit: str = "short", span: int = 12, stacked: bool = False,
    low: float | None = 0, high: float | None = None,
) -> timeseries.Panel:  # fmt: skip
    """Series over time."""
    panel = timeseries.Panel().title(title).description(why).datasource(SOURCE).unit(unit).span(span).height(HEIGHT)
    panel = panel.fill_opacity(25 if stacked else 8).line_width(1).legend(
        common.VizLegendOptions().show_legend(True).placement("bottom").display_mode("list").calcs(["lastNotNull"])  # type: ignore[arg-type]
    )  # fmt: skip
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    panel = panel if low is None else panel.min(low)
    panel = panel if high is None else panel.max(high)
    for letter, (expression, legend) in zip("ABCDEF", queries, strict=False):
        panel = panel.with_target(_query(expression, letter).legend_format(legend).range())
    return panel


def figure(title: str, why: str, expression: str, *, unit: str = "short", levels: Levels = (), span: int = 4,
           decimals: int | None = None) -> stat.Panel:  # fmt: skip
    """One number, and the line that led to it."""
    panel = stat.Panel().title(title).description(why).datasource(SOURCE).unit(unit).span(span).height(4)
    panel = panel.graph_mode(BigValueGraphMode.AREA).color_mode(BigValueColorMode.VALUE).no_value("–")
    panel = panel if decimals is None else panel.decimals(decimals)
    panel = panel.thresholds(_thresholds(levels)).reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return panel.with_target(_query(expression, "A").legend_format("__auto").range())


def bars(title: str, why: str, expression: str, legend: str, *, unit: str = "short", span: int = 12) -> bargauge.Panel:
    """The newest value of each series, side by side."""
    panel = bargauge.Panel().title(title).description(why).datasource(SOURCE).unit(unit).span(span).height(HEIGHT)
    panel = panel.orientation(VizOrientation.HORIZONTAL).min(0).no_value("–").thresholds(_thresholds(()))
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return panel.with_target(_query(expression, "A").legend_format(legend).instant())


def rows_of(
    title: str, why: str, expression: str, *, unit: str, value: str, names: dict[str, str], span: int = 12
) -> table.Panel:
    """The newest value of each series as a table.

    Args:
        value: Heading of the value.
        names: Label → heading; other labels are left out.
    """
    panel = table.Panel().title(title).description(why).datasource(SOURCE).span(span).height(HEIGHT).no_value("None")
    panel = panel.show_header(True)
    panel = panel.override_by_name(value, [DynamicConfigValue(id_val="unit", value=unit)])
    order = {name: place for place, name in enumerate([*names, "Value"])}
    options: dict[str, object] = {
        "excludeByName": {"Time": True},
        "indexByName": order,
        "renameByName": {**names, "Value": value},
    }
    panel = panel.with_transformation(DataTransformerConfig(id_val="organize", options=options))
    return panel.with_target(_query(expression, "A").format(PromQueryFormat.TABLE).instant())


def board(uid: str, title: str, why: str, *, since: str) -> dashboard.Dashboard:
    """An empty dashboard with the choice of a data source."""
    it = dashboard.Dashboard(title).uid(uid).description(why).tags(["groundswell"]).readonly().refresh("30s")
    it = it.time(since, "now").timezone("browser")
    chosen = VariableOption(selected=True, text="Groundswell", value=PROVISIONED)
    return it.with_variable(
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus").current(chosen)
        .hide(VariableHide.DONT_HIDE)
    )  # fmt: skip


def choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """Some of the values that a label has, all of them at first."""
    everything: Any = VariableOption(selected=True, text=["All"], value=["$__all"])
    return (
        dashboard.QueryVariable(name).label(label).datasource(SOURCE).query(query).multi(True).include_all(True)
        .all_value(".*").current(everything).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )  # fmt: skip


def _query(expression: str, letter: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(" ".join(expression.split())).ref_id(letter)


def _thresholds(levels: Levels) -> dashboard.ThresholdsConfig:
    steps = [Threshold(value=value, color=colour) for value, colour in levels or ((None, "blue"),)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
