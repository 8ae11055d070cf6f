"""Rows of any step, counted by the hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

HOUR_S = 3600.0
HOURS_LOOKED_AT = 25


@dataclass(slots=True)
class Hours:
    """Sums rows into whole hours, one at a time; an hour of which most is missing has no count.

    >>> hours = Hours()
    >>> [told for row in range(1, 10) for told in hours.feed(1_200.0 * row, 5.0)]
    [(0, 15.0), (1, 15.0)]
    """

    _hour: int | None = field(init=False, default=None)
    _total: float = field(init=False, default=0.0)
    _rows: int = field(init=False, default=0)
    _usual: deque[int] = field(init=False, default_factory=lambda: deque(maxlen=HOURS_LOOKED_AT))
    """Rows of the last hours."""

    def feed(self, time_s: float, value: float) -> Iterator[tuple[int, float | None]]:
        """Take in one row, and give the hour that it ends: (hours since the epoch, count; None where most is missing).

        Args:
            time_s: The end of what the row counts; not before the rows before.
            value: The count since the row before.
        """
        hour = ceil(time_s / HOUR_S) - 1
        if self._hour is not None and hour > self._hour:
            self._usual.append(self._rows)
            full = self._full()
            yield self._hour, self._total * full / self._rows if self._rows >= 0.5 * full else None
            self._total, self._rows = 0.0, 0
        self._hour = hour
        self._total += value
        self._rows += 1

    def end(self) -> Iterator[tuple[int, float | None]]:
        """No row comes any more: give the last hour, if it has all of its rows."""
        if self._hour is not None and self._usual and self._rows >= self._full():
            yield self._hour, self._total

    def _full(self) -> int:
        return sorted(self._usual)[len(self._usual) // 2]
