"""What is printed: one table for the common job, one for the product's full path, latencies, versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bench.measuring import Delay
from bench.results import Entry, Results

BESIDE: Final = {"librdkafka": "× librdkafka", "bytewax": "× Bytewax", "faust": "× Faust"}
"""Contestants that the others are compared with, and the heading of the column."""
LOADS: Final = ("idle", "half load")
NOTHING: Final = "–"


def text(results: Results) -> str:
    """The whole, as lines."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield ", ".join(f"{name} {value}" for name, value in results.machine.items())
    yield (
        f"Medians of {results.rounds} interleaved rounds on {results.minutes} minutes of event time; peak memory is the"
        " most of any. Latencies: p50/p99 in ms."
    )
    if results.common:
        yield ""
        yield "The common job"
        heads = ["", "events", "events/s", *BESIDE.values(), "CPU s/1,000", "broker's", "peak MB", *LOADS]
        yield from _aligned([heads, *(_common(entry, results) for entry in results.common)])
    if results.product:
        yield ""
        yield "The full path: raw topics to metrics and alerts"
        first = results.product[0]
        heads = ["", "events", "events/s", "× one worker", "CPU s/1,000", "broker's", "peak MB"]
        yield from _aligned([heads, *(_product(entry, first) for entry in results.product)])
        if first.latencies:
            effects = list(next(iter(first.latencies.values())))
            rows = [[load, *(_delay(found[effect]) for effect in effects)] for load, found in first.latencies.items()]
            yield ""
            yield from _aligned([["arrival in Kafka to", *effects], *rows])
    for entry in (*results.common, *results.product):
        if entry.failure is not None:
            yield ""
            yield f"{entry.title} has no figures: {entry.failure}"
    yield ""
    for entry in results.common:
        if entry.versions:
            yield f"{entry.title}: {', '.join(f'{name} {version}' for name, version in entry.versions.items())}"


def _common(entry: Entry, results: Results) -> list[str]:
    ratios = [_ratio(entry.ratio_to(results.named(name))) for name in BESIDE]
    row = _figures(entry, ratios)
    if len(row) > 2:
        row += [_delay(entry.latencies[load]["scored"]) if load in entry.latencies else NOTHING for load in LOADS]
    return row


def _product(entry: Entry, first: Entry) -> list[str]:
    return _figures(entry, [_ratio(entry.ratio_to(first))])


def _figures(entry: Entry, ratios: list[str]) -> list[str]:
    run = entry.typical
    if run is None:
        return [entry.title, "failed" if entry.failure is not None else "not run"]
    figures = [f"{run.events:,}", f"{run.rate:,.0f}"]
    usage = [f"{run.cpu:.4f}", f"{run.broker_cpu:.4f}", f"{run.peak_mb:.0f}"]
    return [entry.title, *figures, *ratios, *usage]


def _ratio(ratio: float | None) -> str:
    return NOTHING if ratio is None else f"{ratio:.2f}"


def _delay(found: Delay) -> str:
    return f"{found.p50:.0f}/{found.p99:.0f}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns of equal width: the first to the left, numbers to the right."""
    widths = [max((len(row[column]) for row in rows if column < len(row)), default=0) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        yield "  ".join(cells).rstrip()
