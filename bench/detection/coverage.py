"""How often what came lay within the forecast's range: on made series, on NAB's, and on the airlines' voices."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bench.detection.synthetic import RATES, STEP_S, make
from streams.detection.forecast import Forecast

HOUR_S = 3600
COVERAGES = (0.8, 0.95)
AHEAD = (1, 3, 6)


@dataclass(slots=True)
class Held:
    """Forecasts of one group of series, so many hours ahead, and how they turned out."""

    told: int = 0
    within: int = 0
    above: int = 0
    below: int = 0
    width: float = 0.0
    expected: float = 0.0


Table = dict[tuple[str, int, float], Held]


def hourly(rows: Iterable[tuple[float, float]], step_s: float) -> Iterator[tuple[int, float | None]]:
    """(hour, count) of rows of (seconds, count); None for an hour of which more than a twelfth is missing."""
    counts: dict[int, list[float]] = defaultdict(list)
    for time_s, value in rows:
        counts[int(time_s // HOUR_S)].append(value)
    full = round(HOUR_S / step_s)
    for hour in range(min(counts), max(counts) + 1):
        found = counts.get(hour, [])
        yield hour, sum(found) if len(found) >= full - 1 else None


def judge(group: str, series: Iterable[tuple[int, float | None]], table: Table) -> None:
    """Forecast at each hour, then look."""
    forecast = Forecast()
    open_: dict[tuple[int, int, float], tuple[float, float, float]] = {}
    for hour, count in series:
        for ahead in AHEAD:
            for coverage in COVERAGES:
                told = open_.pop((hour, ahead, coverage), None)
                if told is None or count is None:
                    continue
                expected, low, high = told
                held = table.setdefault((group, ahead, coverage), Held())
                held.told += 1
                held.within += low <= count <= high
                held.above += count > high
                held.below += count < low
                held.width += high - low
                held.expected += expected
        forecast.learn(hour, count)
        for coverage in COVERAGES:
            ranges = forecast.ahead(coverage)
            for ahead in AHEAD:
                if ranges:
                    it = ranges[ahead - 1]
                    open_[it.hour, ahead, coverage] = it.expected, it.low, it.high


def made(seeds: int, table: Table) -> None:
    """Series made here: usual ones, and ones with bursts, swells and shifts."""
    for kind, size in (("none", 1), ("burst", 12), ("swell", 3), ("shift", 2.5)):
        for rate in RATES:
            for seed in range(seeds):
                series = make(kind, size, rate, seed)
                rows = zip(series.times.tolist(), series.values.tolist(), strict=True)
                group = f"made, {rate * 12:g} an hour" if kind == "none" else f"made, with {kind}s"
                judge(group, hourly(rows, STEP_S), table)


def tweets(folder: Path, table: Table) -> None:
    """NAB's mentions."""
    for file in sorted(folder.glob("*.csv")):
        with file.open(newline="") as lines:
            rows = [
                (datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC).timestamp(), float(row["value"]))
                for row in csv.DictReader(lines)
            ]
        judge(f"NAB {file.stem}", hourly(rows, STEP_S), table)


def voices(file: Path, table: Table) -> None:
    """Distinct authors an hour of each airline."""
    heard: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    with file.open() as lines:
        for line in lines:
            event = orjson.loads(line)
            hour = int(datetime.fromisoformat(event["created_at"]).timestamp() // HOUR_S)
            heard[event["brand"]][hour].add(event["author"])
    first = min(min(hours) for hours in heard.values())
    last = max(max(hours) for hours in heard.values())
    for brand, hours in sorted(heard.items()):
        judge(f"airline {brand}", ((hour, len(hours.get(hour, ()))) for hour in range(first, last)), table)


def coverage(shared: Path, seeds: int) -> Iterator[str]:
    """The table: share of hours within, beyond, and how wide the ranges were."""
    table: Table = {}
    made(seeds, table)
    tweets(shared / "nab", table)
    if (shared / "airline" / "dev.jsonl").exists():
        voices(shared / "airline" / "dev.jsonl", table)
    yield "Within / below / above, per cent; width over what was expected."
    yield ""
    columns = [(ahead, share) for share in COVERAGES for ahead in AHEAD]
    names = " | ".join(f"{share:.0%}, {ahead} h" for ahead, share in columns)
    yield f"| series | hours | {names} |"
    yield "|---|---|" + "---|" * len(columns)
    for group in dict.fromkeys(group for group, _, _ in table):
        held = [table[group, ahead, share] for ahead, share in columns]
        cells = " | ".join(
            f"{100 * it.within / it.told:.0f} / {100 * it.below / it.told:.0f} / {100 * it.above / it.told:.0f}, "
            f"×{it.width / max(it.expected, 0.001):.1f}"
            for it in held
        )
        yield f"| {group} | {held[0].told:,} | {cells} |"
