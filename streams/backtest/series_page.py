"""Plain series as one page: what was counted an hour, what was expected, the alerts, and what comes next.

Like the page of a backtest it needs no request and runs nothing; what stands in a table is only ever text.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from math import ceil, log10
from pathlib import Path

from streams.detection.forecast import Expected

STYLE = Path(__file__).with_name("page.css")
WIDTH, LEFT, RIGHT = 1_000, 56, 12
TOP, HEIGHT, BOTTOM = 14, 180, 20
POINTS = 1_500
"""Points of a line; of a longer series, a point is the highest of several hours."""
TICKS = 10
TICK_HEIGHT = 12
HOURS_OF_DAY = 24


@dataclass(frozen=True, slots=True)
class Mark:
    """An alert."""

    time_s: float
    text: str


@dataclass(slots=True)
class Picture:
    """One series, by the hour."""

    title: str
    hours: list[tuple[int, float | None, Expected | None]] = field(default_factory=list)
    """(hours since the epoch, count, what the hour before expected)."""
    alerts: list[Mark] = field(default_factory=list)
    ahead: list[Expected] = field(default_factory=list)
    """The forecast behind the last hour."""


def series_page(pictures: Sequence[Picture]) -> str:
    """The whole page, a chart for each series."""
    style = STYLE.read_text("utf-8")
    hashed = b64encode(sha256(style.encode()).digest()).decode()
    legend = (
        '<ul class="legend"><li><i class="observed"></i>counted in an hour, on the scale of the logarithm</li>'
        '<li><i class="expected"></i>where 19 of 20 hours were expected, an hour before</li>'
        '<li><i class="pain"></i>an alert</li></ul>'
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hashed}'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Groundswell series</title><style>{style}</style></head><body>\n<h1>Groundswell series</h1>{legend}\n"
        + "\n".join(map(_section, pictures))
        + "\n</body></html>\n"
    )


def _section(picture: Picture) -> str:
    told = "".join(f"<li>{escape(mark.text)}</li>" for mark in picture.alerts)
    alerts = f"<ol>{told}</ol>" if told else "<p>No alert.</p>"
    chart = _chart(picture) if picture.hours else "<p>Fewer than one whole hour.</p>"
    return f"<section><h3>{escape(picture.title)}</h3><figure>{chart}</figure>{alerts}</section>"


def _chart(picture: Picture) -> str:
    first = picture.hours[0][0]
    last = picture.ahead[-1].hour if picture.ahead else picture.hours[-1][0]
    each = -(-(last - first + 1) // POINTS)
    steps = (last - first) // each + 1
    counts: list[float | None] = [None] * steps
    bands: list[tuple[float, float] | None] = [None] * steps
    for hour, count, expected in picture.hours:
        _take(counts, bands, (hour - first) // each, count, expected)
    for expected in picture.ahead:
        _take(counts, bands, (expected.hour - first) // each, None, expected)
    top = _nice(max((count for count in counts if count is not None), default=1.0))
    scale = _Scale(first, each, steps, top)
    parts = [*_grid(scale), *_bands(bands, scale), f'<path class="observed" d="{_line(counts, scale)}"/>']
    for mark in picture.alerts:
        x = scale.x(mark.time_s / 3600)
        parts.append(
            f'<g class="alert pain" role="img"><title>{escape(mark.text)}</title>'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + HEIGHT}"/>'
            f'<path d="M{x - 5:.1f} {TOP - 9}h10l-5 9z"/></g>'
        )
    label = escape(f"{picture.title}: counts an hour, {len(picture.alerts)} alerts")
    height = TOP + HEIGHT + BOTTOM
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _take(
    counts: list[float | None],
    bands: list[tuple[float, float] | None],
    step: int,
    count: float | None,
    expected: Expected | None,
) -> None:
    """Put an hour into its step: the highest count, and the widest range."""
    if count is not None:
        counts[step] = max(count, counts[step] or 0.0)
    if expected is not None:
        low, high = bands[step] or (expected.low, expected.high)
        bands[step] = min(low, expected.low), max(high, expected.high)


@dataclass(frozen=True, slots=True)
class _Scale:
    first: int
    each: int
    steps: int
    top: float

    def x(self, hour: float) -> float:
        part = (hour - self.first) / (self.each * self.steps)
        return LEFT + min(max(part, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def at(self, step: int) -> float:
        return LEFT + step / self.steps * (WIDTH - LEFT - RIGHT)

    def y(self, count: float) -> float:
        """By the logarithm of one more: bursts of attention multiply."""
        return TOP + HEIGHT * (1 - min(log10(1 + count) / log10(1 + self.top), 1.0))


def _grid(scale: _Scale) -> Iterator[str]:
    values = [0, *(10**power for power in range(int(log10(scale.top)) + 1))]
    above = HEIGHT + TOP + 2.0 * TICK_HEIGHT
    for value in values:
        y = scale.y(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        if above - y < TICK_HEIGHT:
            continue  # It would stand on the one below.
        above = y
        yield f'<text class="tick" x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>'
    days = scale.steps * scale.each / HOURS_OF_DAY
    between = max(1, ceil(days / TICKS))
    end = scale.first + scale.steps * scale.each
    for day in range(-(-scale.first // HOURS_OF_DAY), end // HOURS_OF_DAY + 1, between):
        x = scale.x(day * HOURS_OF_DAY)
        text = datetime.fromtimestamp(day * 86_400, UTC).strftime("%a %d %b" if days < 70 else "%d %b %Y")
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + HEIGHT + 4}"/>'
        if x < WIDTH - 64:
            yield f'<text class="tick" x="{x + 3:.1f}" y="{TOP + HEIGHT + 15}">{text}</text>'


def _bands(bands: list[tuple[float, float] | None], scale: _Scale) -> Iterator[str]:
    """One shape for each run of steps of which something was expected."""
    step = 0
    while step < len(bands):
        if bands[step] is None:
            step += 1
            continue
        upper, lower = [], []
        while step < len(bands) and (band := bands[step]) is not None:
            for x in (scale.at(step), scale.at(step + 1)):
                upper.append(f"{x:.1f} {scale.y(band[1]):.1f}")
                lower.append(f"{x:.1f} {scale.y(band[0]):.1f}")
            step += 1
        yield f'<path class="band" d="M{"L".join(upper)}L{"L".join(reversed(lower))}Z"/>'


def _line(counts: list[float | None], scale: _Scale) -> str:
    """Steps; where nothing is known there is no line."""
    path, drawing = [], False
    for step, count in enumerate(counts):
        if count is None:
            drawing = False
            continue
        begin = f"V{scale.y(count):.1f}" if drawing else f"M{scale.at(step):.1f} {scale.y(count):.1f}"
        path.append(f"{begin}H{scale.at(step + 1):.1f}")
        drawing = True
    return "".join(path)


def _nice(value: float) -> float:
    """The next of 10, 20, 50, 100, …"""
    wanted = max(value, 10.0)
    power = 10.0 ** int(log10(wanted))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted)
