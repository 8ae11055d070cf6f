"""The windows of one brand: the minutes that are open, the closed ones of the last day, and the sums that roll on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any

from streams.effects import Effects
from streams.windows.aggregate import EVERYTHING, NEGATIVE, Aggregate
from streams.windows.bounds import Bounds
from streams.windows.cells import MINUTE_MS, Cell, Fragment, entry_of, minute_of, series_of
from streams.windows.copies import Copies
from streams.windows.names import Naming
from streams.windows.observation import Observation, Quote
from streams.windows.rolling import DAY_MS, FIVE_MINUTES_MS, HOUR_MS, Rolling, Sums, sliding

SPANS = (FIVE_MINUTES_MS, HOUR_MS, DAY_MS)


@dataclass(frozen=True, slots=True)
class Past:
    """The identities of what a minute held that has left the day: what is late by a day may repeat what is older."""

    start_ms: int
    events: list[int]

    def to_state(self) -> list[int]:
        """As JSON values."""
        return self.events


@dataclass(slots=True)
class WindowStore:
    """One brand's cells and what is derived from them. Only the cells are stored, a key for each fragment."""

    brand: str
    bounds: Bounds
    rolled_ms: int = 0
    """Where the rolling sums end."""
    cells: dict[int, Cell] = field(default_factory=dict)
    """The open cells and those of the last 24 hours, by start."""
    open: list[int] = field(default_factory=list)
    """Heap of the starts of open cells."""
    unsettled: list[Cell] = field(default_factory=list)
    """Open cells with records that are not counted yet."""
    amended: dict[str, set[int]] = field(default_factory=dict)
    """Series → starts of closed cells that changed and are to be told again."""
    seen: set[int] = field(default_factory=set)
    """Events that are in a cell or in the past: what comes again counts once."""
    past: deque[Past] = field(default_factory=deque)
    """Of the day before the last one, oldest first."""
    five: Rolling = field(default_factory=lambda: Rolling(FIVE_MINUTES_MS))
    hour: Rolling = field(default_factory=lambda: Rolling(HOUR_MS))
    day: Rolling = field(default_factory=lambda: Rolling(DAY_MS))
    holding: dict[str, deque[Cell]] = field(default_factory=dict)
    """Series → the closed cells of the day in which it has mentions, oldest first."""
    mentions: int = 0
    """Customers' records in all cells: neither voices nor values are more."""
    copies: Copies = field(default_factory=Copies)
    """What the closed minutes of the day say in the same words."""
    naming: Naming | None = None
    """Where there are so many that some could be too many."""

    # What records do.

    def known(self, seen: Observation) -> str | None:
        """Whether a record is counted already: it is read again ("replayed"), or its source sent it again
        ("duplicate"); None for a new one.
        """
        cell = self.cells.get(minute_of(seen.time_ms))
        if cell is not None and cell.counted(seen.origin, seen.offset):
            return "replayed"
        return "duplicate" if seen.event in self.seen else None

    def count(self, seen: Observation, start_ms: int, effects: Effects) -> None:
        """Take in a new record of a minute that is not closed; ``settle`` counts it."""
        cell = self.cells.get(start_ms)
        if cell is None:
            cell = self.cells[start_ms] = Cell(start_ms)
            heappush(self.open, start_ms)
        if not cell.pending:
            self.unsettled.append(cell)
        if seen.customer:
            self._name(seen, effects)
            seen.entry = entry_of(seen)
        self.seen.add(seen.event)
        cell.observe(seen)
        if len(self.seen) > self.bounds.events:
            self._forget_events(effects)

    def settle(self, effects: Effects) -> None:
        """Count what was taken in: before anything is asked or stored, and not sooner, since many records at once
        cost less each.
        """
        for cell in self.unsettled:
            self._keep(cell, cell.settle(), effects)
        self.unsettled.clear()

    def count_late(self, seen: Observation, start_ms: int, effects: Effects) -> None:
        """Count a new record whose minute is closed already: the window is to be told again."""
        cell = self.cells.get(start_ms)
        if cell is None:
            cell = self.cells[start_ms] = Cell(start_ms)
            for rolling in self._spans_of(cell):
                rolling.insert(cell)
        if seen.customer:
            self._name(seen, effects)
            seen.entry = entry_of(seen)
            if seen.entry is not None and (voice := self.copies.late(start_ms, seen.entry)) is not None:
                seen.voice, seen.copied = voice, 1
        self.seen.add(seen.event)
        cell.observe(seen)
        self._keep(cell, cell.settle(late=True), effects)
        if seen.customer:
            self._amend(cell, seen)
            if seen.copied:
                effects.counts["copied"] += 1
                if self.naming is not None:
                    self.naming.renamed()
        if len(self.seen) > self.bounds.events:
            self._forget_events(effects)

    def _name(self, seen: Observation, effects: Effects) -> None:
        if self.naming is None and self.mentions >= min(self.bounds.values, self.bounds.voices):
            self.naming = Naming(self.bounds, self._held)
        if self.naming is not None:
            self.naming.name(seen, self.mentions, effects)
        self.mentions += 1

    def _held(self) -> Iterator[Aggregate]:
        """All that customers said in the minutes that are kept, in parts."""
        yield self.day.of(EVERYTHING)
        for start in self.open:
            cell = self.cells[start]
            for fragment in cell.fragments:
                if EVERYTHING in fragment.series:
                    yield fragment.series[EVERYTHING]
            coming = Aggregate()
            coming.observe([seen for seen in cell.pending if seen.customer])
            yield coming

    def _keep(self, cell: Cell, changed: Iterable[int], effects: Effects) -> None:
        for index in changed:
            effects.keep(self.brand, "cell", f"{cell.start_ms}.{index}", cell.fragments[index])

    def _forget_events(self, effects: Effects) -> None:
        """Forget the oldest minutes' identities, until a sixteenth of what may be kept is free: finding them takes a
        look at every minute.
        """
        self.settle(effects)
        rest = self.bounds.events - self.bounds.events // 16
        before = len(self.seen)
        while self.past and len(self.seen) > rest:
            past = self.past.popleft()
            self.seen.difference_update(past.events)
            effects.keep(self.brand, "past_events", str(past.start_ms), None)
        for start in sorted(self.cells):
            if len(self.seen) <= rest:
                break
            cell = self.cells[start]
            self.seen.difference_update(cell.events())
            self._keep(cell, cell.forget_events(), effects)
        effects.counts["event_id_dropped"] += before - len(self.seen)

    def _amend(self, cell: Cell, seen: Observation) -> None:
        single = Aggregate()
        single.observe([seen])
        names = series_of(seen)
        for rolling in self._spans_of(cell):
            for name in names:
                rolling.amend(name, single)
        for name in names:
            self._index(name, cell)
            if name != NEGATIVE:
                self.amended.setdefault(name, set()).add(cell.start_ms)

    def _spans_of(self, cell: Cell) -> list[Rolling]:
        """The rolling sums that a closed cell belongs to."""
        return [
            rolling for rolling in (self.five, self.hour, self.day) if cell.start_ms >= self.rolled_ms - rolling.span_ms
        ]

    def _index(self, name: str, cell: Cell) -> None:
        """Note that a closed cell holds a series; a cell may come to hold it late, and is put in its place."""
        cells = self.holding.setdefault(name, deque())
        if not cells or cells[-1].start_ms < cell.start_ms:
            cells.append(cell)
        elif cell not in cells:
            cells.insert(sum(other.start_ms < cell.start_ms for other in cells), cell)

    # What time does.

    @property
    def closes_ms(self) -> int | None:
        """When the next open cell ends; None where none is open."""
        return self.open[0] + MINUTE_MS if self.open else None

    def close(self, effects: Effects) -> Cell:
        """Close the oldest open cell: it joins the sums, which must have rolled on so far.

        All of it is known now: those who copy others in it count as whom they copy.
        """
        cell = self.cells[heappop(self.open)]
        voices = self.copies.settle(cell.start_ms, cell.said)
        self._keep(cell, cell.speak_as(voices), effects)
        self._join(cell, [self.five, self.hour, self.day])
        if voices:
            effects.counts["copied"] += cell.aggregate(EVERYTHING).copied
            if self.naming is not None:
                self.naming.renamed()
        return cell

    def _join(self, cell: Cell, spans: list[Rolling]) -> None:
        for rolling in spans:
            rolling.push(cell)
        for name in cell.names():
            self._index(name, cell)

    def roll(self, end_ms: int, effects: Effects) -> None:
        """Have the sums end at ``end_ms``; the cells that the day leaves behind are forgotten."""
        self.rolled_ms = end_ms
        self.five.evict(end_ms)
        self.hour.evict(end_ms)
        self.copies.forget(end_ms - DAY_MS)
        for cell in self.day.evict(end_ms):
            del self.cells[cell.start_ms]
            for name in cell.names():
                self.holding[name].popleft()
                if not self.holding[name]:
                    del self.holding[name]
            self.mentions -= cell.mentions
            if self.naming is not None:
                self.naming.left(self.mentions)
            past = Past(cell.start_ms, cell.events())
            for index in range(len(cell.fragments)):
                effects.keep(self.brand, "cell", f"{cell.start_ms}.{index}", None)
            self.past.append(past)
            effects.keep(self.brand, "past_events", str(cell.start_ms), past)
        if self.naming is not None and self.mentions < min(self.bounds.values, self.bounds.voices) // 2:
            self.naming = None
        while self.past and self.past[0].start_ms < end_ms - 2 * DAY_MS:
            past = self.past.popleft()
            self.seen.difference_update(past.events)
            effects.keep(self.brand, "past_events", str(past.start_ms), None)

    # What is asked.

    def sums(self, name: str) -> Sums:
        """One series' rolling sums as they are now."""
        return self.five.of(name), self.hour.of(name), self.day.of(name)

    def take_amended(self, first_ms: int) -> Iterator[tuple[Cell, str, Sums]]:
        """Each closed cell that changed since it was told, per series, with the sums that end with it.

        Args:
            first_ms: When the brand was first heard: no sum lacks anything from before.
        """
        forgotten_ms = self.rolled_ms - DAY_MS
        for name, starts in sorted(self.amended.items()):
            ends = [start + MINUTE_MS for start in sorted(starts)]
            for end_ms, *sums in zip(
                ends,
                *(self._sums_at(name, ends, span, first_ms, forgotten_ms) for span in SPANS),
                strict=True,
            ):
                yield self.cells[end_ms - MINUTE_MS], name, (sums[0], sums[1], sums[2])
        self.amended.clear()

    def _sums_at(
        self, name: str, ends: list[int], span_ms: int, first_ms: int, forgotten_ms: int
    ) -> Iterator[Aggregate | None]:
        """One series' sums over one span at each of these ends; None for a span that reaches back to cells that are
        gone: a part would look like the whole.
        """
        known = [end_ms for end_ms in ends if max(end_ms - span_ms, first_ms) >= forgotten_ms]
        yield from [None] * (len(ends) - len(known))  # The first ones, since ends are in order of time.
        if known:
            yield from sliding(self.since(name, known[0] - span_ms), name, known, span_ms)

    def since(self, name: str, start_ms: int) -> list[Cell]:
        """The closed cells that hold a series, from this start on, oldest first."""
        return [cell for cell in self.holding.get(name, ()) if cell.start_ms >= start_ms]

    def newest_quotes(self, name: str, enough: int) -> list[Quote]:
        """Quotes of one series from its newest closed cells, as many cells as give ``enough``."""
        quotes: list[Quote] = []
        for cell in reversed(self.holding.get(name, ())):
            quotes.extend(cell.quotes(name))
            if len(quotes) >= enough:
                break
        return quotes

    # What is kept.

    def stored(self) -> list[str]:
        """The names of all that is stored."""
        return [f"{cell.start_ms}.{index}" for cell in self.cells.values() for index in range(len(cell.fragments))]

    def restore_past(self, name: str, state: Any) -> None:
        """Take in the stored identities of a minute."""
        self.past.append(Past(int(name), state))

    def restore(self, name: str, state: Any) -> None:
        """Take in one stored fragment."""
        start, index = (int(part) for part in name.split("."))
        cell = self.cells.get(start)
        if cell is None:
            cell = self.cells[start] = Cell(start)
        cell.restore(index, Fragment.from_state(state))

    def rebuild(self, closed_ms: int | None) -> None:
        """Derive what is not stored: open cells, seen events, rolling sums.

        Args:
            closed_ms: All windows that end at or before this are closed; None where none is.
        """
        self.open = []
        self.copies = Copies(since_ms=self.rolled_ms - DAY_MS)
        closed = sorted(start for start in self.cells if closed_ms is not None and start + MINUTE_MS <= closed_ms)
        self.copies.restore((start, self.cells[start].said) for start in closed)
        self.past = deque(sorted(self.past, key=lambda past: past.start_ms))
        for past in self.past:
            self.seen.update(past.events)
        for start in sorted(self.cells):
            cell = self.cells[start]
            self.seen.update(cell.events())
            self.mentions += cell.mentions
            if closed_ms is not None and cell.end_ms <= closed_ms:
                self._join(cell, self._spans_of(cell))
            else:
                self.open.append(start)
        heapify(self.open)
