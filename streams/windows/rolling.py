"""Rolling sums of closed cells: the last 5 minutes, hour and day of every series of one brand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from streams.windows.aggregate import Aggregate, add_counts, subtract_counts
from streams.windows.cells import MINUTE_MS, Cell

FIVE_MINUTES_MS = 5 * MINUTE_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

NOTHING = Aggregate()
"""The sums of a series that was not heard; not to be changed."""

Sums = tuple[Aggregate | None, Aggregate | None, Aggregate | None]
"""Of the 5 minutes, the hour and the day that end with a window; None where it isn't known any more."""


@dataclass(slots=True)
class RollingSum(Aggregate):
    """An aggregate that is added to and subtracted from all the time, and always knows its loudest voice."""

    levels: dict[int, int] = field(default_factory=dict)
    """Mentions → voices that have so many."""
    top: int = 0
    """The highest of the levels."""

    @property
    def loudest(self) -> int:
        """See ``Aggregate``; looking at every voice of a day once a minute would cost more the more there are."""
        return self.top

    def add(self, other: Aggregate) -> None:
        """See ``Aggregate``."""
        self._combine(other, 1)
        add_counts(self.emotions, other.emotions)
        voices, levels = self.voices, self.levels
        known = voices.get
        once = 0
        for voice, count in other.voices.items():
            before = known(voice)
            if before is not None:
                levels[before] -= 1
                count += before
            voices[voice] = count
            if count == 1:  # Most voices are heard once a minute, and many once a day.
                once += 1
            else:
                levels[count] = levels.get(count, 0) + 1
                if count > self.top:
                    self.top = count
        if once:
            levels[1] = levels.get(1, 0) + once
            self.top = self.top or 1
        self._add_segments(other)

    def subtract(self, other: Aggregate) -> None:
        """See ``Aggregate``."""
        self._combine(other, -1)
        subtract_counts(self.emotions, other.emotions)
        voices, levels = self.voices, self.levels
        once = 0
        for voice, count in other.voices.items():
            before = voices[voice]
            if before == count == 1:
                del voices[voice]
                once += 1
                continue
            levels[before] -= 1
            rest = before - count
            if rest:
                voices[voice] = rest
                levels[rest] = levels.get(rest, 0) + 1
            else:
                del voices[voice]
        if once:
            levels[1] -= once
        while self.top and not levels.get(self.top):
            levels.pop(self.top, None)
            self.top -= 1
        self._subtract_segments(other)


@dataclass(slots=True)
class Rolling:
    """Sums over the closed cells of one span: ``(end - span_ms, end]`` by cell start."""

    span_ms: int
    cells: deque[Cell] = field(default_factory=deque)
    series: dict[str, RollingSum] = field(default_factory=dict)

    def push(self, cell: Cell) -> None:
        """Take in a cell that has just been closed; cells come in order of time."""
        self.cells.append(cell)
        for name, aggregate in cell.series.items():
            self.amend(name, aggregate)

    def amend(self, name: str, extra: Aggregate) -> None:
        """Add to one series: a whole cell's share, or what came late to a cell that is inside the span."""
        total = self.series.get(name)
        if total is None:
            total = self.series[name] = RollingSum()
        total.add(extra)

    def evict(self, end_ms: int) -> list[Cell]:
        """Forget the cells that began before ``end_ms - span_ms``; gives them back, oldest first."""
        gone: list[Cell] = []
        while self.cells and self.cells[0].start_ms < end_ms - self.span_ms:
            cell = self.cells.popleft()
            gone.append(cell)
            for name, aggregate in cell.series.items():
                total = self.series[name]
                if total.mentions == aggregate.mentions:
                    del self.series[name]
                else:
                    total.subtract(aggregate)
        return gone

    def insert(self, cell: Cell) -> None:
        """Take in a cell that came to be only after its minute was closed; its numbers are amended by the caller."""
        place = len(self.cells)
        while place and self.cells[place - 1].start_ms > cell.start_ms:
            place -= 1
        self.cells.insert(place, cell)

    def of(self, name: str) -> Aggregate:
        """One series' sums, empty where it has none."""
        return self.series.get(name) or NOTHING


def sliding(cells: Iterable[Cell], name: str, ends: Iterable[int], span_ms: int) -> Iterator[Aggregate]:
    """One series' sums at each of these ends, over ``[end - span_ms, end)`` by cell start.

    Args:
        cells: In order of time.
        ends: Likewise. Each sum is good until the next one is asked for.
    """
    total, inside = Aggregate(), deque[tuple[int, Aggregate]]()
    coming = ((cell.start_ms, cell.aggregate(name)) for cell in cells)
    following = next(coming, None)
    for end_ms in ends:
        while following is not None and following[0] < end_ms:
            if following[1].mentions:
                inside.append(following)
                total.add(following[1])
            following = next(coming, None)
        while inside and inside[0][0] < end_ms - span_ms:
            total.subtract(inside.popleft()[1])
        yield total
