"""What is usual for one series: its distinct voices in each past hour of up to two weeks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

HOUR_MS = 3_600_000
KEPT_HOURS = 14 * 24
STRAYS = 3


@dataclass(slots=True)
class Baseline:
    """Distinct voices per hour. Hours without any are not stored: they count as zero since ``first_ms``."""

    first_ms: int
    """Since when the brand is listened to: no hour before it is a zero, it is unknown."""
    hours: dict[int, int] = field(default_factory=dict)
    """Hours since the epoch → distinct voices."""
    strays: int = 0
    """Hours with voices, of the first few, that don't say since when the brand is listened to."""
    known_ms: int | None = field(default=None, compare=False)
    """Since when the hours count, by the last look; None before: since ``first_ms``.

    Not a part of the state, which must not depend on when somebody looked.
    """
    learned: Any = None
    """What a detector worked out from the hours so far, for its next look; not a part of the state."""

    def record(self, hour: int, voices: int) -> None:
        """Note a full hour; the same hour noted again is replaced."""
        self.learned = None
        if voices:
            self.hours[hour] = voices
        for old in [known for known in self.hours if known <= hour - KEPT_HOURS]:
            del self.hours[old]

    def settle(self, hour: int) -> None:
        """Note an hour in which anybody was heard, before it is recorded.

        The first few don't count: a post from long ago, or the first of a source that was just connected, must not
        make it look as if the time since then had been silent. Neither does what was before two weeks of silence.
        """
        if self._stale(hour):
            self.strays = 0
        if self.strays < STRAYS:
            self.strays += 1
            self.first_ms = (hour + 1) * HOUR_MS

    def listened_since(self, now_ms: int) -> int:
        """Since when the brand is listened to; that moment, where it is not known yet."""
        return now_ms if self.strays < STRAYS or self._stale(now_ms // HOUR_MS) else self.first_ms

    def _stale(self, hour: int) -> bool:
        """Whether all that is known is too old to say what is usual. Hours are recorded in order."""
        return bool(self.hours) and hour - next(reversed(self.hours)) > KEPT_HOURS

    def since(self, first_ms: int) -> Baseline:
        """Have it begin there."""
        if self.known_ms != first_ms:
            self.known_ms, self.learned = first_ms, None
        return self

    def span(self, before_ms: int) -> range:
        """The full hours of which something is known and that were over at ``before_ms``."""
        first_ms = self.first_ms if self.known_ms is None else self.known_ms
        end = before_ms // HOUR_MS
        return range(max(-(-first_ms // HOUR_MS), end - KEPT_HOURS), end)

    def counts(self, hours: range) -> list[int]:
        """Voices in each of these hours."""
        return [self.hours.get(hour, 0) for hour in hours]

    def to_state(self) -> list[object]:
        """As JSON values."""
        return [self.first_ms, {str(hour): voices for hour, voices in self.hours.items()}, self.strays]

    @classmethod
    def from_state(cls, state: Any) -> Baseline:
        """The baseline that ``to_state`` stored."""
        first_ms, hours, *strays = state
        return cls(first_ms, {int(hour): voices for hour, voices in hours.items()}, *strays)
