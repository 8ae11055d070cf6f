"""What both dashboards are made of: panels over Prometheus in one look, rows, marks, variables and links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueGraphMode, StackingMode, VizOrientation
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE: Final = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""Whatever the dashboard's variable ``datasource`` names."""
PROVISIONED: Final = "groundswell-prometheus"
"""The uid of the data source that deploy/grafana/provisioning brings."""
TAG: Final = "groundswell"
"""Dashboards with it link to each other."""
LETTERS: Final = "ABCDEF"

Panels = list[Builder[model.Panel]]
Rows = Sequence[tuple[str, Panels]]
"""(title of a row, its panels)."""
Query = tuple[str, str]
"""(expression, legend)."""
Levels = Sequence[tuple[float | None, str]]
"""(from which value on, colour), the lowest first."""
Shown = TypeVar("Shown", timeseries.Panel, stat.Panel, bargauge.Panel, table.Panel)


# Panels.


def lines(
    title: str, why: str, *queries: Query, unit: str = "short", span: int = 12, stacked: bool = False,
    low: float | None = 0, high: float | None = None, empty: str = "Nothing in this time",
) -> timeseries.Panel:  # fmt: skip
    """Series over time."""
    panel = _framed(timeseries.Panel(), title, why, span, unit=unit, empty=empty)
    panel = panel.fill_opacity(25 if stacked else 8).line_width(1).legend(
        common.VizLegendOptions().show_legend(True).placement("bottom").display_mode("list").calcs(["lastNotNull"])  # type: ignore[arg-type]
    )  # fmt: skip
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    panel = panel if low is None else panel.min(low)
    panel = panel if high is None else panel.max(high)
    for letter, (expression, legend) in zip(LETTERS, queries, strict=False):
        panel = panel.with_target(_query(expression, letter).legend_format(legend).range())
    return panel


def figure(
    title: str, why: str, expression: str, *, unit: str = "short", levels: Levels = (), decimals: int | None = None
) -> stat.Panel:
    """One number, and the line that led to it."""
    panel = _framed(stat.Panel(), title, why, 4, unit=unit, empty="–", height=4)
    panel = panel.graph_mode(BigValueGraphMode.AREA).color_mode(BigValueColorMode.VALUE)
    panel = panel if decimals is None else panel.decimals(decimals)
    panel = panel.thresholds(_thresholds(levels)).reduce_options(_newest())
    return panel.with_target(_query(expression, "A").legend_format("__auto").range())


def bars(title: str, why: str, expression: str, legend: str, *, unit: str = "short", empty: str) -> bargauge.Panel:
    """The newest value of each series, side by side."""
    panel = _framed(bargauge.Panel(), title, why, 12, unit=unit, empty=empty)
    panel = panel.orientation(VizOrientation.HORIZONTAL).min(0).thresholds(_thresholds(())).reduce_options(_newest())
    return panel.with_target(_query(expression, "A").legend_format(legend).instant())


def rows_of(
    title: str, why: str, *expressions: str, names: dict[str, str], value: str | None = None, unit: str = "short",
    empty: str, span: int = 12, says: dict[str, str] | None = None, link: tuple[str, str, str] | None = None,
) -> table.Panel:  # fmt: skip
    """The newest value of each series as a table; where there are several expressions, their rows are joined by labels.

    Args:
        names: Label → heading; other labels are left out.
        value: Heading of the first expression's value, in ``unit``; other values are left out.
        says: A value of a label → what is shown in its place.
        link: (heading, what it says, where to): of that column's cells.
    """
    panel = _framed(table.Panel(), title, why, span, empty=empty).show_header(True)
    values = ["Value"] if len(expressions) == 1 else [f"Value #{letter}" for letter in LETTERS[: len(expressions)]]
    shown = {**names, **({} if value is None else {values[0]: value})}
    for heading in (value,) if value is not None else ():
        panel = panel.override_by_name(heading, [model.DynamicConfigValue(id_val="unit", value=unit)])
    if says is not None:
        results = {told: model.ValueMappingResult(text=text) for told, text in says.items()}
        panel = panel.mappings([model.ValueMap(results)])
    if link is not None:
        heading, says_what, url = link
        links = [{"title": says_what, "url": url}]
        panel = panel.override_by_name(heading, [model.DynamicConfigValue(id_val="links", value=links)])
    if len(expressions) > 1:
        panel = panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    options: dict[str, object] = {
        "excludeByName": dict.fromkeys(["Time", *(it for it in values if it not in shown)], True),
        "indexByName": {name: place for place, name in enumerate(shown)},
        "renameByName": shown,
    }
    panel = panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=options))
    for letter, expression in zip(LETTERS, expressions, strict=False):
        panel = panel.with_target(_query(expression, letter).format(PromQueryFormat.TABLE).instant())
    return panel


# What is around them.


def board(uid: str, title: str, why: str, rows: Rows, *, since: str) -> dashboard.Dashboard:
    """A dashboard of these rows, with the choice of a data source and links to the others."""
    it = dashboard.Dashboard(title).uid(uid).description(why).tags([TAG]).readonly().refresh("30s")
    it = it.time(since, "now").timezone("browser")
    chosen = model.VariableOption(selected=True, text="Groundswell", value=PROVISIONED)
    it = it.with_variable(
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus").current(chosen)
        .hide(model.VariableHide.DONT_HIDE)
    )  # fmt: skip
    it = it.link(
        dashboard.DashboardLink("Groundswell").type(model.DashboardLinkType.DASHBOARDS).tags([TAG]).keep_time(True)
        .include_vars(True)
    )  # fmt: skip
    for row, panels in rows:
        it = it.with_row(dashboard.Row(row))
        for panel in panels:
            it = it.with_panel(panel)
    return it


def choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """Some of the values that a label has, all of them at first."""
    everything: Any = model.VariableOption(selected=True, text=["All"], value=["$__all"])
    return (
        dashboard.QueryVariable(name).label(label).datasource(SOURCE).query(query).multi(True).include_all(True)
        .all_value(".*").current(everything).refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )  # fmt: skip


class Marks(dashboard.AnnotationQuery):
    """Marks in every panel, where a series is there and not zero.

    Args:
        heading: Over each mark; ``{{label}}`` is a label of its series.
        tag: A label whose value is a tag of the mark.
    """

    def __init__(self, name: str, expression: str, heading: str, tag: str) -> None:
        super().__init__()
        self._internal = _Marks(heading, tag)
        self.name(name).datasource(SOURCE).enable(True).icon_color("red").expr(expression)


class _Marks(model.AnnotationQuery):
    """Knows what Grafana's Prometheus takes besides, which the SDK does not."""

    def __init__(self, heading: str, tag: str) -> None:
        super().__init__()
        self._formats = {"step": "30s", "titleFormat": heading, "textFormat": "Firing", "tagKeys": tag}

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), **self._formats}


def _framed(
    panel: Shown, title: str, why: str, span: int, *, unit: str = "short", empty: str, height: int = 8
) -> Shown:
    """A title, what it means, where its data come from, and what stands there when there are none."""
    panel.title(title).description(why).datasource(SOURCE).unit(unit).span(span).height(height).no_value(empty)
    return panel


def _query(expression: str, letter: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(" ".join(expression.split())).ref_id(letter)


def _newest() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _thresholds(levels: Levels) -> dashboard.ThresholdsConfig:
    steps = [model.Threshold(value=value, color=colour) for value, colour in levels or ((None, "blue"),)]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)
