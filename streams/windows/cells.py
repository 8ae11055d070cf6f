"""One-minute windows ("cells") of one brand, stored in fragments so that a busy minute is not rewritten each frame.

A fragment carries, per origin partition, the last offset that it counted, in the same stored value as the counts:
what is read again after a restart changes nothing. The same event id sent twice counts once while its cell is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

from streams.windows.aggregate import EVERYTHING, NEGATIVE, Aggregate, merged
from streams.windows.copies import MARKED_AT, WORDING, Entry
from streams.windows.observation import Observation, Quote, quote_rank, rank

MINUTE_MS = 60_000
FRAGMENT_EVENTS = 400
"""Events a fragment holds before the next one begins: bounds what is written again each frame (about 60 KB)."""

ORIGINS_PER_CELL = 4_096
"""Origin partitions whose offsets a cell remembers, twice as many as there can be; what comes again from others is
known by its identity."""

QUOTES_PER_POINT = 3
"""Quotes that one minute keeps for one series; which ones does not depend on the order of arrival."""


@dataclass(slots=True)
class Fragment:
    """A part of a cell: what some hundred events of one minute add up to."""

    offsets: dict[str, int] = field(default_factory=dict)
    """Origin partition → last offset that is counted here."""
    events: list[int] = field(default_factory=list)
    series: dict[str, Aggregate] = field(default_factory=dict)
    quotes: dict[str, list[Quote]] = field(default_factory=dict)
    """Series → the best quotes, best first. A quote of several pain points stands under each of them."""
    late: int = 0
    said: list[Entry] = field(default_factory=list)
    """Fingerprints of what customers wrote, and whose words they are, once the minute is over."""

    def observe(self, group: list[Observation]) -> None:
        """Count some records."""
        self.events += [seen.event for seen in group]
        for seen in group:
            self.offsets[seen.origin] = seen.offset
        customers = [seen for seen in group if seen.customer]
        if not customers:
            return
        self.said += [seen.entry for seen in customers if seen.entry is not None]
        negative: list[Observation] = []
        points: dict[str, list[Observation]] = {}
        quotable: dict[str, list[Observation]] = {}
        for seen in customers:
            if seen.label == "negative":
                negative.append(seen)
            if seen.points:
                for point in seen.points:
                    points.setdefault(point, []).append(seen)
            else:
                quotable.setdefault(NEGATIVE if seen.label == "negative" else EVERYTHING, []).append(seen)
        self._count(EVERYTHING, customers)
        if negative:
            self._count(NEGATIVE, negative)
        for point, naming in points.items():
            self._count(point, naming)
            self._quote(point, naming)
        for name, saying in quotable.items():
            self._quote(name, saying)

    def _count(self, name: str, group: list[Observation]) -> None:
        aggregate = self.series.get(name)
        if aggregate is None:
            aggregate = self.series[name] = Aggregate()
        aggregate.observe(group)

    def _quote(self, name: str, group: list[Observation]) -> None:
        """Keep the best quotes; only those that are kept are made."""
        best = self.quotes.setdefault(name, [])
        if len(best) == QUOTES_PER_POINT:
            weakest = abs(best[-1]["sentiment"])
            group = [seen for seen in group if abs(seen.sentiment) >= weakest]
        if len(group) > QUOTES_PER_POINT:
            group = nsmallest(QUOTES_PER_POINT, group, key=rank)
        if group:
            best += [seen.quote for seen in group]
            best.sort(key=quote_rank)
            del best[QUOTES_PER_POINT:]

    def to_state(self) -> list[Any]:
        """As JSON values."""
        series = {name: aggregate.to_state() for name, aggregate in self.series.items()}
        return [self.offsets, self.events, series, self.quotes, self.late, self.said]

    @classmethod
    def from_state(cls, state: list[Any]) -> Fragment:
        """The fragment that ``to_state`` stored."""
        offsets, events, series, quotes, late, *said = state  # Those of 0.1.0 have no fingerprints.
        aggregates = {name: Aggregate.from_state(value) for name, value in series.items()}
        return cls(offsets, events, aggregates, quotes, late, *said)


@dataclass(slots=True, eq=False)
class Cell:
    """One minute of one brand. What is observed is counted when it is settled, many records at once."""

    start_ms: int
    fragments: list[Fragment] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)
    """Origin partition → last offset that was observed."""
    pending: list[Observation] = field(default_factory=list)
    """Observed and not settled yet."""
    _series: dict[str, Aggregate] | None = None
    """What the fragments add up to, while none of them changes."""

    def counted(self, origin: str, offset: int) -> bool:
        """Whether the record at ``offset`` of ``origin`` is in this cell already."""
        return self.offsets.get(origin, -1) >= offset

    def observe(self, seen: Observation) -> None:
        """Take in one new record."""
        if len(self.offsets) < ORIGINS_PER_CELL or seen.origin in self.offsets:
            self.offsets[seen.origin] = seen.offset
        self.pending.append(seen)

    def settle(self, *, late: bool = False) -> range:
        """Count what is pending; gives the indices of the fragments that changed.

        Args:
            late: Whether the cell was closed before the pending records came.
        """
        first = len(self.fragments)
        pending, self.pending, self._series = self.pending, [], None
        at = 0
        while at < len(pending):
            room = FRAGMENT_EVENTS - len(self.fragments[-1].events) if self.fragments else 0
            if room <= 0:
                self.fragments.append(Fragment())
                continue
            fragment, group = self.fragments[-1], pending[at : at + room]
            first = min(first, len(self.fragments) - 1)
            fragment.observe(group)
            fragment.late += len(group) if late else 0
            at += room
        return range(first, len(self.fragments))

    @property
    def said(self) -> list[Entry]:
        """The fingerprints of all that customers wrote in it."""
        return [entry for fragment in self.fragments for entry in fragment.said]

    def speak_as(self, voices: Mapping[str, str]) -> list[int]:
        """Count what some authors said under other voices; gives the indices of the fragments that changed, also of
        those in which texts have been marked as copies.
        """
        changed = []
        for index, fragment in enumerate(self.fragments):
            spoken = [aggregate.speak_as(voices) for aggregate in fragment.series.values()] if voices else []
            if any(spoken) or any(len(entry) > MARKED_AT for entry in fragment.said):
                changed.append(index)
        self._series = None
        return changed

    def restore(self, index: int, fragment: Fragment) -> None:
        """Take in one stored fragment."""
        self.fragments.extend(Fragment() for _ in range(index + 1 - len(self.fragments)))
        self.fragments[index] = fragment
        for origin, offset in fragment.offsets.items():
            self.offsets[origin] = max(offset, self.offsets.get(origin, -1))

    @property
    def end_ms(self) -> int:
        """Where the minute ends (exclusive)."""
        return self.start_ms + MINUTE_MS

    @property
    def late(self) -> int:
        """Records that came after the cell was closed."""
        return sum([fragment.late for fragment in self.fragments])

    def events(self) -> list[int]:
        """The identities of what is counted, as far as they are remembered."""
        return [event for fragment in self.fragments for event in fragment.events]

    def forget_events(self) -> list[int]:
        """Forget them; gives the indices of the fragments that changed."""
        changed = [index for index, fragment in enumerate(self.fragments) if fragment.events]
        for index in changed:
            self.fragments[index].events = []
        return changed

    @property
    def mentions(self) -> int:
        """Customers' records that are counted."""
        return sum([part.series[EVERYTHING].mentions for part in self.fragments if EVERYTHING in part.series])

    @property
    def series(self) -> dict[str, Aggregate]:
        """Series → all that the minute holds of it; not to be changed."""
        if self._series is None:
            if len(self.fragments) == 1:
                self._series = self.fragments[0].series
            else:
                parts: dict[str, list[Aggregate]] = {}
                for fragment in self.fragments:
                    for name, part in fragment.series.items():
                        parts.setdefault(name, []).append(part)
                self._series = {name: merged(mine) if len(mine) > 1 else mine[0] for name, mine in parts.items()}
        return self._series

    def names(self) -> list[str]:
        """The series that have mentions here, in a fixed order."""
        return sorted(self.series)

    def holds(self, name: str) -> bool:
        """Whether a series has mentions here."""
        return name in self.series

    def aggregate(self, name: str) -> Aggregate:
        """All that the minute holds of one series."""
        return self.series.get(name) or Aggregate()

    def quotes(self, name: str) -> list[Quote]:
        """The best quotes of one series, best first; of the unhappy, those of every series that are."""
        if len(self.fragments) == 1 and name != NEGATIVE:
            return self.fragments[0].quotes.get(name, [])
        found: Iterator[Quote] = (
            quote
            for fragment in self.fragments
            for point, quotes in fragment.quotes.items()
            if name in (point, NEGATIVE)
            for quote in quotes
            if name != NEGATIVE or quote["sentiment"] < 0
        )
        unique = {quote["id"]: quote for quote in found}
        return sorted(unique.values(), key=quote_rank)[:QUOTES_PER_POINT]

    def every_quote(self) -> list[Quote]:
        """The best of every series, best first; how the minute is cut into fragments makes no difference."""
        series: dict[str, dict[str, Quote]] = {}
        for fragment in self.fragments:
            for name, quotes in fragment.quotes.items():
                series.setdefault(name, {}).update({quote["id"]: quote for quote in quotes})
        best = {
            it["id"]: it for mine in series.values() for it in sorted(mine.values(), key=quote_rank)[:QUOTES_PER_POINT]
        }
        return sorted(best.values(), key=quote_rank)


def entry_of(seen: Observation) -> Entry | None:
    """What is remembered of a record's wording, under the voice that it counts as; None without a fingerprint."""
    wording = seen.said.wording
    if wording is None or len(wording) != WORDING:
        return None
    return [seen.time_ms % MINUTE_MS, seen.voice, wording]


def series_of(seen: Observation) -> tuple[str, ...]:
    """The series that a record counts in."""
    if seen.label == "negative":
        return (EVERYTHING, NEGATIVE, *seen.points)
    return (EVERYTHING, *seen.points)


def minute_of(time_ms: int) -> int:
    """Start of the minute that holds the moment."""
    return time_ms - time_ms % MINUTE_MS
