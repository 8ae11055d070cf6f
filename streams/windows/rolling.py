"""Rolling sums of closed cells: the last 5 minutes, hour and day of every series of one brand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from streams.windows.aggregate import Aggregate
from streams.windows.cells import MINUTE_MS, Cell

FIVE_MINUTES_MS = 5 * MINUTE_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

Sums = tuple[Aggregate | None, Aggregate | None, Aggregate | None]
"""Of the 5 minutes, the hour and the day that end with a window; None where it isn't known any more."""


@dataclass(slots=True)
class Rolling:
    """Sums over the closed cells of one span: ``(end - span_ms, end]`` by cell start."""

    span_ms: int
    cells: deque[Cell] = field(default_factory=deque)
    series: dict[str, Aggregate] = field(default_factory=dict)

    def push(self, cell: Cell) -> None:
        """Take in a cell that has just been closed; cells come in order of time."""
        self.cells.append(cell)
        for name in cell.names():
            self.amend(name, cell.aggregate(name))

    def amend(self, name: str, extra: Aggregate) -> None:
        """Add to one series: a whole cell's share, or what came late to a cell that is inside the span."""
        aggregate = self.series.get(name)
        if aggregate is None:
            aggregate = self.series[name] = Aggregate()
        aggregate.add(extra)

    def evict(self, end_ms: int) -> list[Cell]:
        """Forget the cells that began before ``end_ms - span_ms``; gives them back, oldest first."""
        gone = []
        while self.cells and self.cells[0].start_ms < end_ms - self.span_ms:
            cell = self.cells.popleft()
            gone.append(cell)
            for name in cell.names():
                aggregate = self.series[name]
                aggregate.subtract(cell.aggregate(name))
                if not aggregate.mentions:
                    del self.series[name]
        return gone

    def insert(self, cell: Cell) -> None:
        """Take in a cell that came to be only after its minute was closed; its numbers are amended by the caller."""
        place = len(self.cells)
        while place and self.cells[place - 1].start_ms > cell.start_ms:
            place -= 1
        self.cells.insert(place, cell)

    def of(self, name: str) -> Aggregate:
        """One series' sums, empty where it has none."""
        return self.series.get(name) or Aggregate()


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
