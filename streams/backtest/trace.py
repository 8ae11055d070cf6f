"""What a detector thought, hour by hour: of each series how high it stood, and why it stayed silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from streams.detection import Verdict
from streams.windows.rolling import HOUR_MS

SPOKEN = ("fired", "firing")
"""Verdicts that are no silence."""

NEAREST = 3
"""Misses that are told of each series and reason."""

Place = tuple[str, str]
"""(brand, series)"""


@dataclass(frozen=True, slots=True)
class Miss:
    """A judgement that stayed silent."""

    at_ms: int
    verdict: Verdict

    @property
    def rank(self) -> tuple[float, float, int, int]:
        """Nearer misses come first: those that chance explains least, then those furthest above what was expected."""
        verdict = self.verdict
        chance = 1.0 if verdict.probability is None else verdict.probability
        ratio = 0.0 if verdict.expected is None else verdict.ratio
        return chance, -ratio, -verdict.observed, self.at_ms


@dataclass(slots=True)
class Hour:
    """The judgements of one series in one hour."""

    observed: int = 0
    """Most voices in an hour's window that ended in it."""
    expected: float | None = None
    """What was expected there; None without a baseline."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Reason → how many judgements."""
    nearest: dict[str, Miss] = field(default_factory=dict)
    """Reason of silence → the nearest miss."""


@dataclass(frozen=True, slots=True)
class Silence:
    """How often one series stayed silent for one reason."""

    brand: str
    series: str
    reason: str
    judgements: int
    nearest: tuple[Miss, ...]
    """The nearest misses, at most one an hour, nearest first."""


@dataclass(slots=True)
class Trace:
    """Every judgement of a run, summed by brand, series and hour of event time."""

    hours: dict[Place, dict[int, Hour]] = field(default_factory=dict)
    """Place → hours since 1970 → what was thought in it; the judgement at a full hour belongs to the hour that ends."""

    def note(self, brand: str, series: str, at_ms: int, verdict: Verdict, firing: bool) -> None:
        """Take in one judgement (``streams.brand.Witness``)."""
        hours = self.hours.setdefault((brand, series), {})
        index = (at_ms - 1) // HOUR_MS
        hour = hours.get(index)
        if hour is None:
            hour = hours[index] = Hour()
        # While its alert fires, nothing more has to be said: what is below the line then is no silence.
        silent = verdict.reason not in SPOKEN and not firing
        hour.reasons[verdict.reason if silent or verdict.reason in SPOKEN else "firing"] += 1
        if verdict.window_ms == HOUR_MS and (verdict.observed > hour.observed or hour.expected is None):
            hour.observed, hour.expected = verdict.observed, verdict.expected
        if silent:
            miss, known = Miss(at_ms, verdict), hour.nearest.get(verdict.reason)
            if known is None or miss.rank < known.rank:
                hour.nearest[verdict.reason] = miss

    def silences(
        self, *, brand: str | None = None, since_ms: int | None = None, until_ms: int | None = None
    ) -> list[Silence]:
        """Why it stayed silent, by brand, series and reason, in this order.

        Args:
            brand: Only this one.
            since_ms: Only hours that end after it.
            until_ms: Only hours that begin before it.
        """
        found = []
        for place in sorted(self.hours):
            if brand is not None and place[0] != brand:
                continue
            counts: Counter[str] = Counter()
            nearest: dict[str, list[Miss]] = {}
            for hour in self._between(place, since_ms, until_ms):
                counts.update(hour.reasons)
                for reason, miss in hour.nearest.items():
                    nearest.setdefault(reason, []).append(miss)
            for reason in sorted(nearest):
                misses = sorted(nearest[reason], key=lambda miss: miss.rank)[:NEAREST]
                found.append(Silence(*place, reason, counts[reason], tuple(misses)))
        return found

    def _between(self, place: Place, since_ms: int | None, until_ms: int | None) -> Iterator[Hour]:
        for index, hour in self.hours[place].items():
            begins_ms = index * HOUR_MS
            if (since_ms is None or begins_ms + HOUR_MS > since_ms) and (until_ms is None or begins_ms < until_ms):
                yield hour
