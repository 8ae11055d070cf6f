"""What the picture of a run shows: of each brand, its series over time, the labels, and the alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.backtest.judgement import Judgement
from streams.backtest.labels import Incident, LoudHour
from streams.backtest.matching import Judged
from streams.backtest.run import Run
from streams.backtest.told import Told
from streams.backtest.trace import Hour
from streams.subjects import subject_of
from streams.windows.aggregate import EVERYTHING, NEGATIVE
from streams.windows.rolling import HOUR_MS

SERIES = 12
"""Series that are drawn of a brand: those with alerts, then those with the most voices."""
BRANDS = 24
"""Brands that are drawn: those with alerts or labels, then those that are heard most."""
WHOLES = {NEGATIVE: "Unhappy customers", EVERYTHING: "All customers"}
POINTS = 1_500
"""Points of a line; of a longer recording, a point is the highest of several hours."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a series came to in one step of the time axis."""

    observed: int
    """Most voices in an hour's window."""
    expected: float | None
    """What was expected then; None: not known."""
    reasons: tuple[tuple[str, int], ...]
    """(reason, judgements), in the alphabet's order."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series: a point a step, all from the axis' begin; None: nobody was heard."""

    name: str
    title: str
    points: tuple[Point | None, ...]
    alerts: tuple[tuple[Told, Judged | None], ...]
    """Its alerts, and what labels say of each."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One brand."""

    brand: str
    lines: tuple[Line, ...]
    left_out: int
    """Series that are not drawn."""
    incidents: tuple[Incident, ...]
    loud: tuple[LoudHour, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """Time, from left to right."""

    begin_ms: int
    step_ms: int
    steps: int

    @property
    def end_ms(self) -> int:
        """Where it ends."""
        return self.begin_ms + self.steps * self.step_ms

    def within(self, at_ms: int) -> float:
        """Where a moment lies, from 0 to 1; what lies outside is at the edge."""
        return min(1.0, max(0.0, (at_ms - self.begin_ms) / (self.end_ms - self.begin_ms)))


def axis_of(run: Run) -> Axis:
    """The axis of a recording: whole hours, in at most ``POINTS`` steps."""
    first, last = (run.first_ms or 0) // HOUR_MS, (run.last_ms or 0) // HOUR_MS
    hours = last - first + 1
    each = -(-hours // POINTS)
    return Axis(first * HOUR_MS, each * HOUR_MS, -(-hours // each))


def panels(run: Run, judgement: Judgement | None, axis: Axis) -> tuple[list[Panel], list[str]]:
    """The brands that are drawn, in the alphabet's order, and those that are not."""
    alerts_of = {brand: [n for n, alert in enumerate(run.alerts) if alert.brand == brand] for brand in run.brands}
    labelled = set()
    if judgement is not None:
        labelled = {answer.incident.brand for answer in judgement.answers} | {hour.brand for hour in judgement.loud}
    ranked = sorted(run.brands, key=lambda it: (not alerts_of[it], it not in labelled, -run.brands[it], it))
    drawn = sorted(ranked[:BRANDS])
    return [_panel(run, brand, alerts_of[brand], judgement, axis) for brand in drawn], sorted(ranked[BRANDS:])


def _panel(run: Run, brand: str, alerts: Sequence[int], judgement: Judgement | None, axis: Axis) -> Panel:
    mine = {
        series: hours
        for (of, series), hours in run.trace.hours.items()
        if of == brand and subject_of(series).series == series
    }
    numbers: dict[str, list[int]] = {}
    for number in alerts:
        alert = run.alerts[number]
        series = alert.pain_point or (EVERYTHING if alert.kind in ("volume", "silence") else NEGATIVE)
        numbers.setdefault(series, []).append(number)
        mine.setdefault(series, {})
    most = {series: max((hour.observed for hour in hours.values()), default=0) for series, hours in mine.items()}
    ranked = sorted(mine, key=lambda it: (it not in WHOLES, it not in numbers, -most[it], it))
    catalog = run.catalogs.for_brand(brand)
    lines = tuple(
        Line(
            name=series,
            title=WHOLES.get(series) or catalog.title_of(series),
            points=_points(mine[series], axis),
            alerts=tuple(
                (run.alerts[number], None if judgement is None else judgement.judged[number])
                for number in numbers.get(series, ())
            ),
        )
        for series in ranked[:SERIES]
    )
    incidents: tuple[Incident, ...] = ()
    loud: tuple[LoudHour, ...] = ()
    if judgement is not None:
        incidents = tuple(answer.incident for answer in judgement.answers if answer.incident.brand == brand)
        loud = tuple(hour for hour in judgement.loud if hour.brand == brand)
    return Panel(brand, lines, len(ranked) - len(lines), incidents, loud)


def _points(hours: dict[int, Hour], axis: Axis) -> tuple[Point | None, ...]:
    points: list[Point | None] = []
    each, first = axis.step_ms // HOUR_MS, axis.begin_ms // HOUR_MS
    for step in range(axis.steps):
        begin = first + step * each
        found = [hours[index] for index in range(begin, begin + each) if index in hours]
        if not found:
            points.append(None)
            continue
        highest = max(found, key=lambda hour: hour.observed)
        reasons = sum((hour.reasons for hour in found[1:]), found[0].reasons)
        points.append(Point(highest.observed, highest.expected, tuple(sorted(reasons.items()))))
    return tuple(points)
