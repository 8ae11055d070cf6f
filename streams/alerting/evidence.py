"""What an alert shows beside its numbers: what the spike is concentrated in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streams.windows.aggregate import Aggregate

DRIVERS = 5
MIN_RISE = 0.1
"""A value's share must have risen by this much to be named as a driver."""

DIMENSIONS = ("channel", "product", "version", "region", "language")


@dataclass(slots=True)
class Evidence:
    """What is known about one series at one moment."""

    hour: Aggregate
    """The hour that was judged."""
    day: Aggregate
    """The 24 hours that end with it."""
    overlap: Callable[[], dict[str, int]] = dict
    """Gives the pain points; asked only where an alert is told, since it looks at every voice."""

    @property
    def pain_points(self) -> dict[str, int]:
        """Pain point → voices of the hour that name it too, most first."""
        return self.overlap()


def drivers(evidence: Evidence) -> list[dict[str, Any]]:
    """Values whose share in the hour rose most against the day before, as ``schemas.alerts.Driver`` in wire form."""
    hour, day = evidence.hour, evidence.day
    before = day.mentions - hour.mentions
    found = []
    for dimension in DIMENSIONS:
        past = day.segments.get(dimension, {})
        for value, count in hour.segments.get(dimension, {}).items():
            share = count / hour.mentions
            usual = (past.get(value, 0) - count) / before if before > 0 else 0.0
            if count >= 2 and share - usual >= MIN_RISE:
                found.append((usual - share, dimension, value, share, usual))
    found.sort()
    return [
        {"dimension": dimension, "value": value, "share": round(share, 4), "usual": round(max(usual, 0.0), 4)}
        for _, dimension, value, share, usual in found[:DRIVERS]
    ]
