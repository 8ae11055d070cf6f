"""Which brands have something to do when time moves on: nobody looks at the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

Names = tuple[str, ...]
"""The clocks that feed a brand."""


@dataclass(slots=True)
class Schedule:
    """When each brand of one partition is due, by the clocks that it follows. Derived, not stored."""

    planned: dict[str, tuple[Names, int | None]] = field(default_factory=dict)
    """Brand → its clocks, and when it is due (ms of event time); None where nothing is to be done."""
    followers: Counter[Names] = field(default_factory=Counter)
    """How many brands follow these clocks."""
    _heaps: dict[Names, list[tuple[int, str]]] = field(default_factory=dict)
    """(due, brand) of every brand that is due, among entries that are out of date."""

    def plan(self, brand: str, names: Names, due_ms: int | None) -> None:
        """Note what a brand follows, and when it is due."""
        before = self.planned.get(brand)
        if before == (names, due_ms):
            return
        if before is None or before[0] != names:
            self.followers[names] += 1
            if before is not None:
                self._leave(before[0])
        self.planned[brand] = (names, due_ms)
        if due_ms is not None:
            heap = self._heaps.setdefault(names, [])
            heappush(heap, (due_ms, brand))
            if len(heap) > 4 * self.followers[names] + 64:
                heap[:] = {entry for entry in heap if self.planned.get(entry[1]) == (names, entry[0])}
                heapify(heap)

    def take(self, names: Names, until_ms: int) -> list[str]:
        """The brands that follow these clocks and are due by then; each has to be planned anew."""
        heap, due = self._heaps.get(names, []), []
        while heap and heap[0][0] <= until_ms:
            due_ms, brand = heappop(heap)
            if self.planned.get(brand) == (names, due_ms):
                due.append(brand)
        return list(dict.fromkeys(due))

    def forget(self, brand: str) -> None:
        """The brand is no more."""
        before = self.planned.pop(brand, None)
        if before is not None:
            self._leave(before[0])

    def _leave(self, names: Names) -> None:
        self.followers[names] -= 1
        if not self.followers[names]:
            del self.followers[names]
            self._heaps.pop(names, None)
