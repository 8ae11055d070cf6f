"""Charts as SVG: one series over time, and the track of labels above them. Every text in them is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from math import log10, sqrt

from streams.backtest.labels import Incident, LoudHour
from streams.backtest.plot import Axis, Line, Panel
from streams.windows.rolling import DAY_MS, HOUR_MS

WIDTH, LEFT, RIGHT = 1_000, 40, 8
TOP, HEIGHT, BOTTOM = 8, 96, 18
LANE = 16
"""Height of one row of labels."""
DAYS = 11
"""Most dates that are written below a chart."""


def chart(line: Line, axis: Axis, number: int, first_alert: int) -> str:
    """One series: its band, its line, and its alerts.

    Args:
        number: Its place among the page's charts, for the script.
        first_alert: The number of its first alert among the page's.
    """
    top = _nice(max((_highest(point.observed, point.expected) for point in line.points if point), default=1))
    parts = [*_grid(axis, top), *_band(line, axis, top)]
    for place, (alert, judged) in enumerate(line.alerts):
        begin, end = _x(axis, alert.detected_ms), _x(axis, alert.ends_ms or axis.end_ms)
        kind = "delight" if alert.mood == "nonneg" else "pain"
        parts.append(
            f'<rect class="life {kind}" x="{begin:.1f}" y="{TOP}" width="{max(end - begin, 1):.1f}" height="{HEIGHT}"/>'
            f'<line class="onset {kind}" x1="{_x(axis, alert.starts_ms):.1f}" x2="{begin:.1f}" y1="{TOP}" y2="{TOP}"/>'
        )
        standing = f" {judged.standing}" if judged is not None else ""
        said = f"{_moment(alert.detected_ms)}: {alert.title}"
        parts.append(
            f'<g class="alert {kind}{standing}" tabindex="0" data-alert="{first_alert + place}" role="img" '
            f'aria-label="{escape(said)}"><line x1="{begin:.1f}" x2="{begin:.1f}" y1="{TOP}" y2="{TOP + HEIGHT}"/>'
            f'<path d="M{begin - 5:.1f} {TOP - 7}h10l-5 9z"/></g>'
        )
    parts.append(f'<path class="observed" d="{_steps(line, axis, top)}"/>')
    parts.append(f'<line class="here" y1="{TOP}" y2="{TOP + HEIGHT}" visibility="hidden"/>')
    height = TOP + HEIGHT + BOTTOM
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" data-chart="{number}" role="img" '
        f'aria-label="{escape(line.title)}: distinct voices an hour">{"".join(parts)}</svg>'
    )


def track(panel: Panel, axis: Axis) -> str:
    """The labels of a brand, each in a lane where nothing else is at that time; empty without labels."""
    spans: list[tuple[int, int, str, str, str]] = [
        (it.start_ms, it.end_ms, it.wanted, it.id, _told(it)) for it in panel.incidents
    ]
    spans += [(it.hour_ms, it.hour_ms + HOUR_MS, "loud", "", _loud(it)) for it in panel.loud]
    if not spans:
        return ""
    free: list[float] = []
    parts = []
    for begin_ms, end_ms, standing, name, said in sorted(spans):
        begin, end = _x(axis, begin_ms), max(_x(axis, end_ms), _x(axis, begin_ms) + 3)
        lane = next((lane for lane, until in enumerate(free) if until <= begin), len(free))
        free[lane : lane + 1] = [max(end, begin + 6.2 * len(name)) + 4]
        y = lane * LANE
        # A name that would leave the picture ends at its right edge.
        at = min(begin + 2, WIDTH - RIGHT - 6.2 * len(name))
        parts.append(
            f'<g class="label {standing}" tabindex="0" data-name="{escape(name or "one loud voice")}" '
            f'data-said="{escape(said)}" role="img" aria-label="{escape(f"{name} {said}")}">'
            f'<rect x="{begin:.1f}" y="{y}" width="{end - begin:.1f}" height="{LANE - 3}"/>'
            f'<text x="{at:.1f}" y="{y + LANE - 6}">{escape(name)}</text></g>'
        )
    return f'<svg class="track" viewBox="0 0 {WIDTH} {len(free) * LANE}">{"".join(parts)}</svg>'


def _grid(axis: Axis, top: int) -> Iterator[str]:
    for value in (0, top):
        y = _y(value, top)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>'
    days = max(1, -(-(axis.end_ms - axis.begin_ms) // (DAYS * DAY_MS)))
    first = -(-axis.begin_ms // DAY_MS)
    for day in range(first, axis.end_ms // DAY_MS + 1, days):
        x = _x(axis, day * DAY_MS)
        text = datetime.fromtimestamp(day * DAY_MS / 1000, UTC).strftime("%a %d %b" if days < 7 else "%d %b %Y")
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + HEIGHT + 4}"/>'
        if x < WIDTH - 60:
            yield f'<text class="tick" x="{x + 3:.1f}" y="{TOP + HEIGHT + 14}">{text}</text>'


def _band(line: Line, axis: Axis, top: int) -> Iterator[str]:
    """Where chance alone would leave most hours, and what is expected, a box for each run of equal steps."""
    runs: list[tuple[int, int, float]] = []
    for step, point in enumerate(line.points):
        expected = point.expected if point is not None else None
        if expected is None:
            continue
        if runs and runs[-1][1] == step and runs[-1][2] == expected:
            runs[-1] = (runs[-1][0], step + 1, expected)
        else:
            runs.append((step, step + 1, expected))
    for begin, end, expected in runs:
        x, width = _at(axis, begin), _at(axis, end) - _at(axis, begin)
        high, low = _y(upper(expected), top), _y(lower(expected), top)
        yield f'<rect class="band" x="{x:.1f}" y="{high:.1f}" width="{width:.2f}" height="{low - high:.1f}"/>'
        y = _y(expected, top)
        yield f'<line class="expected" x1="{x:.1f}" x2="{x + width:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def lower(expected: float) -> float:
    """Lower edge of the band: two standard deviations of a Poisson distribution below its mean."""
    return max(0.0, expected - 2 * sqrt(expected))


def upper(expected: float) -> float:
    """Upper edge of the band."""
    return expected + 2 * sqrt(expected)


def _steps(line: Line, axis: Axis, top: int) -> str:
    values: Sequence[int] = [point.observed if point is not None else 0 for point in line.points]
    path = [f"M{_at(axis, 0):.1f} {_y(values[0], top):.1f}"]
    for step, value in enumerate(values):
        if step and value != values[step - 1]:
            path.append(f"H{_at(axis, step):.1f}V{_y(value, top):.1f}")
    return "".join(path) + f"H{_at(axis, axis.steps):.1f}"


def _told(incident: Incident) -> str:
    about = f" ({incident.reason})" if incident.reason else ""
    return f"{incident.wanted} be told{about}. {incident.what}".strip()


def _loud(hour: LoudHour) -> str:
    about = f" ({hour.reason})" if hour.reason else ""
    return f"{hour.author or 'somebody'}{about}, {_moment(hour.hour_ms)}: no alert may come from this hour"


def _x(axis: Axis, at_ms: int) -> float:
    return LEFT + axis.within(at_ms) * (WIDTH - LEFT - RIGHT)


def _at(axis: Axis, step: int) -> float:
    return LEFT + step / axis.steps * (WIDTH - LEFT - RIGHT)


def _y(value: float, top: int) -> float:
    return TOP + HEIGHT * (1 - min(value / top, 1.0))


def _highest(observed: int, expected: float | None) -> float:
    return max(observed, upper(expected) if expected is not None else 0)


def _nice(value: float) -> int:
    """The next of 5, 10, 20, 50, 100, …"""
    wanted = max(value, 5.0)
    power = int(10 ** int(log10(wanted)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted)


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
