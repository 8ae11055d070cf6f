"""One-minute windows ("cells") of one brand, stored in fragments so that a busy minute is not rewritten each frame.

A fragment carries, per origin partition, the last offset that it counted, in the same stored value as the counts:
what is read again after a restart changes nothing. The same event id sent twice counts once while its cell is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from streams.windows.aggregate import EVERYTHING, NEGATIVE, Aggregate, Observation, merged

MINUTE_MS = 60_000
FRAGMENT_EVENTS = 400
"""Events a fragment holds before the next one begins: bounds what is written again each frame (about 60 KB)."""

QUOTES_PER_POINT = 3
"""Quotes that one minute keeps for one series; which ones does not depend on the order of arrival."""


@dataclass(slots=True)
class Fragment:
    """A part of a cell: what some hundred events of one minute add up to."""

    offsets: dict[str, int] = field(default_factory=dict)
    """Origin partition → last offset that is counted here."""
    events: list[int] = field(default_factory=list)
    series: dict[str, Aggregate] = field(default_factory=dict)
    quotes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    late: int = 0

    def observe(self, seen: Observation, origin: str, offset: int, *, late: bool) -> None:
        """Count one record."""
        self.offsets[origin] = offset
        self.events.append(seen.event)
        self.late += late
        if not seen.customer:
            return
        for name in series_of(seen):
            aggregate = self.series.get(name)
            if aggregate is None:
                aggregate = self.series[name] = Aggregate()
            aggregate.observe(seen)
        for name in seen.points or (NEGATIVE if seen.label == "negative" else EVERYTHING,):
            best = self.quotes.setdefault(name, [])
            best.append(seen.quote)
            if len(best) > QUOTES_PER_POINT:
                best.sort(key=quote_rank)
                best.pop()

    def to_state(self) -> list[Any]:
        """As JSON values."""
        series = {name: aggregate.to_state() for name, aggregate in self.series.items()}
        return [self.offsets, self.events, series, self.quotes, self.late]

    @classmethod
    def from_state(cls, state: list[Any]) -> Fragment:
        """The fragment that ``to_state`` stored."""
        offsets, events, series, quotes, late = state
        return cls(offsets, events, {name: Aggregate.from_state(value) for name, value in series.items()}, quotes, late)


@dataclass(slots=True, eq=False)
class Cell:
    """One minute of one brand."""

    start_ms: int
    fragments: list[Fragment] = field(default_factory=list)

    def counted(self, origin: str, offset: int) -> bool:
        """Whether the record at ``offset`` of ``origin`` is in this cell already."""
        return any(fragment.offsets.get(origin, -1) >= offset for fragment in self.fragments)

    def observe(self, seen: Observation, origin: str, offset: int, *, late: bool = False) -> int:
        """Count one record; gives the index of the fragment that changed."""
        if not self.fragments or len(self.fragments[-1].events) >= FRAGMENT_EVENTS:
            self.fragments.append(Fragment())
        self.fragments[-1].observe(seen, origin, offset, late=late)
        return len(self.fragments) - 1

    @property
    def end_ms(self) -> int:
        """Where the minute ends (exclusive)."""
        return self.start_ms + MINUTE_MS

    @property
    def late(self) -> int:
        """Records that came after the cell was closed."""
        return sum(fragment.late for fragment in self.fragments)

    def names(self) -> list[str]:
        """The series that have mentions here, in a fixed order."""
        return sorted({name for fragment in self.fragments for name in fragment.series})

    def holds(self, name: str) -> bool:
        """Whether a series has mentions here."""
        return any(name in fragment.series for fragment in self.fragments)

    def aggregate(self, name: str) -> Aggregate:
        """All that the minute holds of one series."""
        if len(self.fragments) == 1:
            return self.fragments[0].series.get(name) or Aggregate()
        return merged(fragment.series[name] for fragment in self.fragments if name in fragment.series)

    def quotes(self, name: str) -> list[dict[str, Any]]:
        """The best quotes of one series, best first; of the unhappy, those of every series that are."""
        found: Iterator[dict[str, Any]] = (
            quote
            for fragment in self.fragments
            for point, quotes in fragment.quotes.items()
            if name in (point, NEGATIVE)
            for quote in quotes
            if name != NEGATIVE or quote["sentiment"] < 0
        )
        unique = {quote["id"]: quote for quote in found}
        return sorted(unique.values(), key=quote_rank)[:QUOTES_PER_POINT]


def series_of(seen: Observation) -> tuple[str, ...]:
    """The series that a record counts in."""
    if seen.label == "negative":
        return (EVERYTHING, NEGATIVE, *seen.points)
    return (EVERYTHING, *seen.points)


def quote_rank(quote: dict[str, Any]) -> tuple[int, str]:
    """Best quote first: the stronger feeling, then by id, so that the choice never depends on arrival."""
    return (-abs(quote["sentiment"]), quote["id"])


def minute_of(time_ms: int) -> int:
    """Start of the minute that holds the moment."""
    return time_ms - time_ms % MINUTE_MS
