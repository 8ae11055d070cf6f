"""The oldest of many values, found without looking at all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Ages(Generic[T]):
    """Finds the oldest of many values without looking at all of them: a heap with entries that may be out of date."""

    values: Mapping[str, T]
    time_of: Callable[[T], int | None]
    """The time of a value; None for one that is not looked for."""
    heap: list[tuple[int, str]] = field(default_factory=list)
    """(time, key) of every value, and of what they were before."""

    def note(self, key: str) -> None:
        """The value of this key is new, or its time is another one."""
        time = self.time_of(self.values[key])
        if time is not None:
            heappush(self.heap, (time, key))
        if len(self.heap) > 4 * len(self.values) + 64:
            times = ((self.time_of(value), key) for key, value in self.values.items())
            self.heap = [(time, key) for time, key in times if time is not None]
            heapify(self.heap)

    def oldest(self) -> str | None:
        """The key of the oldest value that was noted; of equally old ones the first by key."""
        while self.heap:
            time, key = self.heap[0]
            value = self.values.get(key)
            if value is not None and self.time_of(value) == time:
                return key
            heappop(self.heap)
        return None
