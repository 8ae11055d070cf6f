"""What each of the last two weeks' days held of one pain point: what a week, and a value's usual share, go by.

Distinct voices are not here: the baseline knows those of each hour. What comes after its hour is over changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from streams.windows.aggregate import MILLI, Aggregate
from streams.windows.rolling import DAY_MS

KEPT_DAYS = 14
WEEK_DAYS = 7
DIMENSIONS = ("channel", "product", "version", "region")
VALUES = 20
"""Values of a dimension that a day keeps by name; those beyond count in the mentions alone."""

SHIFTS = 5
MIN_SHIFT = 0.1
"""A value's share must have moved by so much to be told."""

MIN_MENTIONS = 10
"""Of fewer mentions a share says nothing."""


@dataclass(slots=True)
class Span:
    """Sums over some days. Fractions are in thousandths."""

    mentions: int = 0
    sentiment: int = 0
    effort: int = 0
    segments: dict[str, dict[str, int]] = field(default_factory=dict)

    def share(self, dimension: str, value: str) -> float | None:
        """A value's share of the mentions; None of too few."""
        if self.mentions < MIN_MENTIONS:
            return None
        return self.segments.get(dimension, {}).get(value, 0) / self.mentions

    def add(self, mentions: int, sentiment: int, effort: int, segments: dict[str, dict[str, int]]) -> None:
        """Count more; the most frequent of new values take what room there is."""
        self.mentions += mentions
        self.sentiment += sentiment
        self.effort += effort
        for dimension in DIMENSIONS:
            mine = self.segments.setdefault(dimension, {})
            for value, count in sorted(segments.get(dimension, {}).items(), key=lambda item: (-item[1], item[0])):
                if value in mine or len(mine) < VALUES:
                    mine[value] = mine.get(value, 0) + count

    def means(self) -> dict[str, float | int | None]:
        """Mentions, mean sentiment and mean effort, as ``schemas.feeds.WeekSums`` has them."""
        whole = self.mentions * MILLI
        return {
            "mentions": self.mentions,
            "sentiment": round(self.sentiment / whole, 4) if whole else None,
            "effort": round(self.effort / whole, 4) if whole else None,
        }


@dataclass(slots=True)
class Days:
    """Day since the epoch (UTC) → what its hours held."""

    held: dict[int, Span] = field(default_factory=dict)

    def learn(self, hour_ends_ms: int, hour: Aggregate) -> None:
        """An hour is over."""
        day = (hour_ends_ms - 1) // DAY_MS
        self.held.setdefault(day, Span()).add(hour.mentions, hour.sentiment, hour.effort, hour.segments)
        for old in [known for known in self.held if known <= day - KEPT_DAYS]:
            del self.held[old]

    def span(self, days: Iterable[int]) -> Span:
        """The sum of some days."""
        total = Span()
        for day in days:
            if (span := self.held.get(day)) is not None:
                total.add(span.mentions, span.sentiment, span.effort, span.segments)
        return total

    def weeks(self, now_ms: int) -> tuple[Span, Span]:
        """The day that is running with the six before it, and the seven before those."""
        today = (now_ms - 1) // DAY_MS
        middle = today - WEEK_DAYS
        return self.span(range(middle + 1, today + 1)), self.span(range(middle - WEEK_DAYS + 1, middle + 1))

    def before(self, now_ms: int) -> Span:
        """The days before the last 24 hours began."""
        first = (now_ms - DAY_MS) // DAY_MS
        return self.span(range(first - KEPT_DAYS + 1, first))

    def to_state(self) -> dict[str, list[Any]]:
        """As JSON values."""
        return {str(day): [s.mentions, s.sentiment, s.effort, s.segments] for day, s in self.held.items()}

    @classmethod
    def from_state(cls, state: dict[str, list[Any]]) -> Days:
        """What ``to_state`` stored."""
        return cls({int(day): Span(*span) for day, span in state.items()})


def shifts(this: Span, before: Span) -> list[dict[str, Any]]:
    """The values whose share of the mentions moved most from one week to the next, as ``schemas.feeds.Shift``."""
    found = []
    for dimension in DIMENSIONS:
        values = {*this.segments.get(dimension, {}), *before.segments.get(dimension, {})}
        for value in values:
            share, usual = this.share(dimension, value), before.share(dimension, value)
            if share is not None and usual is not None and abs(share - usual) >= MIN_SHIFT:
                found.append((-abs(share - usual), dimension, value, round(share, 4), round(usual, 4)))
    found.sort()
    return [
        {"dimension": dimension, "value": value, "share": share, "before": usual}
        for _, dimension, value, share, usual in found[:SHIFTS]
    ]
