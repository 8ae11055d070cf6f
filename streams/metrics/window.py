"""One window's numbers, as ``schemas.metrics.WindowMetrics`` in wire form."""

from __future__ import annotations

from typing import Any

from schemas.base import SCHEMA_VERSION, stamp
from streams.windows.aggregate import Aggregate
from streams.windows.cells import MINUTE_MS
from streams.windows.rolling import Sums


def window_metrics(
    brand: str,
    pain_point: str,
    start_ms: int,
    window: Aggregate,
    *,
    rolling: Sums | None = None,
    late: int = 0,
    decision: dict[str, Any] | None = None,
    others: dict[str, Any] | None = None,
    heading: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The numbers of one window.

    Args:
        rolling: The 5 minutes, the hour and the day that end with the window; None while it is open.
        late: Records that came after the window was closed.
        decision: What the detector thought at the window's end, where it was asked.
        others: What those of other kinds thought.
        heading: Where the series is heading, while it is warned of.
    """
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "brand": brand,
        "pain_point": pain_point,
        "window_start": stamp(start_ms),
        "window_end": stamp(start_ms + MINUTE_MS),
        "closed": rolling is not None,
        "window": (tally := window.tally()),
        "late": late,
        "decision": decision,
    }
    if others:
        record["others"] = others
    if heading:
        record["heading"] = heading
    if rolling is not None:
        for name, aggregate in zip(("rolling_5m", "rolling_1h", "rolling_24h"), rolling, strict=True):
            if aggregate is None:
                record[name] = None
                continue
            # Each span holds the ones before it: with as many mentions it holds the same ones.
            if aggregate.mentions != tally["mentions"]:
                tally = aggregate.tally()
            record[name] = tally
    return record


def key_of(brand: str, pain_point: str, start_ms: int) -> str:
    """The record's key: brand|pain point|window start."""
    return f"{brand}|{pain_point}|{stamp(start_ms)}"
