"""What is usual for one series: its distinct voices in each past hour of up to two weeks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

HOUR_MS = 3_600_000
KEPT_HOURS = 14 * 24


@dataclass(slots=True)
class Baseline:
    """Distinct voices per hour. Hours without any are not stored: they count as zero since ``first_ms``."""

    first_ms: int
    """When the brand was first heard: no hour before it is a zero, it is unknown."""
    hours: dict[int, int] = field(default_factory=dict)
    """Hours since the epoch → distinct voices."""
    learned: Any = None
    """What a detector worked out from the hours so far, for its next look; not a part of the state."""

    def record(self, hour: int, voices: int) -> None:
        """Note a full hour; the same hour noted again is replaced."""
        self.learned = None
        if voices:
            self.hours[hour] = voices
        for old in [known for known in self.hours if known <= hour - KEPT_HOURS]:
            del self.hours[old]

    def span(self, before_ms: int) -> range:
        """The full hours of which something is known and that were over at ``before_ms``."""
        end = before_ms // HOUR_MS
        return range(max(-(-self.first_ms // HOUR_MS), end - KEPT_HOURS), end)

    def counts(self, hours: range) -> list[int]:
        """Voices in each of these hours."""
        return [self.hours.get(hour, 0) for hour in hours]

    def to_state(self) -> list[object]:
        """As JSON values."""
        return [self.first_ms, {str(hour): voices for hour, voices in self.hours.items()}]
