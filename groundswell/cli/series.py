"""``groundswell series``: the detector on plain series of counts, without a broker."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

import typer
from rich.table import Table

from groundswell.cli import options
from groundswell.cli.failures import ProblemError, UsageError
from groundswell.cli.output import clean, out, say, warn, write_json

if TYPE_CHECKING:
    from streams.backtest.series_page import Picture
    from streams.detection.forecast import Expected, Forecast
    from streams.detection.rows import Row
    from streams.detection.series import Point

LIKELY: Final = 0.8
NEARLY_SURE: Final = 0.95
PLOTTED_AHEAD: Final = 6
"""Hours behind the series that a picture shows where --forecast names no others."""
COLUMNS: Final = ("timestamp", "value", "anomaly_score", "flag")


class _Writer(Protocol):
    def writerow(self, row: tuple[object, ...], /) -> object: ...


def series(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.csv…", help="Tables with the columns timestamp, value.")],
    to: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for a table per file; made where missing.")
    ] = None,
    ahead: Annotated[
        int | None,
        typer.Option(
            "--forecast", metavar="HOURS", min=1, max=48, help="Tell what the hours after the table will bring."
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.html", help="Draw the series on one page, hour by hour.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Find bursts and swells in series of counts, each by its own past, and tell when an alert would fire.

    A row is a moment and the count since the row before, in order of time. DIR/FILE.csv repeats the rows with
    anomaly_score (0.5 or more exactly where an alert fires) and flag (1 there, else 0). With --forecast, the counts
    of the next hours are told with the ranges that hold them four times of five, and nineteen of twenty. --plot draws
    what was counted, what was expected, and the alerts.
    """
    from streams.backtest.series_page import Picture, series_page

    targets = _targets(files, to)
    pictures = []
    for file, target in zip(files, targets, strict=True):
        picture = Picture(file.stem) if plot is not None else None
        told = _judge(file, target, ahead, picture)
        if picture is not None:
            pictures.append(picture)
        if as_json:
            write_json(told)
        else:
            _show(told)
    if plot is not None:
        try:
            plot.write_text(series_page(pictures), encoding="utf-8")
        except OSError as error:
            raise ProblemError(f"{plot} can't be written: {error.strerror or error}") from error


def _judge(file: Path, target: Path | None, ahead: int | None, picture: Picture | None) -> dict[str, Any]:
    """Read one file, judge and write it row by row, and sum up what came of it."""
    from streams.backtest.series_page import Mark
    from streams.detection.forecast import Forecast
    from streams.detection.hours import Hours
    from streams.detection.rows import rows
    from streams.detection.series import SeriesDetector

    detector, hours = SeriesDetector(), Hours()
    forecast = Forecast(hours=ahead or PLOTTED_AHEAD) if ahead or picture is not None else None
    reasons: Counter[str] = Counter()
    alerts = []
    zoned = False
    with _lines(file) as lines, _table(target) if target else nullcontext() as table:
        for row in rows(str(file), lines):
            point = detector.feed(row.time_s, row.value)
            reasons[point.reason] += 1
            if point.fired:
                alerts.append(_alert(row, point))
                if picture is not None:
                    picture.alerts.append(Mark(row.time_s, _told(alerts[-1])))
            if table is not None:
                table.writerow((row.timestamp, row.text, point.score, int(point.fired)))
            if forecast is not None and row.value is not None and point.reason not in ("out_of_order", "far_ahead"):
                zoned = row.zoned
                for hour, count in hours.feed(row.time_s, row.value):
                    _learn(forecast, hour, count, picture)
    told = {"file": str(file), "rows": reasons.total(), "alerts": alerts, "reasons": dict(sorted(reasons.items()))}
    if forecast is not None:
        for hour, count in hours.end():
            _learn(forecast, hour, count, picture)
        if picture is not None:
            picture.ahead = forecast.ahead(NEARLY_SURE)
    if forecast is not None and ahead:
        told["forecast"] = [
            _expected(likely, sure, zoned)
            for likely, sure in zip(forecast.ahead(LIKELY), forecast.ahead(NEARLY_SURE), strict=True)
        ]
    return told if target is None else told | {"out": str(target)}


def _learn(forecast: Forecast, hour: int, count: float | None, picture: Picture | None) -> None:
    if picture is not None:
        expected = forecast.ahead(NEARLY_SURE)[:1]
        known = expected[0] if expected and expected[0].hour == hour else None
        picture.hours.append((hour, count, known))
    forecast.learn(hour, count)


def _told(alert: dict[str, Any]) -> str:
    """An alert in a line."""
    span = alert["window_seconds"] / 3600
    within = f"{span:g} h" if span >= 1 else f"{alert['window_seconds'] // 60} min"
    return f"{alert['timestamp']}: {alert['observed']:,g} in {within}, {alert['expected']:,g} expected"


def _expected(likely: Expected, sure: Expected, zoned: bool) -> dict[str, Any]:
    begins = datetime(1970, 1, 1) + timedelta(hours=likely.hour)  # noqa: DTZ001 – the table's own clock.
    return {
        "hour": begins.isoformat(sep=" ", timespec="minutes") + ("Z" if zoned else ""),
        "expected": round(likely.expected, 1),
        "likely": [round(likely.low, 1), round(likely.high, 1)],
        "nearly_sure": [round(sure.low, 1), round(sure.high, 1)],
    }


def _alert(row: Row, point: Point) -> dict[str, Any]:
    return {
        "timestamp": row.timestamp.strip(),
        "score": point.score,
        "observed": round(point.observed, 1),
        "expected": round(point.expected or 0.0, 1),
        "window_seconds": int(point.window_s),
    }


def _show(told: dict[str, Any]) -> None:
    alerts, reasons = told["alerts"], told["reasons"]
    say(f"{clean(told['file'])}: {told['rows']:,} rows, {len(alerts)} alert{'s' if len(alerts) != 1 else ''}")
    if alerts:
        table = Table("alert", "count", "usual", "in", "score", box=None, pad_edge=False)
        for alert in alerts:
            hours = alert["window_seconds"] / 3600
            span = f"{hours:g} h" if hours >= 1 else f"{alert['window_seconds'] // 60} min"
            table.add_row(
                clean(alert["timestamp"]),
                f"{alert['observed']:g}",
                f"{alert['expected']:g}",
                span,
                f"{alert['score']:.2f}",
            )
        out().print(table)
    if told.get("forecast"):
        table = Table("hour from", "expected", "4 of 5 within", "19 of 20 within", box=None, pad_edge=False)
        for it in told["forecast"]:
            likely, sure = ("–".join(f"{edge:g}" for edge in it[name]) for name in ("likely", "nearly_sure"))
            table.add_row(it["hour"], f"{it['expected']:g}", likely, sure)
        out().print(table)
    elif "forecast" in told:
        warn(f"{told['file']}: no forecast; it takes two days of whole hours, and rows no further apart than an hour")
    passed = sum(reasons.get(reason, 0) for reason in ("no_value", "out_of_order", "far_ahead"))
    if told["rows"] == passed + reasons.get("no_baseline", 0):
        left = f"its {_rows(told['rows'])}" if not passed else f"{_rows(told['rows'] - passed)} of {told['rows']:,}"
        warn(
            f"{told['file']}: {left} are too short for a baseline, which takes two days and 48 rows; nothing was judged"
        )
    if reasons.get("no_value"):
        warn(f"{told['file']}: passed over {_rows(reasons['no_value'])} without a value")
    if reasons.get("out_of_order"):
        warn(
            f"{told['file']}: passed over {_rows(reasons['out_of_order'])} with times that are not after those before; "
            "sort by time, say each time once, and give local times their offset from UTC"
        )
    if reasons.get("far_ahead"):
        warn(
            f"{told['file']}: passed over {_rows(reasons['far_ahead'])} more than a day after the row before; "
            "the series goes on where the next row is there, too"
        )


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _targets(files: list[Path], to: Path | None) -> list[Path | None]:
    """Where each file's table goes."""
    if to is None:
        return [None] * len(files)
    targets = [to / file.name for file in files]
    for name, count in Counter(target.name for target in targets).items():
        if count > 1:
            raise UsageError(f"{count} of the files are called {name}, and --out has room for one; run them one by one")
    for file, target in zip(files, targets, strict=True):
        if target.exists() and file.exists() and target.samefile(file):
            raise UsageError(f"--out {to} would overwrite {file}; name another folder")
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProblemError(f"{to} can't be made: {error.strerror or error}") from error
    return list(targets)


@contextmanager
def _lines(file: Path) -> Iterator[Iterator[str]]:
    try:
        # A table saved by a spreadsheet begins with a byte order mark.
        opened = file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror or error}") from error
    with opened:
        yield opened


@contextmanager
def _table(target: Path) -> Iterator[_Writer]:
    """A table that takes its place only when it is whole."""
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as opened:
            table = csv.writer(opened, lineterminator="\n")
            table.writerow(COLUMNS)
            yield table
        part.replace(target)
    except OSError as error:
        raise ProblemError(f"{target} can't be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
